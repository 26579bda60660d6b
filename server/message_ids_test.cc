// SPDX-License-Identifier: LGPL-2.1-or-later
// Message numbers: multiples of 4, unique, not reused at once.
#include "server/message_ids.h"

#include <gtest/gtest.h>

#include <set>

namespace ntalpc::server {
namespace {

// Only the address is stored.
Message& message() {
    static int place;
    return reinterpret_cast<Message&>(place);
}

TEST(MessageIds, AreDistinctMultiplesOfFour) {
    MessageIds ids;
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::uint32_t id = ids.allocate(message());
        EXPECT_NE(id, 0u);
        EXPECT_EQ(id % 4, 0u);
        EXPECT_TRUE(seen.insert(id).second);
        EXPECT_EQ(ids.find(id), &message());
    }
}

TEST(MessageIds, AReleasedNumberIsUnknownAndNotHandedOutNext) {
    MessageIds ids;
    const std::uint32_t first = ids.allocate(message());
    ids.release(first);
    EXPECT_EQ(ids.find(first), nullptr);
    EXPECT_NE(ids.allocate(message()), first);
}

TEST(MessageIds, UnknownNumbersFindNothing) {
    MessageIds ids;
    const std::uint32_t id = ids.allocate(message());
    for (const std::uint32_t wrong : {0u, id + 1, id + 4, 0xFFFFFFFCu}) EXPECT_EQ(ids.find(wrong), nullptr);
    ids.release(id + 4);  // releasing what is not there changes nothing
    EXPECT_EQ(ids.find(id), &message());
}

}  // namespace
}  // namespace ntalpc::server
