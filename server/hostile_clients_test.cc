// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequences of requests that no client library sends, and that must end with a status for whoever sent them.
#include "ntalpc/lpc_action.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

class HostileClients : public KernelTest {
  protected:
    Answer<wire::LpcMessage> lpc(FakeThread& thread, std::uint64_t port, std::uint32_t action) {
        wire::LpcMessage::Request request;
        request.handle = port;
        request.action = action;
        request.message = message(0);
        return thread.call<wire::LpcMessage>(request);
    }
    std::int32_t cancel(FakeThread& thread, std::uint64_t port, std::uint32_t id) {
        wire::CancelMessage::Request request;
        request.handle = port;
        request.context.message_id = id;
        return thread.call<wire::CancelMessage>(request).status;
    }
};

TEST_F(HostileClients, TwoSendsInOneRequest) {
    FakeThread& owner = new_process();
    const auto port = create(owner, u"\\RPC Control\\port");
    EXPECT_EQ(lpc(owner, port, LpcAction::datagram | LpcAction::request).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(lpc(owner, port, LpcAction::datagram | LpcAction::callback).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(lpc(owner, port, LpcAction::datagram | LpcAction::wait_reply).status, STATUS_INVALID_PARAMETER);
}

TEST_F(HostileClients, NoticeThatDoesNotFitTheWaitingThread) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync, .capacity = 8});
    const auto request = receive(*pair.server, pair.listener);
    const auto id = request.body.message.message_id;
    EXPECT_EQ(cancel(*pair.server, pair.listener, id), STATUS_MESSAGE_RETRIEVED);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_BUFFER_TOO_SMALL);
    const auto notice = receive(*pair.client, pair.client_port);
    EXPECT_EQ(kind(notice), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.body.message.message_id, id);
}

TEST_F(HostileClients, CancelBetweenTheHalvesOfAnAccept) {
    FakeThread &server = new_process(), &client = new_process();
    const auto listener = create(server, u"\\RPC Control\\port");
    start_connect(client, u"\\RPC Control\\port", 0);
    const auto client_port = client.take<wire::ConnectPort>().body.handle;
    const auto request = receive(server, listener);
    wire::LpcAcceptPort::Request accept;
    accept.accept = 1;
    accept.message_id = request.body.message.message_id;
    accept.process_id = request.body.message.process_id;
    accept.thread_id = request.body.message.thread_id;
    const auto accepted = server.call<wire::LpcAcceptPort>(accept);
    ASSERT_EQ(accepted.status, STATUS_SUCCESS);
    EXPECT_EQ(cancel(server, listener, accept.message_id), STATUS_MESSAGE_NOT_FOUND);
    EXPECT_EQ(send(server, listener, "reply", {.reply_to = accept.message_id}).status,
              STATUS_INVALID_MESSAGE);
    wire::LpcFinishAccept::Request finish;
    finish.handle = accepted.body.handle;
    EXPECT_EQ(server.call<wire::LpcFinishAccept>(finish).status, STATUS_SUCCESS);
    EXPECT_EQ(kind(receive(client, client_port)), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
}

// A listening server drops what is not a connection request; whoever waits for an answer learns of the end
// all the same.
TEST_F(HostileClients, RequestDroppedByAListeningServer) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync});
    EXPECT_EQ(lpc(*pair.server, pair.listener, LpcAction::receive | LpcAction::listen).status,
              STATUS_TIMEOUT);
    EXPECT_TRUE(pair.client->waiting());
    close(*pair.server, pair.server_port);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_PORT_DISCONNECTED);
}

TEST_F(HostileClients, NameLongerThanAString) {
    FakeThread& owner = new_process();
    const std::u16string name = u"\\RPC Control\\" + std::u16string(0x8000, u'x');
    EXPECT_EQ(try_create(owner, name).status, STATUS_OBJECT_NAME_INVALID);
}

TEST_F(HostileClients, ReservesOfNothingAreNotFree) {
    FakeThread& owner = new_process();
    const auto port = create(owner, u"\\RPC Control\\port");
    const auto before = owner.process().account()->message_bytes();
    wire::CreateReserve::Request request;
    request.handle = port;
    ASSERT_EQ(owner.call<wire::CreateReserve>(request).status, STATUS_SUCCESS);
    EXPECT_GT(owner.process().account()->message_bytes(), before);
}

}  // namespace
}  // namespace ntalpc::server
