// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/received_datagrams.h"

#include <gtest/gtest.h>

namespace ntalpc::server {
namespace {

MessageSender sender(std::uint64_t thread_id) {
    MessageSender made;
    made.thread_id = thread_id;
    return made;
}

TEST(ReceivedDatagrams, EachHasItsSender) {
    ReceivedDatagrams datagrams;
    for (const std::uint32_t id : {4u, 8u, 12u}) datagrams.add(id, sender(1), 10);
    datagrams.add(16, sender(2), 10);
    datagrams.add(20, sender(1), 10);
    for (const std::uint32_t id : {4u, 8u, 12u, 20u}) {
        ASSERT_NE(datagrams.sender_of(id), nullptr) << id;
        EXPECT_EQ(datagrams.sender_of(id)->thread_id, 1u) << id;
    }
    ASSERT_NE(datagrams.sender_of(16), nullptr);
    EXPECT_EQ(datagrams.sender_of(16)->thread_id, 2u);
    EXPECT_EQ(datagrams.sender_of(24), nullptr);
}

TEST(ReceivedDatagrams, TheOldestAreForgotten) {
    ReceivedDatagrams datagrams;
    for (std::uint32_t id = 0; id < 100; ++id) datagrams.add(id, sender(id / 7), 10);
    for (std::uint32_t id = 0; id < 90; ++id) EXPECT_EQ(datagrams.sender_of(id), nullptr) << id;
    for (std::uint32_t id = 90; id < 100; ++id) {
        ASSERT_NE(datagrams.sender_of(id), nullptr) << id;
        EXPECT_EQ(datagrams.sender_of(id)->thread_id, id / 7) << id;
    }
}

TEST(ReceivedDatagrams, TheNewestOfAnIdCounts) {
    ReceivedDatagrams datagrams;
    datagrams.add(4, sender(1), 10);
    datagrams.add(4, sender(2), 10);
    EXPECT_EQ(datagrams.sender_of(4)->thread_id, 2u);
}

}  // namespace
}  // namespace ntalpc::server
