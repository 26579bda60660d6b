// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls as the benchmarks use them: every failure ends the program with a sentence.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ntalpc/ntalpc.h"

namespace ntalpc::bench {

// Ends the program unless it went well.
void check(NTSTATUS status, const char* what);

// The most data that a message has, because its length is 16 bits: 48 bytes below 64 KiB.
inline constexpr std::size_t kMostData = 0xFFF8 - sizeof(PORT_MESSAGE);

// A message with room for so much data.
class Message {
  public:
    explicit Message(std::size_t data) : bytes_(sizeof(PORT_MESSAGE) + data) { reset(data); }
    PORT_MESSAGE* get() { return reinterpret_cast<PORT_MESSAGE*>(bytes_.data()); }
    // A new message of this size.
    void reset(std::size_t data) {
        *get() = {};
        set_size(data);
    }
    void set_size(std::size_t data) {
        get()->u1.s1.DataLength = static_cast<SHORT>(data);
        get()->u1.s1.TotalLength = static_cast<SHORT>(sizeof(PORT_MESSAGE) + data);
    }
    SIZE_T room() const { return bytes_.size(); }
    int type() { return get()->u2.s2.Type & 0xFF; }

  private:
    // Aligned as the header wants it.
    std::vector<unsigned char> bytes_;
};

// A name that nobody else uses.
std::string new_port_name();
HANDLE create_port(const std::string& name);
HANDLE connect_port(const std::string& name);
// The answer is in `answer`.
void call_port(HANDLE port, Message& question, Message& answer);
void send_message(HANDLE port, Message& message, ULONG flags = 0);
void receive_message(HANDLE port, Message& message);

// Answers what comes to a port until the process ends. What is accepted is closed when its client has gone.
class EchoService {
  public:
    explicit EchoService(HANDLE listener) : listener_(listener) {}
    // Returns what is to be sent with the next receive, or nullptr.
    PORT_MESSAGE* serve(PORT_MESSAGE* message, const ALPC_MESSAGE_ATTRIBUTES* attributes);

  private:
    struct Client {
        HANDLE port = nullptr;
    };
    const HANDLE listener_;
};

}  // namespace ntalpc::bench
