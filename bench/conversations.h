// SPDX-License-Identifier: LGPL-2.1-or-later
// The contestants that talk through ports.
#pragma once

#include "bench/contestant.h"
#include "bench/ports.h"

namespace ntalpc::bench {

// A server in a process of its own, and its port's name.
class EchoServer {
  public:
    explicit EchoServer(int core, const char* role = "echo")
        : name_(new_port_name()), child_(role, {name_}, core) {
        child_.read_line();
    }
    const std::string& name() const { return name_; }
    unsigned long process() const { return child_.id(); }

  private:
    const std::string name_;
    Child child_;
};

// All take `size` bytes of data each way.
Entrant alpc_round_trip(std::size_t size, const char* role = "echo");
// Asks for many things before it looks at the answers.
Entrant alpc_pipeline(std::size_t size, const char* role = "echo");
// Nobody answers, except the last one of a round.
Entrant alpc_datagrams(std::size_t size, const char* role = "echo");
Entrant alpc_connect();

// How many messages a round of the last but one and of its floors is.
inline constexpr int kPipelineDepth = 32;
inline constexpr int kStreamLength = 256;

}  // namespace ntalpc::bench
