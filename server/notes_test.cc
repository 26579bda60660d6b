// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/notes.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

constexpr std::uint64_t kCookie = 0x77;

class NotesTest : public KernelTest {
  protected:
    std::int32_t associate(FakeThread& caller, std::uint64_t port, std::uint64_t cookie = kCookie) {
        return caller.call<wire::AssociatePort>({.handle = port, .cookie = cookie}).status;
    }
    // A second thread of the process, which waits for notes.
    FakeThread& helper_of(FakeThread& owner) {
        FakeThread& helper = new_thread(owner);
        helper.start<wire::TakeNotes>({});
        return helper;
    }
    // The notes that the helper has been answered with.
    static std::vector<wire::Note> notes(FakeThread& helper) {
        const auto answer = helper.take<wire::TakeNotes>();
        EXPECT_EQ(answer.status, STATUS_SUCCESS);
        std::vector<wire::Note> list(answer.blob.size() / sizeof(wire::Note));
        std::memcpy(list.data(), answer.blob.data(), list.size() * sizeof(wire::Note));
        return list;
    }
    static void expect_one(FakeThread& helper, std::uint32_t count, bool ended = false) {
        const auto list = notes(helper);
        ASSERT_EQ(list.size(), 1U);
        EXPECT_EQ(list[0].cookie, kCookie);
        EXPECT_EQ(list[0].count, count);
        EXPECT_EQ(list[0].ended, ended ? 1U : 0U);
    }
};

TEST_F(NotesTest, EachMessageIsNotedOnce) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    FakeThread& helper = helper_of(*pair.server);
    EXPECT_TRUE(helper.waiting());
    send(*pair.client, pair.client_port, "one");
    expect_one(helper, 1);
    send(*pair.client, pair.client_port, "two");
    send(*pair.client, pair.client_port, "three");
    helper.start<wire::TakeNotes>({});
    expect_one(helper, 2);
    helper.start<wire::TakeNotes>({});
    EXPECT_TRUE(helper.waiting());
}

TEST_F(NotesTest, WhatIsQueuedAlreadyIsNotedAtOnce) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "one");
    send(*pair.client, pair.client_port, "two");
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    expect_one(helper_of(*pair.server), 2);
}

TEST_F(NotesTest, WhatABlockedThreadTakesIsNotNoted) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    FakeThread& helper = helper_of(*pair.server);
    start_receive(*pair.server, pair.listener);
    send(*pair.client, pair.client_port, "one");
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().text(), "one");
    EXPECT_TRUE(helper.waiting());
}

TEST_F(NotesTest, EveryKindOfMessageIsNoted) {
    FakeThread& server = new_process();
    FakeThread& client = new_process();
    const auto listener = create(server, u"\\noted");
    ASSERT_EQ(associate(server, listener), STATUS_SUCCESS);
    FakeThread& helper = helper_of(server);
    start_connect(client, u"\\noted", kSync);
    expect_one(helper, 1);
    const auto request = receive(server, listener);
    ASSERT_EQ(answer_connect(server, listener, request.body.message.message_id, true).status, STATUS_SUCCESS);
    const auto port = client.take<wire::ConnectPort>().body.handle;
    helper.start<wire::TakeNotes>({});
    send(client, port, "request", {.flags = 0});
    expect_one(helper, 1);
    EXPECT_EQ(receive(server, listener).text(), "request");
    helper.start<wire::TakeNotes>({});
    close(client, port);
    // The cancelled request and the closed port.
    expect_one(helper, 1);
    helper.start<wire::TakeNotes>({});
    expect_one(helper, 1);
    EXPECT_EQ(kind(receive(server, listener)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(kind(receive(server, listener)), unsigned{LPC_PORT_CLOSED});
}

TEST_F(NotesTest, TheEndOfTheConnectionIsNoted) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.client, pair.client_port), STATUS_SUCCESS);
    FakeThread& helper = helper_of(*pair.client);
    close(*pair.server, pair.server_port);
    expect_one(helper, 1);
    EXPECT_EQ(receive(*pair.client, pair.client_port).status, STATUS_PORT_DISCONNECTED);
}

