// SPDX-License-Identifier: LGPL-2.1-or-later
// What a recorder costs those who are recorded: a round trip between two processes while nobody records,
// while somebody records without and with payload, in turn. The floor is the round trip that nobody records.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "ntalpc/ntalpc.h"
#include "ntalpc/status.h"

namespace {

constexpr int kRoundsPerSample = 1000;
constexpr int kSamples = 25;  // alternating, so that noise meets all
constexpr std::size_t kData = 64;
// With metadata only.
constexpr double kMostRatio = 1.3;
constexpr char kRecorder[] = "tools/alpctrace/alpctrace";

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "tracing: %s\n", what.c_str());
    std::exit(1);
}

void check(NTSTATUS status, const char* what) {
    if (status == STATUS_SUCCESS) return;
    const char* const name = ntalpc::status_name(status);
    fail(std::string(what) + " gave " + (name ? name : "an unknown status") +
         "; is alpcserver where NTALPC_SERVER_BINARY says?");
}

struct Message {
    PORT_MESSAGE header{};
    char data[kData] = {};

    Message() {
        header.u1.s1.DataLength = kData;
        header.u1.s1.TotalLength = sizeof(header) + kData;
    }
};

struct PortName {
    PortName() { string = {sizeof(text) - sizeof(text[0]), sizeof(text), text}; }
    char16_t text[32] = u"\\RPC Control\\bench-tracing\0\0\0\0\0";
    UNICODE_STRING string;
};

ALPC_PORT_ATTRIBUTES port_attributes() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = sizeof(Message);
    return attributes;
}

NTSTATUS transfer(HANDLE port, ULONG flags, Message* sent, Message* received) {
    SIZE_T room = sizeof(Message);
    return NtAlpcSendWaitReceivePort(port, flags, sent ? &sent->header : nullptr, nullptr,
                                     received ? &received->header : nullptr, received ? &room : nullptr,
                                     nullptr, nullptr);
}

// Answers until the client is gone. `ready` is told when the port is there.
[[noreturn]] void serve(int ready) {
    PortName name;
    OBJECT_ATTRIBUTES object;
    InitializeObjectAttributes(&object, &name.string, 0, nullptr, nullptr);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE listener = nullptr, server = nullptr;
    check(NtAlpcCreatePort(&listener, &object, &attributes), "NtAlpcCreatePort");
    if (write(ready, "", 1) != 1) fail("cannot write to a pipe");
    Message message;
    check(transfer(listener, 0, nullptr, &message), "receiving");
    check(NtAlpcAcceptConnectPort(&server, listener, 0, nullptr, nullptr, nullptr, &message.header, nullptr,
                                  TRUE),
          "NtAlpcAcceptConnectPort");
    check(transfer(listener, 0, nullptr, &message), "receiving");
    while ((message.header.u2.s2.Type & 0xFF) != LPC_PORT_CLOSED) {
        Message answer = message;
        check(transfer(listener, ALPC_MSGFLG_RELEASE_MESSAGE, &answer, &message), "answering");
    }
    _exit(0);
}

HANDLE connect_to(int ready) {
    char byte;
    if (read(ready, &byte, 1) != 1) fail("the server did not start");
    PortName name;
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE port = nullptr;
    check(NtAlpcConnectPort(&port, &name.string, nullptr, &attributes, ALPC_MSGFLG_SYNC_REQUEST, nullptr,
                            nullptr, nullptr, nullptr, nullptr, nullptr),
          "NtAlpcConnectPort");
    return port;
}

double round_trip(HANDLE port) {
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < kRoundsPerSample; ++round) {
        Message question, answer;
        check(transfer(port, ALPC_MSGFLG_SYNC_REQUEST, &question, &answer), "asking");
    }
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / kRoundsPerSample;
}

// A recorder in a process of its own, while this object lives.
class Recorder {
  public:
    explicit Recorder(const char* option) {
        int said[2];
        if (pipe2(said, O_CLOEXEC) != 0) fail("cannot make a pipe");
        child_ = fork();
        if (child_ == 0) {
            dup2(said[1], STDERR_FILENO);
            execl(kRecorder, kRecorder, "attach", "-o", "/dev/null", option, nullptr);
            _exit(127);
        }
        close(said[1]);
        char line[256];
        // It says so when it records.
        if (read(said[0], line, sizeof(line)) <= 0)
            fail(std::string("cannot run ") + kRecorder + "; build it");
        close(said[0]);
    }
    ~Recorder() {
        kill(child_, SIGINT);
        waitpid(child_, nullptr, 0);
    }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

  private:
    pid_t child_;
};

// What else the machine does only ever adds.
double least(const std::vector<double>& samples) {
    return *std::ranges::min_element(samples);
}

int report(double off, double metadata, double payload) {
    std::printf("tracing: a round trip through the server, nobody records:  %7.1f us\n", off);
    std::printf("tracing: the same, recorded without payload:               %7.1f us, %.2f times\n", metadata,
                metadata / off);
    std::printf("tracing: the same, recorded with payload:                  %7.1f us, %.2f times\n", payload,
                payload / off);
    if (metadata <= kMostRatio * off) return 0;
    std::fprintf(stderr, "tracing: recording costs more than %.1f times a round trip\n", kMostRatio);
    return 1;
}

}  // namespace

int main() {
    int ready[2];
    if (pipe(ready) != 0) fail("cannot make a pipe");
    const pid_t server = fork();
    if (server < 0) fail("cannot start a process");
    if (server == 0) serve(ready[1]);
    const HANDLE port = connect_to(ready[0]);
    round_trip(port);
    std::vector<double> off, metadata, payload;
    for (int sample = 0; sample < kSamples; ++sample) {
        off.push_back(round_trip(port));
        {
            const Recorder recorder("--payload=0");
            metadata.push_back(round_trip(port));
        }
        const Recorder recorder("--payload");
        payload.push_back(round_trip(port));
    }
    NtClose(port);
    waitpid(server, nullptr, 0);
    return report(least(off), least(metadata), least(payload));
}
