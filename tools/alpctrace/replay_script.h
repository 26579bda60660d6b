// SPDX-License-Identifier: LGPL-2.1-or-later
// What one side of the recorded conversations did and saw, in order: the script of a replay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alpctrace/trace_file.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

enum class ReplaySide : std::uint8_t { client, server };

struct ReplayStep {
    enum class Kind : std::uint8_t {
        create,   // a connection port; server only
        connect,  // with what came of it; client only
        accept,   // a connection request that has been received
        refuse,
        send,
        receive,
        cancel,        // a message of its own, some time after it was sent
        given_up,      // by the other side, before it was received: it may come now
        close,         // its port of the connection
        disconnected,  // finds that the other side has ended the connection
    };
    Kind kind;
    std::uint64_t connection = 0;  // as the trace numbers it; 0 for a create, or a connect that found no port
    std::string port = {};         // the name of the connection port
    std::uint32_t port_flags = 0;
    std::uint32_t type = 0;     // LPC_*, of a message
    std::uint32_t message = 0;  // its recorded id
    std::int32_t status = 0;    // of a connect
    std::int64_t after = 0;     // nanoseconds since the message that is canceled was sent
    wire::Bytes data = {};
    wire::Bytes answer = {};  // of a connect that was accepted
};

// Reads it out of a trace with payload. Throws TraceError for what cannot be played: data that was not
// recorded, ports of legacy calls, callbacks.
std::vector<ReplayStep> replay_script(const TraceFile& file, ReplaySide side);

}  // namespace ntalpc
