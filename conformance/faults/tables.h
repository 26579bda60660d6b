// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of the table of conversations.
#pragma once

#include <vector>

#include "conformance/faults/conversation.h"

namespace ntalpc::faults {

std::vector<Conversation> message_conversations();

}  // namespace ntalpc::faults
