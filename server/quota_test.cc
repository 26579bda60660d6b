// SPDX-License-Identifier: LGPL-2.1-or-later
// Charges: what cannot be afforded costs nothing, and everything is given back.
#include "server/quota.h"

#include <limits>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

TEST(Quota, MessageBytesAreGivenBackWithTheCharge) {
    const auto account = make_ref<QuotaAccount>(QuotaLimits{.message_bytes = 100, .objects = 1});
    {
        MessageCharge first, second;
        EXPECT_TRUE(first.charge(account, 60));
        EXPECT_FALSE(second.charge(account, 41));
        EXPECT_EQ(account->message_bytes(), 60u);
        EXPECT_TRUE(second.charge(account, 40));
        EXPECT_FALSE(MessageCharge().charge(account, 1));
    }
    EXPECT_EQ(account->message_bytes(), 0u);
}

TEST(Quota, ASizeThatOverflowsIsRefused) {
    const auto account = make_ref<QuotaAccount>(QuotaLimits{.message_bytes = 100, .objects = 1});
    MessageCharge charge, huge;
    ASSERT_TRUE(charge.charge(account, 50));
    EXPECT_FALSE(huge.charge(account, std::numeric_limits<std::size_t>::max()));
    EXPECT_EQ(account->message_bytes(), 50u);
}

TEST(Quota, ANewChargeReplacesTheOld) {
    const auto account = make_ref<QuotaAccount>(QuotaLimits{});
    MessageCharge charge;
    ASSERT_TRUE(charge.charge(account, 1000));
    ASSERT_TRUE(charge.charge(account, 10));
    EXPECT_EQ(account->message_bytes(), 10u);
}

TEST(Quota, ObjectsAreCounted) {
    const auto account = make_ref<QuotaAccount>(QuotaLimits{.message_bytes = 0, .objects = 2});
    ObjectCharge first, third;
    {
        ObjectCharge second;
        EXPECT_TRUE(first.charge(account));
        EXPECT_TRUE(second.charge(account));
        EXPECT_FALSE(third.charge(account));
        EXPECT_EQ(account->objects(), 2u);
    }
    EXPECT_TRUE(third.charge(account));
}

TEST(Quota, AChargeOutlivesTheOtherOwnersOfItsAccount) {
    ObjectCharge charge;
    ASSERT_TRUE(charge.charge(make_ref<QuotaAccount>(QuotaLimits{})));
    const ObjectCharge moved = std::move(charge);
}

class SmallQuota : public KernelTest {
  protected:
    static constexpr std::size_t kBytes = 4096;
    SmallQuota() : KernelTest({.message_bytes = kBytes}) {}
};

TEST_F(SmallQuota, QueuedMessagesAreChargedToTheirSenderUntilReceived) {
    const Pair pair = connected_pair();
    const std::string data(1000, 'x');
    int sent = 0;
    while (send(*pair.client, pair.client_port, data).status == STATUS_SUCCESS) ASSERT_LT(++sent, 5);
    EXPECT_GT(sent, 1);
    EXPECT_EQ(send(*pair.client, pair.client_port, data).status, STATUS_QUOTA_EXCEEDED);
    // The server's own account is untouched.
    EXPECT_EQ(send(*pair.server, pair.server_port, data).status, STATUS_SUCCESS);
    EXPECT_EQ(receive(*pair.server, pair.listener).status, STATUS_SUCCESS);
    EXPECT_EQ(send(*pair.client, pair.client_port, data).status, STATUS_SUCCESS);
}

TEST_F(SmallQuota, TheServerLearnsOfTheEndOfAClientThatHasUsedUpItsQuota) {
    const Pair pair = connected_pair();
    while (send(*pair.client, pair.client_port, std::string(100, 'x')).status == STATUS_SUCCESS) continue;
    close(*pair.client, pair.client_port);
    std::uint32_t last = 0;
    for (;;) {
        const auto answer = receive(*pair.server, pair.listener);
        if (answer.status != STATUS_SUCCESS) break;
        last = kind(answer);
    }
    EXPECT_EQ(last, unsigned{LPC_PORT_CLOSED});
}

TEST_F(SmallQuota, AConnectionMessageThatCannotBePaidForLeavesNoConnection) {
    FakeThread& server = new_process();
    FakeThread& client = new_process();
    create(server, u"\\RPC Control\\p");
    // Each pending connection holds its message.
    const std::string data(1800, 'x');
    std::vector<std::int32_t> statuses;
    for (int i = 0; i < 3; ++i) {
        start_connect(client, u"\\RPC Control\\p", 0, data);
        statuses.push_back(client.take<wire::ConnectPort>().status);
    }
    EXPECT_EQ(statuses.front(), STATUS_SUCCESS);
    EXPECT_EQ(statuses.back(), STATUS_QUOTA_EXCEEDED);
    const auto connections =
        static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), STATUS_SUCCESS));
    EXPECT_EQ(Connection::alive(), connections);
    EXPECT_EQ(Message::alive(), connections);
}

}  // namespace
}  // namespace ntalpc::server
