// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects that travel as descriptors: who lets them in, who may take them, and when they are closed.
#include "server/passed_object.h"

#include "server/passing_test_support.h"

namespace ntalpc::server {
namespace {

constexpr std::uint32_t kFile = ALPC_PORFLG_OBJECT_TYPE_FILE;

class PassedObjectTest : public PassingTest {
  protected:
    static constexpr std::size_t kMostDescriptors = 8;
    PassedObjectTest() : PassingTest(QuotaLimits{.descriptors = kMostDescriptors}) {}

    Pair pair_of(std::uint32_t flags) { return passing_pair(new_process(), new_process(), flags); }
    // One file from client to server; what the server receives.
    MessageAnswer pass_file(const Pair& pair) {
        EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
        EXPECT_EQ(send_attached(*pair.client, pair.client_port).status, STATUS_SUCCESS);
        return receive(*pair.server, pair.listener);
    }
};

TEST_F(PassedObjectTest, TheOnlyOneIsThereAtOnce) {
    const Pair pair = pair_of(kTakesOne);
    const auto received = pass_file(pair);
    EXPECT_EQ(received.body.attributes.handle_count, 1u);
    EXPECT_EQ(received.body.attributes.handle_by_index, 0u);
    const auto taken = query(*pair.server, pair.listener, received.body.message.message_id);
    EXPECT_EQ(taken.status, STATUS_SUCCESS);
    EXPECT_EQ(taken.descriptors, 1u);
    EXPECT_EQ(taken.body.keeper_process_id, 0u);
}

TEST_F(PassedObjectTest, TheNextRequestEmptiesTheHand) {
    const Pair pair = pair_of(kTakesOne);
    const std::uint32_t message = pass_file(pair).body.message.message_id;
    FakeThread& other = new_thread(*pair.server);
    give_back(other, pair.listener, message);
    EXPECT_EQ(PassedObject::alive(), 1u);
    EXPECT_EQ(query(*pair.server, pair.listener, message).status, STATUS_SUCCESS) << "it is in hand";
    EXPECT_EQ(query(other, pair.listener, message).status, STATUS_INVALID_MESSAGE);
    pair.server->call<wire::ServerStatus>({});
    EXPECT_EQ(PassedObject::alive(), 0u);
    EXPECT_EQ(query(*pair.server, pair.listener, message).status, STATUS_INVALID_MESSAGE);
}

TEST_F(PassedObjectTest, OnlyTheReceiverMayAsk) {
    const Pair pair = pair_of(kTakesMany);
    const std::uint32_t message = pass_file(pair).body.message.message_id;
    EXPECT_EQ(query(*pair.client, pair.client_port, message).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(query(*pair.server, pair.listener, message, 1).status, STATUS_INVALID_HANDLE);
    EXPECT_EQ(query(*pair.server, pair.listener, message).descriptors, 1u);
}

TEST_F(PassedObjectTest, AQueuedMessageKeepsItsObjectsToItself) {
    const Pair pair = pair_of(kTakesMany);
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
    const auto sent = send_attached(*pair.client, pair.client_port);
    EXPECT_EQ(query(*pair.server, pair.listener, sent.body.sent_attributes.message_id).status,
              STATUS_INVALID_MESSAGE);
}

TEST_F(PassedObjectTest, AClientThatClosesLeavesTheObjectToTheReceiver) {
    const Pair pair = pair_of(kTakesMany);
    const std::uint32_t message = pass_file(pair).body.message.message_id;
    close(*pair.client, pair.client_port);
    EXPECT_EQ(query(*pair.server, pair.listener, message).descriptors, 1u);
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(query(*pair.server, pair.listener, message).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(PassedObject::alive(), 0u);
}

TEST_F(PassedObjectTest, WhatIsNotDeliveredIsClosed) {
    const Pair pair = pair_of(kTakesMany);
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
    EXPECT_EQ(send_attached(*pair.client, pair.client_port).status, STATUS_SUCCESS);
    EXPECT_EQ(PassedObject::alive(), 1u);
    close(*pair.client, pair.client_port);
    EXPECT_EQ(PassedObject::alive(), 0u);
}

TEST_F(PassedObjectTest, GatesAreTheReceiversPort) {
    const Pair closed = pair_of(0);
    EXPECT_EQ(attach_descriptor(*closed.client, closed.client_port, kFile), STATUS_SUCCESS);
    EXPECT_EQ(send_attached(*closed.client, closed.client_port).status, STATUS_ACCESS_DENIED);
    EXPECT_EQ(PassedObject::alive(), 0u);
    EXPECT_EQ(receive(*closed.server, closed.listener).status, STATUS_TIMEOUT);
}

TEST_F(PassedObjectTest, SeveralNeedAPortForSeveral) {
    const Pair pair = pair_of(kTakesOne);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
    EXPECT_EQ(send_attached(*pair.client, pair.client_port).status, STATUS_LPC_HANDLE_COUNT_EXCEEDED);
}

TEST_F(PassedObjectTest, ProcessesStayInTheirWorld) {
    const Pair pair = passing_pair(new_windows_process(), new_process());
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, ALPC_PORFLG_OBJECT_TYPE_PROCESS),
              STATUS_SUCCESS);
    EXPECT_EQ(send_attached(*pair.client, pair.client_port).status, STATUS_NOT_SUPPORTED);
}

TEST_F(PassedObjectTest, ADescriptorMustBeWhatItIsCalled) {
    const Pair pair = pair_of(kTakesMany);
    const auto attach = [&](std::uint32_t type) {
        return attach_descriptor(*pair.client, pair.client_port, type);
    };
    EXPECT_EQ(attach(kPassedPort), STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(attach(ALPC_PORFLG_OBJECT_TYPE_SECTION), STATUS_OBJECT_TYPE_MISMATCH)
        << "a device is no memory";
    EXPECT_EQ(attach(ALPC_PORFLG_OBJECT_TYPE_EVENT), STATUS_NOT_SUPPORTED);
    EXPECT_EQ(attach(0), STATUS_NOT_SUPPORTED);
}

TEST_F(PassedObjectTest, TheSenderPays) {
    const Pair pair = pair_of(kTakesMany);
    for (std::size_t i = 0; i < kMostDescriptors; ++i)
        EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(send_attached(*pair.client, pair.client_port).status, STATUS_SUCCESS);
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_QUOTA_EXCEEDED)
        << "still queued";
    EXPECT_EQ(attach_descriptor(*pair.server, pair.server_port, kFile), STATUS_SUCCESS);
    give_back(*pair.server, pair.listener, receive(*pair.server, pair.listener).body.message.message_id);
    EXPECT_EQ(attach_descriptor(*pair.client, pair.client_port, kFile), STATUS_SUCCESS);
}

TEST_F(PassedObjectTest, RequestsOfWrongFormAreRefused) {
    const Pair pair = pair_of(kTakesMany);
    const std::array<std::byte, 5> bytes{};
    EXPECT_EQ(pair.client->call<wire::AttachHandles>({}, {.name = {}, .objects = bytes}).status,
              STATUS_INVALID_PARAMETER);
    const wire::PassedHandle object = object_of(kFile);
    EXPECT_EQ(
        pair.client
            ->call<wire::AttachHandles>({}, {.name = {}, .objects = std::as_bytes(std::span(&object, 1))})
            .status,
        STATUS_INVALID_PARAMETER)
        << "no descriptor";
    const std::vector<wire::PassedHandle> many(ALPC_INDIRECT_HANDLE_MAX + 1, object);
    EXPECT_EQ(
        pair.client->call<wire::AttachHandles>({}, {.name = {}, .objects = std::as_bytes(std::span(many))})
            .status,
        STATUS_LPC_HANDLE_COUNT_EXCEEDED);
}

TEST_F(PassedObjectTest, ADatagramIsGivenBackOnce) {
    const Pair pair = pair_of(kTakesMany);
    const std::uint32_t message = pass_file(pair).body.message.message_id;
    give_back(*pair.server, pair.listener, message);
    EXPECT_EQ(PassedObject::alive(), 0u);
    EXPECT_EQ(send(*pair.server, pair.listener, "", {.reply_to = message}).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(receive(*pair.client, pair.client_port).status, STATUS_TIMEOUT);
}

TEST_F(PassedObjectTest, AnAnswerCarriesObjectsToo) {
    const Pair pair = pair_of(kTakesMany);
    start_send(*pair.client, pair.client_port, "?", {.flags = kSync});
    const auto request = receive(*pair.server, pair.listener);
    EXPECT_EQ(attach_descriptor(*pair.server, pair.listener, kFile), STATUS_SUCCESS);
    EXPECT_EQ(send_attached(*pair.server, pair.listener, kRelease, request.body.message.message_id).status,
              STATUS_SUCCESS);
    const auto answer = pair.client->take<wire::SendWaitReceive>();
    EXPECT_EQ(answer.body.message.type, unsigned{LPC_REPLY | LPC_CONTINUATION_REQUIRED});
    EXPECT_EQ(query(*pair.client, pair.client_port, answer.body.message.message_id).descriptors, 1u);
    give_back(*pair.client, pair.client_port, answer.body.message.message_id);
    EXPECT_EQ(PassedObject::alive(), 0u);
}

}  // namespace
}  // namespace ntalpc::server
