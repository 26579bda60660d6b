// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of a conversation with one fault, and what must be so afterwards.
#pragma once

#include <memory>
#include <string>

#include "conformance/faults/bystander.h"
#include "conformance/faults/conversation.h"
#include "conformance/faults/failing_allocations.h"
#include "conformance/faults/subject.h"
#include "conformance/faults/victim.h"

namespace ntalpc::faults {

// In the place of the number of a party.
constexpr std::size_t kServer = kMostParties;

struct RunResult {
    bool struck = false;  // false: the victim was through before
    unsigned steps = 0;
    std::string problem;  // empty: everything was as it must be
};

// Who is there all the time, from run to run.
struct Surroundings {
    explicit Surroundings(const std::string& server_binary) : subject(server_binary) {}

    // Makes sure that there is a server, and knows what it has when nothing happens.
    std::string prepare();
    // Both of those who stay talk to the server.
    std::string converse();
    // Empty as soon as the server has what it had before; else, after a while, what is different.
    std::string wait_for_baseline();

    FailingAllocations allocations;
    Stage stage;
    Subject subject;
    std::unique_ptr<Bystander> bystander, usher;
    Possessions before;
    unsigned runs = 0;
};

RunResult run(const Conversation& conversation, std::size_t victim, Fault fault, Surroundings& surroundings);

}  // namespace ntalpc::faults
