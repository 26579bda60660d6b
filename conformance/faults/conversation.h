// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of conversations: small programs that between them make every kind of call. Each party is a
// process; the server is one more party of each, and so may be the victim as well.
#pragma once

#include <span>
#include <vector>

#include "conformance/faults/party.h"

namespace ntalpc::faults {

// A party that waits for others until it is told that there are no more.
enum class Service {
    none,
    alpc,  // serves a port until a client comes that says that it is over
    lpc,
    event_pair  // takes turns with somebody; an event pair tells nobody of an end, so somebody else takes all
                // turns left
};

struct Role {
    const char* name;
    void (*play)(Party&);
    Service service = Service::none;
};

struct Conversation {
    const char* name;
    std::vector<Role> roles;
    // What calls may come to when another party has ended, the server among them.
    std::vector<NTSTATUS> documented;
};

std::span<const Conversation> conversations();

// What is said to a service that is to end.
inline constexpr const char* kOver = "over";

}  // namespace ntalpc::faults
