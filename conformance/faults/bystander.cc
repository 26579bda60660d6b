// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/bystander.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "conformance/faults/calls.h"
#include "conformance/harness/lpc.h"

namespace ntalpc::faults {

namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr int kPollMilliseconds = 1000;
constexpr int kAttempts = 3;
constexpr std::size_t kMaker = 0;  // of an event pair

struct Command {
    Service service;    // none: a conversation of its own
    std::size_t party;  // that serves
    char name[64];      // its port
};

// Both sides of a connection in one process, which is kept until its server is killed.
class OwnConnection {
  public:
    NTSTATUS exchange() {
        NTSTATUS status = open() ? once() : STATUS_UNSUCCESSFUL;
        if (status == STATUS_PORT_DISCONNECTED) {
            for (Port* const port : {&client_, &server_, &listener_}) port->close();
            status = open() ? once() : STATUS_UNSUCCESSFUL;
        }
        return status;
    }

  private:
    bool open() {
        if (client_.get()) return true;
        const std::string name = "\\RPC Control\\faults-bystander-" + std::to_string(getpid());
        Message<> request, reply;
        return create(listener_, name) == STATUS_SUCCESS && connect_later(client_, name) == STATUS_SUCCESS &&
               receive(listener_, request) == STATUS_SUCCESS &&
               accept(server_, listener_, request.get()) == STATUS_SUCCESS &&
               receive(client_, reply) == STATUS_SUCCESS;
    }
    NTSTATUS once() {
        Message<> message("anything new?"), received;
        NTSTATUS status = send(client_, message.get(), ALPC_MSGFLG_RELEASE_MESSAGE);
        if (status == STATUS_SUCCESS) status = receive(listener_, received);
        if (status != STATUS_SUCCESS) return status;
        return received.data() == "anything new?" ? STATUS_SUCCESS : STATUS_INTERNAL_ERROR;
    }

    Port listener_, server_, client_;
};

// Sets both events until whoever waits for them has ended.
NTSTATUS take_turns(const PartyState& party, const std::string& name) {
    Name path(name);
    OBJECT_ATTRIBUTES attributes = path.attributes();
    Port pair;
    NTSTATUS status = NtOpenEventPair(pair.put(), STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE, &attributes);
    while (status == STATUS_SUCCESS && !party.has_ended) {
        status = NtSetLowEventPair(pair.get());
        if (status == STATUS_SUCCESS) status = NtSetHighEventPair(pair.get());
        sched_yield();
    }
    return status;
}

NTSTATUS tell_once(Service service, const std::string& name) {
    if (service == Service::lpc) {
        std::array<char, 4> information = {'o', 'v', 'e', 'r'};
        ULONG length = information.size();
        Port unused;
        return conformance::lpc::connect(unused.put(), name,
                                         {.information = information.data(), .information_length = &length});
    }
    Port unused;
    Message<> over(kOver);
    return connect_now(unused, name, &over);
}

// A call may find that the server was killed since the last one, or meet a failing allocation.
NTSTATUS tell(const Command& command, const PartyState& party) {
    if (command.service == Service::event_pair) return take_turns(party, command.name);
    NTSTATUS status = STATUS_PORT_DISCONNECTED;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        status = tell_once(command.service, command.name);
        if (status == STATUS_PORT_CONNECTION_REFUSED) break;
    }
    return status;
}

[[noreturn]] void live(int commands, Stage& stage) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // What it has in the server must not depend on how often it was asked.
    setenv("NTALPC_PATH", "mediated", 1);
    OwnConnection own;
    Command command;
    while (recv(commands, &command, sizeof(command), 0) > 0) {
        NTSTATUS status = STATUS_SUCCESS;
        if (command.service == Service::none) {
            status = own.exchange();
        } else if (stage.wait_for(command.service == Service::event_pair ? kMaker : command.party)) {
            status = tell(command, stage.party(command.party));
        }
        if (::send(commands, &status, sizeof(status), 0) < 0) break;
    }
    std::_Exit(0);
}

}  // namespace

Bystander::Bystander(Stage& stage) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    commands_.reset(ends[0]);
    const UniqueFd other(ends[1]);
    process_ = fork();
    if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (process_ == 0) {
        commands_.reset();
        live(other.get(), stage);
    }
}

Bystander::~Bystander() {
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::string Bystander::converse() {
    const Command command{};
    if (::send(commands_.get(), &command, sizeof(command), MSG_NOSIGNAL) < 0) return "the bystander has gone";
    NTSTATUS status = STATUS_SUCCESS;
    const std::string wrong = answer("a conversation of its own", &status);
    if (!wrong.empty() || status == STATUS_SUCCESS) return wrong;
    return "the bystander has " + conformance::describe_status(status) + " in a conversation of its own";
}

void Bystander::begin_telling(Service service, std::size_t party, const std::string& port_name) {
    Command command{.service = service, .party = party, .name = {}};
    port_name.copy(command.name, sizeof(command.name) - 1);
    if (::send(commands_.get(), &command, sizeof(command), MSG_NOSIGNAL) > 0) ++untold_;
}

std::string Bystander::finish_telling() {
    for (; untold_ > 0; --untold_) {
        NTSTATUS unused;
        if (const std::string wrong = answer("telling a service to end", &unused); !wrong.empty())
            return wrong;
    }
    return {};
}

std::string Bystander::answer(const char* to_what, NTSTATUS* status) {
    const auto limit = std::chrono::steady_clock::now() + kLimit;
    pollfd ready = {commands_.get(), POLLIN, 0};
    while (poll(&ready, 1, kPollMilliseconds) <= 0)
        if (std::chrono::steady_clock::now() > limit)
            return std::string("somebody waits for ever in ") + to_what;
    if (recv(commands_.get(), status, sizeof(*status), 0) == sizeof(*status)) return {};
    return std::string("somebody has gone in ") + to_what;
}

}  // namespace ntalpc::faults
