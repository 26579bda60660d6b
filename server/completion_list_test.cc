// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion lists as the server sees them: batches, room, those who wait, and every way to end.
#include "server/completion_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "ntalpc/completion_list_action.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

class CompletionListTest : public KernelTest {
  protected:
    void SetUp() override {
        pair_ = connected_pair();
        writer_ = &new_thread(*pair_.server);
        EXPECT_EQ(add_list(pair_.listener), STATUS_SUCCESS);
    }

    std::int32_t add_list(std::uint64_t port) {
        wire::RegisterCompletionList::Request request;
        request.handle = port;
        return pair_.server->call<wire::RegisterCompletionList>(request).status;
    }
    // The writer asks for a batch; `put` messages of the last one are in the list.
    void fetch(std::uint32_t put = 0, std::uint32_t room = 0x10000, bool blocked = false) {
        wire::FetchCompletionList::Request request;
        request.handle = pair_.listener;
        request.attribute_flags = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        request.attribute_size = 0x28;
        request.room = room;
        request.most = 100;
        request.published = put;
        request.wake = std::min(put, workers_wanted_);
        request.blocked = blocked;
        writer_->start<wire::FetchCompletionList>(request);
    }
    // How many messages the association of the port tells of.
    std::uint32_t take_note(FakeThread& helper) {
        const auto notes = helper.take<wire::TakeNotes>().blob;
        wire::Note note;
        EXPECT_EQ(notes.size(), sizeof(note));
        std::memcpy(&note, notes.data(), std::min(notes.size(), sizeof(note)));
        return note.count;
    }
    Answer<wire::FetchCompletionList> batch() { return writer_->take<wire::FetchCompletionList>(); }
    void start_control(FakeThread& thread, CompletionListAction action) {
        wire::ControlCompletionList::Request request;
        request.handle = pair_.listener;
        request.action = static_cast<std::uint32_t>(action);
        thread.start<wire::ControlCompletionList>(request);
    }
    std::int32_t control(FakeThread& thread, CompletionListAction action) {
        start_control(thread, action);
        return thread.take<wire::ControlCompletionList>().status;
    }
    void send_some(int count, std::size_t size = 4) {
        for (int i = 0; i < count; ++i)
            EXPECT_EQ(send(*pair_.client, pair_.client_port, std::string(size, 'x')).status, STATUS_SUCCESS);
    }
    // A receive by a thread that found the list empty when `posts` messages had been put there.
    void start_receive_after(FakeThread& thread, std::uint64_t posts, Nanoseconds timeout = kForever) {
        wire::SendWaitReceive::Request request;
        request.handle = pair_.listener;
        request.timeout = timeout;
        request.list_posts = posts + 1;
        request.has_receive = 1;
        request.receive_capacity = 0x1000;
        thread.start<wire::SendWaitReceive>(request);
    }
    MessageAnswer receive_after(FakeThread& thread, std::uint64_t posts) {
        start_receive_after(thread, posts, 0);
        return thread.take<wire::SendWaitReceive>();
    }

    Pair pair_;
    FakeThread* writer_ = nullptr;
    std::uint32_t workers_wanted_ = 100;
};

TEST_F(CompletionListTest, ThereIsOneAtMost) {
    EXPECT_EQ(add_list(pair_.listener), STATUS_PORT_ALREADY_HAS_COMPLETION_LIST);
}

TEST_F(CompletionListTest, WhatIsQueuedComesInOneBatch) {
    send_some(3);
    fetch();
    const auto answer = batch();
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.body.count, 3u);
    EXPECT_EQ(answer.body.messages_size, 3 * (sizeof(wire::ListedMessage) + 8));
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(CompletionListTest, TheWriterWaitsForTheNextMessage) {
    fetch();
    EXPECT_TRUE(writer_->waiting());
    send_some(1);
    EXPECT_EQ(batch().body.count, 1u);
}

