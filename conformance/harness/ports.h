// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports for tests: names nobody else uses, handles that close themselves, connected pairs in one line, and
// short forms of the calls with the arguments that most tests leave at their defaults.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/harness/message.h"
#include "conformance/harness/test.h"
#include "ntalpc/name.h"

namespace ntalpc::conformance {

// Timeouts as the calls take them. relative(0) does not wait.
LARGE_INTEGER relative(std::chrono::milliseconds time);
LARGE_INTEGER absolute(std::chrono::milliseconds from_now);
constexpr std::chrono::milliseconds at_once{0};
constexpr std::chrono::milliseconds short_wait{50};
// How long something that must happen may take on a busy machine; the watchdog allows a test more.
constexpr std::chrono::milliseconds long_wait{8000};

// "\RPC Control\..." with the process and the running test in it; another `suffix` gives another name.
std::string port_name(std::string_view suffix = {});

class Port {
  public:
    Port() = default;
    explicit Port(HANDLE handle) : handle_(handle) {}
    Port(Port&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Port& operator=(Port&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Port() { close(); }

    HANDLE get() const { return handle_; }
    // For a call that stores a handle.
    HANDLE* put() { return &handle_; }
    NTSTATUS close() { return handle_ ? close_handle(std::exchange(handle_, nullptr)) : STATUS_SUCCESS; }
    // Forgets the handle because somebody else has closed it.
    HANDLE release() { return std::exchange(handle_, nullptr); }

  private:
    HANDLE handle_ = nullptr;
};

// What section 21 of the assertions assumes: limits all ones, all QoS fields valid.
ALPC_PORT_ATTRIBUTES port_attributes(ULONG flags = 0, SIZE_T max_message_length = 0x1000);

Port create_port(const std::string& name, ALPC_PORT_ATTRIBUTES attributes = port_attributes());

// ---- One call each; optional arguments that are not named here are NULL ----

struct ConnectOptions {
    ULONG flags = 0;
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    std::chrono::milliseconds timeout = long_wait;
};
NTSTATUS connect(Port& client, const std::string& name, PORT_MESSAGE* message = nullptr,
                 SIZE_T* buffer_length = nullptr, const ConnectOptions& options = {});
NTSTATUS accept(Port& server, const Port& listener, PORT_MESSAGE* request, PVOID context = nullptr,
                ALPC_PORT_ATTRIBUTES attributes = port_attributes());
NTSTATUS refuse(const Port& listener, PORT_MESSAGE* request);

NTSTATUS send(const Port& port, PORT_MESSAGE* message, ULONG flags,
              PALPC_MESSAGE_ATTRIBUTES attributes = nullptr);
NTSTATUS receive(const Port& port, PORT_MESSAGE* message, SIZE_T* length,
                 PALPC_MESSAGE_ATTRIBUTES attributes = nullptr, std::chrono::milliseconds timeout = long_wait,
                 ULONG flags = 0);
template <std::size_t capacity>
NTSTATUS receive(const Port& port, Message<capacity>& message, PALPC_MESSAGE_ATTRIBUTES attributes = nullptr,
                 std::chrono::milliseconds timeout = long_wait, ULONG flags = 0) {
    SIZE_T length = message.size();
    return receive(port, message.get(), &length, attributes, timeout, flags);
}
template <std::size_t capacity, std::size_t answer_capacity>
NTSTATUS request(const Port& port, Message<capacity>& message, Message<answer_capacity>& answer,
                 std::chrono::milliseconds timeout = long_wait) {
    SIZE_T length = answer.size();
    LARGE_INTEGER limit = relative(timeout);
    return api().NtAlpcSendWaitReceivePort(port.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST}, message.get(),
                                           PALPC_MESSAGE_ATTRIBUTES{}, answer.get(), &length,
                                           PALPC_MESSAGE_ATTRIBUTES{}, &limit);
}

// ---- A connection: S listens, K is the server's end, C the client's ----

struct Connection {
    Port listener;
    Port server;
    Port client;
};

struct PairOptions {
    ALPC_PORT_ATTRIBUTES listener = port_attributes();
    ALPC_PORT_ATTRIBUTES server = port_attributes();
    ALPC_PORT_ATTRIBUTES client = port_attributes();
    PVOID context = nullptr;
    const char* name = "";      // for a second connection in one test
    bool receive_reply = true;  // the client takes the connection reply out of its queue
};

// Connects asynchronously, so that one thread can play both sides.
void make_connection(Connection& connection, const PairOptions& options = {});

}  // namespace ntalpc::conformance
