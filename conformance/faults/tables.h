// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of the table of conversations.
#pragma once

#include <vector>

#include "conformance/faults/conversation.h"

namespace ntalpc::faults {

std::vector<Conversation> message_conversations();
std::vector<Conversation> lease_conversations();
std::vector<Conversation> memory_conversations();
std::vector<Conversation> object_conversations();
std::vector<Conversation> legacy_conversations();
std::vector<Conversation> recording_conversations();

}  // namespace ntalpc::faults
