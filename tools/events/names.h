// SPDX-License-Identifier: LGPL-2.1-or-later
// What the numbers in a trace stand for: built up while its events go by.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "events/event.h"

namespace ntalpc {

class Names {
  public:
    // To be told of every event, in order.
    void note(const Event& event);

    // "echo_server.exe 0024": the last part of the image path and the id.
    std::string process(std::uint64_t id) const;
    std::string image(std::uint64_t id) const;
    std::uint64_t unix_process(std::uint64_t id) const;
    // The name of a connection port; of a communication port that of the connection port it came from.
    std::string port(std::uint64_t serial) const;
    std::string connection(std::uint64_t serial) const;
    // The name of whatever port an event is about, or nothing.
    std::string port_of(const Event& event) const;

  private:
    struct Process {
        std::string image;
        std::uint64_t unix_process = 0;
    };
    struct Port {
        std::string name;
        std::uint64_t connection = 0;
    };
    std::map<std::uint64_t, Process> processes_;
    std::map<std::uint64_t, Port> ports_;
    std::map<std::uint64_t, std::uint64_t> listeners_;  // of connections
};

}  // namespace ntalpc
