// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole conversations with the emulated kernel: several processes with threads send requests, good and bad
// ones, feed back what they were answered, wait, die, and let time pass. Each request has exactly one answer,
// well formed, and when all processes are gone nothing is left of them.
//
// Built from: server_sources generated/protocol_fields.cc tools/fuzz/log_level.cc
#include "server/fuzz_request.h"
#include "server/log.h"

namespace ntalpc::server::fuzz {

namespace {

constexpr std::size_t kMostSteps = 64;

class Conversation {
  public:
    explicit Conversation(Input& input) : input_(input) {
        world_.add_client(native);
        world_.add_client(native);
    }

    void run() {
        for (std::size_t steps = 0; steps < kMostSteps && !input_.empty(); ++steps) {
            if (world_.threads() == 0) return;
            step(input_.number());
            world_.settle();
        }
    }

  private:
    ClientThread& thread() { return world_.thread(input_.number()); }

    void step(std::uint8_t number) {
        if (number >= start_process) log(LogLevel::requests, "step %#x", number);
        switch (number) {
            case start_process:
                return world_.add_client(input_.number() % process_kinds);
            case start_thread:
                return world_.add_thread(thread().client());
            case fuzz::end_thread:
                return world_.end_thread(thread());
            case end_process: {
                const bool handles_first = input_.number() % 2 != 0;
                return world_.end_client(thread().client(), handles_first);
            }
            case pass_time:
                return world_.pass_time(input_.number());
            case close_handle: {
                Client& client = thread().client();
                return world_.close_handle(client, client.answers[kHandles].back(input_.number()));
            }
            case raw_packet:
                return send_raw();
            case break_sockets:
                world_.sockets.broken = !world_.sockets.broken;
                return;
            case trouble_thread:
                return send_request(thread(), input_.number() % wire::kCodeCount);
            default:
                return send_usual(number % wire::kCodeCount);
        }
    }

    // Three requests go to a thread that waits.
    void send_usual(std::uint16_t code) {
        ClientThread& wanted = thread();
        const auto type = static_cast<wire::Code>(code);
        const bool for_waiting = type == wire::Code::cancel_wait || type == wire::Code::serve_data ||
                                 type == wire::Code::serve_views;
        send_request(for_waiting ? wanted : world_.idle_thread(wanted), code);
    }
    void send_request(ClientThread& sender, std::uint16_t code) {
        RequestMaker request(world_, sender.client(), code, input_);
        request.make();
        send(sender, code, request.body, request.descriptors);
    }
    void send_raw() {
        ClientThread& sender = thread();
        const auto code = input_.number<std::uint16_t>();
        const auto body = std::as_bytes(input_.take(input_.number()));
        send(sender, code, {body.begin(), body.end()}, {});
    }
    void send(ClientThread& sender, std::uint16_t code, const Body& body, std::span<UniqueFd> descriptors) {
        Client& client = sender.client();
        note_permanence(code, body);
        const char* const broken = sender.send_packet(code, body, descriptors);
        if (!broken) return;
        log(LogLevel::requests, "  dropped: %s", broken);
        world_.end_client(client, true);
    }
    // An object with OBJ_PERMANENT, and the port for hard errors, stay for ever.
    void note_permanence(std::uint16_t code, const Body& body) {
        if (code >= wire::kCodeCount) return;
        if (static_cast<wire::Code>(code) == wire::Code::set_hard_error_port) world_.keeps_objects();
        const auto& fields = wire::kRequestInfos[code].request.fields;
        if (fields.empty() || fields[0].name != std::string_view("attributes") || body.empty()) return;
        if ((static_cast<std::uint8_t>(body[0]) & OBJ_PERMANENT) != 0) world_.keeps_objects();
    }

    Input& input_;
    World world_;
};

}  // namespace

}  // namespace ntalpc::server::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ntalpc::fuzz::Input input(data, size);
    ntalpc::server::fuzz::Conversation(input).run();
    return 0;
}