TEST_F(NotesTest, APortThatHasEndedIsNotedWhenItIsAssociated) {
    const Pair pair = connected_pair();
    close(*pair.server, pair.server_port);
    ASSERT_EQ(associate(*pair.client, pair.client_port), STATUS_SUCCESS);
    expect_one(helper_of(*pair.client), 1);
}

TEST_F(NotesTest, TheLastHandleEndsTheAssociation) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    FakeThread& helper = helper_of(*pair.server);
    close(*pair.server, pair.listener);
    expect_one(helper, 0, true);
    EXPECT_EQ(Association::alive(), 0U);
}

TEST_F(NotesTest, OneAssociationPerPort) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    EXPECT_EQ(associate(*pair.server, pair.listener, 2), STATUS_PORT_ALREADY_SET);
    EXPECT_EQ(pair.server->call<wire::DropAssociation>({.cookie = 1}).status, STATUS_NOT_FOUND);
    EXPECT_EQ(pair.server->call<wire::DropAssociation>({.cookie = kCookie}).status, STATUS_SUCCESS);
    EXPECT_EQ(associate(*pair.server, pair.listener, 2), STATUS_SUCCESS);
}

TEST_F(NotesTest, ACookieNamesOneAssociation) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    EXPECT_EQ(associate(*pair.server, pair.server_port), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(associate(*pair.client, pair.client_port), STATUS_SUCCESS)
        << "another process counts for itself";
}

TEST_F(NotesTest, AssociationsArePaidFor) {
    const Pair pair = connected_pair();
    const std::size_t before = pair.server->process().account()->objects();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    EXPECT_EQ(pair.server->process().account()->objects(), before + 1);
    close(*pair.server, pair.listener);
    EXPECT_EQ(pair.server->process().account()->objects(), before) << "the port's handle, not yet its note";
    expect_one(helper_of(*pair.server), 0, true);
    EXPECT_EQ(pair.server->process().account()->objects(), before - 1);
}

TEST_F(NotesTest, AnotherProcessMayFollowOneThatHasDied) {
    const Pair pair = connected_pair();
    FakeThread& sharer = new_process();
    sharer.process().adopt(*pair.server->process().find(pair.listener));
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    EXPECT_EQ(associate(sharer, pair.listener), STATUS_PORT_ALREADY_SET);
    kill_process(*pair.server);
    EXPECT_EQ(associate(sharer, pair.listener), STATUS_SUCCESS);
    FakeThread& helper = helper_of(sharer);
    send(*pair.client, pair.client_port, "one");
    expect_one(helper, 1);
}

TEST_F(NotesTest, TheThreadThatAsksLastIsAnswered) {
    const Pair pair = connected_pair();
    ASSERT_EQ(associate(*pair.server, pair.listener), STATUS_SUCCESS);
    FakeThread& first = helper_of(*pair.server);
    FakeThread& second = helper_of(*pair.server);
    EXPECT_EQ(first.take<wire::TakeNotes>().status, STATUS_CANCELLED);
    second.kill();
    FakeThread& third = helper_of(*pair.server);
    send(*pair.client, pair.client_port, "one");
    expect_one(third, 1);
}

class PortEventTest : public KernelTest {
  protected:
    // A duplicate of the event of a port.
    UniqueFd event(FakeThread& caller, std::uint64_t handle) {
        auto* const port = static_cast<Port*>(&caller.process().find(handle)->object());
        UniqueFd descriptor;
        EXPECT_EQ(port->event(caller.process().account(), &descriptor), STATUS_SUCCESS);
        return descriptor;
    }
    static bool readable(const UniqueFd& descriptor) {
        pollfd entry = {descriptor.get(), POLLIN, 0};
        return poll(&entry, 1, 0) == 1;
    }
};

