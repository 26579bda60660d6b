// SPDX-License-Identifier: LGPL-2.1-or-later
// Legacy conversations where the order of events matters, or where Windows versions differ and we had to
// choose.
#include "ntalpc/lpc_action.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

constexpr std::u16string_view kName = u"\\RPC Control\\legacy";

class LpcRequestsTest : public KernelTest {
  protected:
    LpcRequestsTest() {
        wire::CreatePort::Request request;
        request.port.given = 1;
        request.port.flags = ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_ALLOW_LPC_REQUESTS;
        request.port.max_message_length = 0x100;
        const auto created =
            server_.call<wire::CreatePort>(request, {.name = bytes_of(kName), .security_descriptor = {}});
        EXPECT_EQ(created.status, STATUS_SUCCESS);
        listener_ = created.body.handle;
    }
    void start(FakeThread& thread, std::uint64_t port, std::uint32_t action, std::string_view data = {}) {
        wire::LpcMessage::Request request;
        request.handle = port;
        request.timeout = kForever;
        request.action = action;
        request.message = message(data.size());
        thread.start<wire::LpcMessage>(request, {.data = bytes_of(data)});
    }
    Answer<wire::LpcMessage> receive(FakeThread& thread, std::uint64_t port) {
        start(thread, port, static_cast<std::uint32_t>(LpcAction::receive));
        return thread.take<wire::LpcMessage>();
    }
    void start_connect(FakeThread& client) {
        client.start<wire::LpcConnectPort>({},
                                           {.name = bytes_of(kName), .information = {}, .required_sid = {}});
    }
    // The server's end of the connection that is asked for.
    std::uint64_t accept(const Answer<wire::LpcMessage>& asked) {
        wire::LpcAcceptPort::Request request;
        request.accept = 1;
        request.message_id = asked.body.message.message_id;
        request.process_id = asked.body.message.process_id;
        request.thread_id = asked.body.message.thread_id;
        const auto accepted = server_.call<wire::LpcAcceptPort>(request);
        EXPECT_EQ(accepted.status, STATUS_SUCCESS);
        wire::LpcFinishAccept::Request finish;
        finish.handle = accepted.body.handle;
        EXPECT_EQ(server_.call<wire::LpcFinishAccept>(finish).status, STATUS_SUCCESS);
        return accepted.body.handle;
    }
    struct Connected {
        std::uint64_t server, client;
    };
    Connected connect() {
        start_connect(client_);
        const std::uint64_t server = accept(receive(server_, listener_));
        return {server, client_.take<wire::LpcConnectPort>().body.handle};
    }

    FakeThread& server_ = new_process();
    FakeThread& client_ = new_process();
    std::uint64_t listener_ = 0;
};

TEST_F(LpcRequestsTest, WhoListensGoesOnWhenSomethingElseComes) {
    const Connected connected = connect();
    start(server_, listener_, LpcAction::receive | LpcAction::listen);
    start(client_, connected.client, static_cast<std::uint32_t>(LpcAction::datagram), "no connection");
    EXPECT_EQ(client_.take<wire::LpcMessage>().status, STATUS_SUCCESS);
    EXPECT_TRUE(server_.waiting());
    FakeThread& another = new_process();
    start_connect(another);
    const auto listened = server_.take<wire::LpcMessage>();
    EXPECT_EQ(listened.status, STATUS_SUCCESS);
    EXPECT_EQ(listened.body.message.type, unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(Message::alive(), 1u) << "the datagram is dropped";
    accept(listened);
    EXPECT_EQ(another.take<wire::LpcConnectPort>().status, STATUS_SUCCESS);
}

// NT 5 says so; of newer versions it is not known, and programs take either (lpc-semantics 8).
TEST_F(LpcRequestsTest, ALostReplyIsSaidToBeOne) {
    const Connected connected = connect();
    start(client_, connected.client, LpcAction::request | LpcAction::wait_reply, "request");
    EXPECT_EQ(receive(server_, listener_).text(), "request");
    close(server_, connected.server);
    EXPECT_EQ(client_.take<wire::LpcMessage>().status, STATUS_LPC_REPLY_LOST);
}

class HardErrorPortTest : public KernelTest {
  protected:
    std::int32_t set(FakeThread& thread, std::u16string_view name) {
        wire::SetHardErrorPort::Request request;
        request.handle = create(thread, name);
        return thread.call<wire::SetHardErrorPort>(request).status;
    }
};

TEST_F(HardErrorPortTest, IsSetOnceByThoseWhoMay) {  // A156
    FakeThread& thread = new_process();
    EXPECT_EQ(set(thread, u"\\RPC Control\\a"), STATUS_PRIVILEGE_NOT_HELD);
    security::Token token = thread.thread().effective_token();
    token.privileges.push_back({security::privilege::kTcb, security::privilege::kEnabled});
    EXPECT_EQ(thread.call<wire::PresentToken>({}, {.token = security::encode(token)}).status, STATUS_SUCCESS);
    EXPECT_EQ(set(thread, u"\\RPC Control\\b"), STATUS_SUCCESS);
    EXPECT_EQ(set(thread, u"\\RPC Control\\c"), STATUS_UNSUCCESSFUL);
    kernel().hard_error_port.reset();
}

}  // namespace
}  // namespace ntalpc::server
