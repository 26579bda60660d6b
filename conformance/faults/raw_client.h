// SPDX-License-Identifier: LGPL-2.1-or-later
// A client that has registered properly, and from then on sends whatever it is told to.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "generated/protocol.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::faults {

enum class Way { socket, pipe };

class RawClient {
  public:
    // Throws std::runtime_error when the server does not take it.
    RawClient(const std::string& server_directory, Way way);

    // A packet as it is. A server that has hung up is none of the caller's business.
    void send(wire::Bytes packet, std::span<const int> descriptors = {});
    // Says in the pipe that a packet is on the socket, whether there is one or not.
    void refer_to_socket();
    void send_to_socket(wire::Bytes packet, std::span<const int> descriptors = {});
    // Waits until the server has answered or hung up.
    void await_answer();

  private:
    UniqueFd process_, thread_, answers_, requests_;
};

}  // namespace ntalpc::faults