TEST_F(CompletionListTest, NoMoreIsSentThanThereIsRoomFor) {
    send_some(5);
    fetch(0, 2 * 0x80);  // each takes 44 bytes, 40 for attributes, in chunks of 64
    EXPECT_EQ(batch().body.count, 2u);
    fetch(2, 0x100);
    EXPECT_EQ(batch().body.count, 2u);
}

TEST_F(CompletionListTest, ABatchIsNeverLargerThanAPacket) {
    send_some(200, 0xE00);
    std::uint32_t received = 0, batches = 0;
    for (std::uint32_t last = 0; received < 200; received += last, ++batches) {
        fetch(last, 0xFFFFFFFF);
        const auto answer = batch();
        ASSERT_EQ(answer.status, STATUS_SUCCESS);
        ASSERT_GT(last = answer.body.count, 0u);
        EXPECT_LT(answer.body.messages_size, wire::kMaxPacket);
    }
    EXPECT_GT(batches, 4u);
}

TEST_F(CompletionListTest, ReceiversLearnOfMessagesWhenTheyAreInTheList) {
    FakeThread& receiver = new_thread(*pair_.server);
    start_receive_after(receiver, 0);
    fetch();
    send_some(1);
    EXPECT_EQ(batch().body.count, 1u);
    EXPECT_TRUE(receiver.waiting());
    fetch(1);
    EXPECT_EQ(receiver.take<wire::SendWaitReceive>().status, STATUS_ALPC_CHECK_COMPLETION_LIST);
}

TEST_F(CompletionListTest, AReceiverThatMissedANewMessageIsTold) {
    fetch();
    send_some(1);
    batch();
    fetch(1);
    EXPECT_EQ(receive_after(*pair_.server, 0).status, STATUS_ALPC_CHECK_COMPLETION_LIST);
    EXPECT_EQ(receive_after(*pair_.server, 1).status, STATUS_TIMEOUT);
}

TEST_F(CompletionListTest, APollWaitsForWhatIsOnItsWay) {
    send_some(1);
    FakeThread& receiver = new_thread(*pair_.server);
    start_receive_after(receiver, 0, 0);
    EXPECT_TRUE(receiver.waiting());
    fetch();
    batch();
    EXPECT_TRUE(receiver.waiting());
    fetch(1);
    EXPECT_EQ(receiver.take<wire::SendWaitReceive>().status, STATUS_ALPC_CHECK_COMPLETION_LIST);
}

TEST_F(CompletionListTest, APollDoesNotWaitForEver) {
    send_some(1);
    FakeThread& receiver = new_thread(*pair_.server);
    start_receive_after(receiver, 0, 0);
    pass(2 * kSecond);
    EXPECT_EQ(receiver.take<wire::SendWaitReceive>().status, STATUS_TIMEOUT);
}

TEST_F(CompletionListTest, WhatDoesNotFitIsForOrdinaryReceives) {
    FakeThread& receiver = new_thread(*pair_.server);
    start_receive_after(receiver, 0);
    send_some(2);
    fetch(0, 0x40);
    EXPECT_EQ(batch().status, STATUS_BUFFER_TOO_SMALL);
    EXPECT_TRUE(receiver.waiting());
    fetch(0, 0x40, true);
    EXPECT_TRUE(writer_->waiting());
    EXPECT_EQ(receiver.take<wire::SendWaitReceive>().status, STATUS_SUCCESS);
    EXPECT_EQ(receive_after(*pair_.server, 0).status, STATUS_SUCCESS);
    EXPECT_EQ(receive_after(*pair_.server, 0).status, STATUS_TIMEOUT);
}

TEST_F(CompletionListTest, ABlockedWriterGetsWhatFitsAgain) {
    send_some(1, 0x100);
    fetch(0, 0x80);
    EXPECT_EQ(batch().status, STATUS_BUFFER_TOO_SMALL);
    fetch(0, 0x80, true);
    send_some(1);
    EXPECT_TRUE(writer_->waiting());
    EXPECT_EQ(receive_after(*pair_.server, 0).body.message.data_length, 0x100);
    EXPECT_EQ(batch().body.count, 1u);
}

