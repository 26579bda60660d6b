// SPDX-License-Identifier: LGPL-2.1-or-later
// The legacy calls for tests: short forms with the arguments that most tests leave at their defaults,
// connected pairs in one line, and a server in a thread of its own. Receives have a time limit, so that a
// test fails and does not hang. Tests are written for what Vista and later do; a server completes every
// connection all the same, as every program does.
#pragma once

#include <map>
#include <memory>

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance::lpc {

// Accepted by every Windows, 32-bit or not (Sandboxie).
constexpr ULONG max_message_length = 328;
constexpr std::size_t max_data = max_message_length - header_size;
// The data of a received message is rounded up to four bytes: there must be room for that.
using Message = conformance::Message<max_data + 3>;

// ---- One call each ----

struct CreateOptions {
    HANDLE root = nullptr;
    ULONG attributes = OBJ_CASE_INSENSITIVE;
    ULONG max_information = 100;
    ULONG max_message = max_message_length;
    ULONG max_pool = 0;
    bool waitable = false;
};
NTSTATUS create(HANDLE* port, const std::string& name, const CreateOptions& options = {});
Port create_port(const std::string& name, const CreateOptions& options = {});

SECURITY_QUALITY_OF_SERVICE quality_of_service();

struct ConnectOptions {
    PPORT_VIEW client_view = nullptr;
    PSID server_sid = nullptr;  // NtSecureConnectPort if there is one
    PREMOTE_PORT_VIEW server_view = nullptr;
    PULONG max_message = nullptr;
    PVOID information = nullptr;
    PULONG information_length = nullptr;
    SECURITY_QUALITY_OF_SERVICE quality = quality_of_service();
};
NTSTATUS connect(HANDLE* client, const std::string& name, const ConnectOptions& options = {});

struct AcceptOptions {
    PVOID context = nullptr;
    PPORT_VIEW server_view = nullptr;
    PREMOTE_PORT_VIEW client_view = nullptr;
};
NTSTATUS accept(Port& server, Message& request, const AcceptOptions& options = {});
NTSTATUS complete(const Port& server);
NTSTATUS refuse(Message& request);

NTSTATUS send_datagram(const Port& port, Message& message);
NTSTATUS request(const Port& port, Message& message, Message& answer);
NTSTATUS reply(const Port& port, Message& message);
NTSTATUS reply_and_wait(const Port& port, Message& message);
NTSTATUS receive(const Port& port, Message& message, PVOID* context = nullptr,
                 std::chrono::milliseconds timeout = long_wait);
NTSTATUS reply_and_receive(const Port& port, Message& answer, Message& message, PVOID* context = nullptr,
                           std::chrono::milliseconds timeout = long_wait);

// What answers a received message: its header with other lengths, and the data.
Message answer_to(const Message& received, std::string_view data);

// ---- Threads of a client ----

struct ConnectResult {
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    HANDLE port = nullptr;  // as the call left it
    HANDLE thread = nullptr;
};
// What a handle variable holds before a call that must not write it.
inline HANDLE untouched_handle() {
    return reinterpret_cast<HANDLE>(ULONG_PTR{0x5A5A5A});
}
inline auto connect_in_thread(const std::string& name, const ConnectOptions& options = {}) {
    return Thread([name, options] {
        ConnectResult result;
        result.port = untouched_handle();
        result.thread = current_thread_id();
        result.status = connect(&result.port, name, options);
        return result;
    });
}

struct RequestResult {
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    Message answer;
    HANDLE thread = nullptr;
};
inline auto request_in_thread(const Port& client, std::string_view data) {
    return Thread([&client, data = std::string(data)] {
        RequestResult result;
        Message message(data);
        result.thread = current_thread_id();
        result.status = request(client, message, result.answer);
        return result;
    });
}

// ---- Connections ----

struct Connection {
    Port listener;
    Port server;
    Port client;
};

inline PVOID test_context() {
    return reinterpret_cast<PVOID>(ULONG_PTR{0xC0FFEE});
}

// Connects one more client to the listener; the server's end gets the context.
void add_client(const Port& listener, const std::string& name, Port& server, Port& client,
                PVOID context = test_context(), const ConnectOptions& options = {});
void make_connection(Connection& connection, const CreateOptions& options = {});

// ---- Sections ----

class Section {
  public:
    enum class Kind { committed, reserved, read_only };

    explicit Section(std::size_t size, Kind kind = Kind::committed);
    HANDLE get() const { return handle_.get(); }
    NTSTATUS close() { return handle_.close(); }

  private:
    Port handle_;  // any handle that closes itself
};

PORT_VIEW view_of(const Section& section, SIZE_T size);
REMOTE_PORT_VIEW empty_view();
bool is_mapped(const void* address);

// ---- Facts about this process, and waits, as its system tells them ----

HANDLE duplicate(HANDLE handle);
NTSTATUS wait_for(HANDLE handle, std::chrono::milliseconds timeout);
LONGLONG process_creation_time();
LONGLONG thread_creation_time();
// How exact the two are, in their own unit of 100 ns.
extern const LONGLONG creation_time_tolerance;
// The eight bytes that a notice of an end carries.
LONGLONG time_in(Message& notice);

// ---- Identity: a native thread never carries another one ----

// Whether the thread acts as somebody, as far as that can be seen here; and whether it has a token of its
// own.
bool is_impersonating();
bool thread_has_token();
void revert();
bool holds_tcb_privilege();

// ---- A server ----

// Serves a port in a thread until the given number of clients has come and gone. Every connection is
// accepted, and every request answered with what the handler makes of its data.
class Server {
  public:
    using Handler = std::string (*)(const std::string& data);

    Server(const Port& listener, int clients, Handler handler);
    // How many messages of each type were received.
    std::map<unsigned, int> join() { return thread_.join(); }

  private:
    struct Loop {
        const Port& listener;
        int clients;
        Handler handler;
        std::map<unsigned, int> operator()() const;
    };

    Thread<Loop> thread_;
};

}  // namespace ntalpc::conformance::lpc
