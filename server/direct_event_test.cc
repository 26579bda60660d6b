// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages with the direct attribute: what their senders see on the socket.
#include "server/direct_event.h"

#include <sys/socket.h>

#include <cerrno>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

class DirectEventTest : public KernelTest {
  protected:
    using KernelTest::KernelTest;

    std::int32_t prepare(FakeThread& sender) { return sender.call<wire::PrepareDirectEvent>({}).status; }
    MessageAnswer send_direct(FakeThread& sender, std::uint64_t port, std::string_view data,
                              const Sending& how = {}) {
        auto request = sending(port, data.size(), how);
        request.send_attributes.valid |= ALPC_MESSAGE_DIRECT_ATTRIBUTE;
        return sender.call<wire::SendWaitReceive>(request, {.data = bytes_of(data)});
    }
    // How many bytes there are, and whether the socket hangs up after them.
    struct News {
        int bytes = 0;
        bool over = false;
        bool operator==(const News&) const = default;
    };
    static News news(FakeThread& sender) {
        News seen;
        char byte;
        ssize_t size;
        while ((size = recv(sender.socket().get(), &byte, 1, MSG_DONTWAIT)) > 0) ++seen.bytes;
        seen.over = size == 0;
        return seen;
    }
    std::int32_t status_of(FakeThread& sender, std::uint64_t port, const MessageAnswer& sent) {
        return sender
            .call<wire::QueryDirect>({.handle = port, .message_id = sent.body.sent_attributes.message_id})
            .status;
    }
};

TEST_F(DirectEventTest, ADatagramIsTakenThenProcessed) {
    const Pair pair = connected_pair();
    ASSERT_EQ(prepare(*pair.client), STATUS_SUCCESS);
    const auto sent = send_direct(*pair.client, pair.client_port, "x");
    ASSERT_EQ(sent.status, STATUS_SUCCESS);
    EXPECT_EQ(news(*pair.client), (News{1, false}));
    EXPECT_EQ(status_of(*pair.client, pair.client_port, sent), STATUS_PENDING);
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), "x");
    EXPECT_EQ(news(*pair.client), (News{0, true}));
    EXPECT_EQ(status_of(*pair.client, pair.client_port, sent), STATUS_SUCCESS);
}

TEST_F(DirectEventTest, AMessageThatIsRefusedIsNotTaken) {
    const Pair pair = connected_pair();
    ASSERT_EQ(prepare(*pair.client), STATUS_SUCCESS);
    EXPECT_EQ(send_direct(*pair.client, pair.client_port, "x", {.reply_to = 0x7FFFFFFC}).status,
              STATUS_INVALID_MESSAGE);
    EXPECT_EQ(news(*pair.client), (News{0, true}));
}

TEST_F(DirectEventTest, ItIsForTheNextMessageOnly) {
    const Pair pair = connected_pair();
    EXPECT_EQ(send_direct(*pair.client, pair.client_port, "x").status, STATUS_INVALID_PARAMETER);
    ASSERT_EQ(prepare(*pair.client), STATUS_SUCCESS);
    EXPECT_EQ(send(*pair.client, pair.client_port, "not direct").status, STATUS_SUCCESS);
    EXPECT_EQ(news(*pair.client), (News{0, true}));
    EXPECT_EQ(send_direct(*pair.client, pair.client_port, "x").status, STATUS_INVALID_PARAMETER);
}

TEST_F(DirectEventTest, TheEndOfTheReceiverProcessesWhatItHas) {
    const Pair pair = connected_pair();
    ASSERT_EQ(prepare(*pair.client), STATUS_SUCCESS);
    ASSERT_EQ(send_direct(*pair.client, pair.client_port, "x", {.flags = 0}).status, STATUS_SUCCESS);
    ASSERT_EQ(receive(*pair.server, pair.listener).text(), "x");
    close(*pair.server, pair.listener);
    EXPECT_EQ(news(*pair.client), (News{1, true}));
}

class FewDirectEvents : public DirectEventTest {
  protected:
    FewDirectEvents() : DirectEventTest({.descriptors = 3}) {}
};

TEST_F(FewDirectEvents, AreChargedToTheSender) {
    const Pair pair = connected_pair();
    int taken = 0;
    while (taken < 10 && prepare(*pair.client) == STATUS_SUCCESS) {
        ASSERT_EQ(send_direct(*pair.client, pair.client_port, "x").status, STATUS_SUCCESS);
        ++taken;
    }
    EXPECT_EQ(taken, 3);
    EXPECT_EQ(prepare(*pair.client), STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), "x");
    EXPECT_EQ(prepare(*pair.client), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::server
