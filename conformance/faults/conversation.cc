// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/conversation.h"

#include <algorithm>
#include <iterator>

#include "conformance/faults/tables.h"

namespace ntalpc::faults {

std::span<const Conversation> conversations() {
    static const std::vector<Conversation> all = [] {
        std::vector<Conversation> result;
        for (const auto part : {message_conversations, lease_conversations, memory_conversations,
                                object_conversations, legacy_conversations, recording_conversations}) {
            std::vector<Conversation> made = part();
            std::ranges::move(made, std::back_inserter(result));
        }
        return result;
    }();
    return all;
}

}  // namespace ntalpc::faults