TEST_F(CompletionListTest, ABlockedWriterIsToldOfRoom) {
    send_some(1);
    fetch(0, 0);
    EXPECT_EQ(batch().status, STATUS_BUFFER_TOO_SMALL);
    fetch(0, 0, true);
    EXPECT_EQ(control(*pair_.server, CompletionListAction::room), STATUS_SUCCESS);
    const auto answer = batch();
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.body.count, 0u);
    fetch();
    EXPECT_EQ(batch().body.count, 1u);
}

TEST_F(CompletionListTest, RoomThatComesBeforeTheWriterIsBlockedCounts) {
    send_some(1);
    fetch(0, 0);
    batch();
    EXPECT_EQ(control(*pair_.server, CompletionListAction::room), STATUS_SUCCESS);
    fetch(0, 0, true);
    EXPECT_EQ(batch().body.count, 0u);
}

TEST_F(CompletionListTest, UnregisteringWaitsForTheBatchUnderWay) {
    send_some(1);
    fetch();
    batch();
    start_control(*pair_.server, CompletionListAction::unregister);
    EXPECT_TRUE(pair_.server->waiting());
    fetch(1);
    EXPECT_EQ(pair_.server->take<wire::ControlCompletionList>().status, STATUS_SUCCESS);
    EXPECT_NE(batch().status, STATUS_SUCCESS);
    EXPECT_EQ(add_list(pair_.listener), STATUS_SUCCESS);
}

TEST_F(CompletionListTest, UnregisteringEndsAWriterThatWaits) {
    fetch();
    EXPECT_EQ(control(*pair_.server, CompletionListAction::unregister), STATUS_SUCCESS);
    EXPECT_NE(batch().status, STATUS_SUCCESS);
    send_some(1);
    EXPECT_EQ(receive(*pair_.server, pair_.listener).status, STATUS_SUCCESS);
}

TEST_F(CompletionListTest, AfterARundownMessagesAreReceivedAsEver) {
    fetch();
    EXPECT_EQ(control(*pair_.server, CompletionListAction::run_down), STATUS_SUCCESS);
    send_some(1);
    EXPECT_TRUE(writer_->waiting());
    EXPECT_EQ(receive(*pair_.server, pair_.listener).status, STATUS_SUCCESS);
    EXPECT_EQ(add_list(pair_.listener), STATUS_PORT_ALREADY_HAS_COMPLETION_LIST);
}

TEST_F(CompletionListTest, ItEndsWithItsWriter) {
    fetch();
    writer_->kill();
    send_some(1);
    EXPECT_EQ(receive(*pair_.server, pair_.listener).status, STATUS_SUCCESS);
    EXPECT_EQ(add_list(pair_.listener), STATUS_SUCCESS);
}

TEST_F(CompletionListTest, AWriterThatGivesUpIsNotWaitedFor) {
    send_some(1);
    fetch();
    batch();
    EXPECT_EQ(control(*writer_, CompletionListAction::give_up), STATUS_SUCCESS);
    EXPECT_EQ(add_list(pair_.listener), STATUS_SUCCESS);
}

TEST_F(CompletionListTest, ItEndsWithItsPort) {
    fetch();
    close(*pair_.server, pair_.listener);
    EXPECT_NE(batch().status, STATUS_SUCCESS);
}

TEST_F(CompletionListTest, ThePortMayEndWhileABatchIsUnderWay) {
    send_some(1);
    fetch();
    batch();
    FakeThread& waiting = new_thread(*pair_.server);
    start_control(waiting, CompletionListAction::unregister);
    close(*pair_.server, pair_.listener);
    EXPECT_EQ(waiting.take<wire::ControlCompletionList>().status, STATUS_SUCCESS);
    fetch(1);
    EXPECT_EQ(batch().status, STATUS_INVALID_HANDLE);
}

