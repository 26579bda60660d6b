// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two sides of the stress test say to each other (stress.cc, stress_client.cc).
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "conformance/harness/ports.h"

namespace ntalpc::conformance::stress {

enum class Kind : std::uint32_t {
    datagram,     // wants nothing
    ping,         // a datagram that wants one back, through the server's communication port
    synchronous,  // a request whose sender waits
    request,      // a request whose answer is received some time
    canceled,     // a request that its sender tries to cancel
    last,         // a synchronous request: its thread has nothing more to say
};

// Every message's data begins with this; what follows is filled with a byte that depends on it.
struct Body {
    Kind kind;
    std::uint32_t thread;  // of the client
    std::uint32_t order;   // counts what the thread sends
    std::uint32_t number;  // counts what the thread sends and does not try to cancel
    // Of what a server thread sends to one connection without the client waiting for it.
    std::uint32_t server_thread;
    std::uint32_t server_order;
    // In the last one: what cancels came to.
    std::uint32_t canceled_unseen;    // before the server had received the request
    std::uint32_t canceled_received;  // afterwards
};

constexpr std::size_t kMostData = 60000;
using BigMessage = Message<kMostData>;

// No limit but that of the header.
inline ALPC_PORT_ATTRIBUTES attributes() {
    return port_attributes(0, 0xFFFF);
}

// Makes the data: the body, and `filling` bytes more.
void set_body(BigMessage& message, const Body& body, std::size_t filling);
// Takes it apart. False when anything is not as it was made.
bool get_body(BigMessage& message, Body* body);

// What went wrong, from any thread; only the first few are kept.
class Complaints {
  public:
    void add(const std::string& what);
    // Complains when the status is another.
    bool expect(NTSTATUS expected, NTSTATUS actual, const char* where);
    std::string text() const;
    bool none() const;

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> texts_;
    std::size_t count_ = 0;
};

// Requests never wait longer than this: a lost message ends the test instead of hanging it.
constexpr std::chrono::seconds patience{120};

}  // namespace ntalpc::conformance::stress