TEST_F(PortEventTest, ShowsWhetherThereIsAMessage) {
    const Pair pair = connected_pair();
    const UniqueFd ready = event(*pair.server, pair.listener);
    EXPECT_FALSE(readable(ready));
    send(*pair.client, pair.client_port, "one");
    send(*pair.client, pair.client_port, "two");
    EXPECT_TRUE(readable(ready));
    receive(*pair.server, pair.listener);
    EXPECT_TRUE(readable(ready));
    receive(*pair.server, pair.listener);
    EXPECT_FALSE(readable(ready));
}

TEST_F(PortEventTest, StartsWithTheStateOfThePort) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "one");
    EXPECT_TRUE(readable(event(*pair.server, pair.listener)));
}

TEST_F(PortEventTest, AMessageThatIsTakenBackDoesNotStay) {
    FakeThread& server = new_process();
    FakeThread& client = new_process();
    const auto listener = create(server, u"\\noted");
    const UniqueFd ready = event(server, listener);
    start_connect(client, u"\\noted", kSync);
    EXPECT_TRUE(readable(ready));
    client.kill();
    EXPECT_FALSE(readable(ready));
}

TEST_F(PortEventTest, StaysReadableWhenTheConnectionHasEnded) {
    const Pair pair = connected_pair();
    const UniqueFd ready = event(*pair.client, pair.client_port);
    close(*pair.server, pair.server_port);
    EXPECT_TRUE(readable(ready));
    receive(*pair.client, pair.client_port);
    EXPECT_TRUE(readable(ready));
}

// The server cannot see the list: a receive says when it was empty.
TEST_F(PortEventTest, ShowsThatThereMayBeMessagesInACompletionList) {
    const Pair pair = connected_pair();
    FakeThread& writer = new_thread(*pair.server);
    const UniqueFd ready = event(*pair.server, pair.listener);
    ASSERT_EQ(pair.server->call<wire::RegisterCompletionList>({.handle = pair.listener}).status,
              STATUS_SUCCESS);
    wire::FetchCompletionList::Request fetch{.handle = pair.listener, .room = 0x1000, .most = 9};
    writer.start<wire::FetchCompletionList>(fetch);
    send(*pair.client, pair.client_port, "one");
    EXPECT_FALSE(readable(ready));
    fetch.published = 1;
    EXPECT_EQ(writer.take<wire::FetchCompletionList>().body.count, 1U);
    writer.start<wire::FetchCompletionList>(fetch);
    EXPECT_TRUE(readable(ready));
    wire::SendWaitReceive::Request empty{.handle = pair.listener, .receive_capacity = 0x1000};
    empty.has_receive = 1;
    empty.list_posts = 1;  // before the message came
    EXPECT_EQ(pair.server->call<wire::SendWaitReceive>(empty).status, STATUS_ALPC_CHECK_COMPLETION_LIST);
    EXPECT_TRUE(readable(ready));
    empty.list_posts = 2;
    EXPECT_EQ(pair.server->call<wire::SendWaitReceive>(empty).status, STATUS_TIMEOUT);
    EXPECT_FALSE(readable(ready));
}

// The flags of a descriptor belong to everybody who has a duplicate.
TEST_F(PortEventTest, AClientCannotMakeTheServerWait) {
    const Pair pair = connected_pair();
    const UniqueFd ready = event(*pair.server, pair.listener);
    ASSERT_EQ(fcntl(ready.get(), F_SETFL, 0), 0);
    send(*pair.client, pair.client_port, "one");
    char taken = 0;
    EXPECT_GT(read(ready.get(), &taken, sizeof(taken)), 0);
    receive(*pair.server, pair.listener);
    send(*pair.client, pair.client_port, "two");
    EXPECT_TRUE(readable(ready));
}

TEST_F(PortEventTest, EverybodyGetsTheSameEvent) {
    const Pair pair = connected_pair();
    const UniqueFd first = event(*pair.server, pair.listener);
    const std::size_t paid = pair.server->process().account()->objects();
    const UniqueFd second = event(*pair.server, pair.listener);
    EXPECT_EQ(pair.server->process().account()->objects(), paid);
    send(*pair.client, pair.client_port, "one");
    EXPECT_TRUE(readable(first));
    EXPECT_TRUE(readable(second));
}

}  // namespace
}  // namespace ntalpc::server