TEST_F(CompletionListTest, ItEndsWithItsProcessAlthoughOthersHoldThePort) {
    FakeThread& heir = new_process();
    heir.process().adopt(
        *kernel().handles.find_by_cookie(pair_.server->process().find(pair_.listener)->peer_cookie));
    fetch();
    kill_process(*pair_.server);
    send_some(1);
    EXPECT_EQ(receive(heir, pair_.listener).status, STATUS_SUCCESS);
}

TEST_F(CompletionListTest, OnlyItsProcessFetches) {
    FakeThread& other = new_process();
    other.process().adopt(
        *kernel().handles.find_by_cookie(pair_.server->process().find(pair_.listener)->peer_cookie));
    wire::FetchCompletionList::Request request;
    request.handle = pair_.listener;
    EXPECT_EQ(other.call<wire::FetchCompletionList>(request).status, STATUS_ACCESS_DENIED);
    fetch();
    FakeThread& second = new_thread(*pair_.server);
    EXPECT_EQ(second.call<wire::FetchCompletionList>(request).status, STATUS_INVALID_PARAMETER);
}

TEST_F(CompletionListTest, AnUnknownActionIsRefused) {
    EXPECT_EQ(control(*pair_.server, static_cast<CompletionListAction>(77)), STATUS_INVALID_PARAMETER);
}

TEST_F(CompletionListTest, TheSenderOfAListedDatagramIsRemembered) {
    send_some(100);
    fetch(0, 0x10000);
    EXPECT_EQ(batch().body.count, 100u);
    wire::QueryMessage::Request request;
    request.handle = pair_.listener;
    for (request.message_id = 1; request.message_id < 10000; ++request.message_id) {
        if (pair_.server->call<wire::QueryMessage>(request).status == STATUS_SUCCESS) break;
    }
    EXPECT_LT(request.message_id, 10000u);
}

// Those who wait at a completion port hear of a message when it is in the list, or when it is left to
// ordinary receives, and not before.
TEST_F(CompletionListTest, AnAssociatedPortTellsWhatCanBeTaken) {
    FakeThread& helper = new_thread(*pair_.server);
    ASSERT_EQ(pair_.server->call<wire::AssociatePort>({.handle = pair_.listener, .cookie = 1}).status,
              STATUS_SUCCESS);
    helper.start<wire::TakeNotes>({});
    fetch();
    send_some(1);
    EXPECT_EQ(batch().body.count, 1U);
    EXPECT_TRUE(helper.waiting());
    fetch(1);
    EXPECT_EQ(take_note(helper), 1U);
    helper.start<wire::TakeNotes>({});
    send_some(1);
    EXPECT_EQ(batch().body.count, 1U);
    constexpr std::uint32_t no_room = 0;
    fetch(0, no_room, true);
    EXPECT_TRUE(helper.waiting());
    send_some(1);
    EXPECT_EQ(take_note(helper), 1U);
    EXPECT_EQ(receive(*pair_.server, pair_.listener).status, STATUS_SUCCESS);
}

// One for each, so that a consumer may take one message for each packet; unless enough are at work, who take
// what is there before they leave.
TEST_F(CompletionListTest, AnAssociatedPortTellsOfAllMessagesOrNone) {
    FakeThread& helper = new_thread(*pair_.server);
    fetch();
    send_some(3);
    EXPECT_EQ(batch().body.count, 1U);
    fetch(1);
    EXPECT_EQ(batch().body.count, 2U);
    ASSERT_EQ(pair_.server->call<wire::AssociatePort>({.handle = pair_.listener, .cookie = 1}).status,
              STATUS_SUCCESS);
    helper.start<wire::TakeNotes>({});
    EXPECT_EQ(take_note(helper), 1U);  // for what was in the list already
    helper.start<wire::TakeNotes>({});
    workers_wanted_ = 1;
    fetch(2);
    EXPECT_EQ(take_note(helper), 2U);
    helper.start<wire::TakeNotes>({});
    send_some(1);
    workers_wanted_ = 0;
    fetch(1);
    EXPECT_TRUE(helper.waiting());
}

}  // namespace
}  // namespace ntalpc::server
