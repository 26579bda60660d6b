// SPDX-License-Identifier: LGPL-2.1-or-later
// When leases are offered, and to whom no more for now.
#include "ntalpc/message_path.h"
#include "server/lease_test_support.h"
#include "server/no_descriptors_test_support.h"

namespace ntalpc::server {
namespace {

class LeaseOffersTest : public LeaseTest {
  protected:
    // The client prefers the direct path.
    Pair direct_pair() {
        ProcessFacts client;
        client.path = static_cast<std::uint32_t>(MessagePath::direct);
        return connected_pair(u"\\RPC Control\\direct", 0, client);
    }
    // What the client finds in an answer.
    std::uint32_t offer_with_an_answer(const Pair& pair) {
        start_send(*pair.client, pair.client_port, "question", {.flags = kSync});
        const std::uint32_t id = receive(*pair.server, pair.listener).body.message.message_id;
        EXPECT_EQ(send(*pair.server, pair.listener, "answer", {.reply_to = id}).status, STATUS_SUCCESS);
        return pair.client->take<wire::SendWaitReceive>().body.lease;
    }
    // As to processes that do not prefer it and have had one.
    void expect_next_offer_later(const Pair& pair) {
        EXPECT_EQ(offer_with_an_answer(pair), 0u);
        EXPECT_EQ(offer_after(pair, 4 * kMessagesUntilALease - 2), 0u);
        const std::uint32_t offer = offer_after(pair, 1);
        ASSERT_NE(offer, 0u);
        EXPECT_EQ(take(*pair.server, offer - 1).status, STATUS_SUCCESS);
        EXPECT_EQ(take(*pair.client, offer - 1).status, STATUS_SUCCESS);
    }
};

TEST_F(LeaseOffersTest, IsOfferedAfterSomeMessages) {
    const Pair pair = connected_pair();
    EXPECT_EQ(offer_after(pair, kMessagesUntilALease - 1), 0u);
    EXPECT_NE(offer_after(pair, 1), 0u);
}

TEST_F(LeaseOffersTest, EachEndMakesTheNextOneLater) {
    const Leased leased = leased_pair();
    take_back(leased);
    EXPECT_EQ(offer_after(leased, 4 * kMessagesUntilALease - 1), 0u);
    EXPECT_NE(offer_after(leased, 1), 0u);
}

TEST_F(LeaseOffersTest, WhoPrefersTheDirectPathIsOfferedOneAtOnce) {
    const Pair pair = direct_pair();
    EXPECT_NE(offer_with_an_answer(pair), 0u);
    EXPECT_NE(offer_after(pair, 1), 0u);
}

// Or each message would make the server and the process try again.
TEST_F(LeaseOffersTest, OneThatCannotBePaidForIsNotOfferedAgainAtOnce) {
    const Pair pair = direct_pair();
    const std::uint32_t offer = offer_after(pair, 1);
    ASSERT_NE(offer, 0u);
    const Ref<QuotaAccount>& payer = pair.client->process().account();
    DescriptorCharge all;
    ASSERT_TRUE(all.charge(payer, payer->limit(Resource::descriptors) - payer->descriptors()));
    EXPECT_EQ(take(*pair.server, offer - 1).status, STATUS_QUOTA_EXCEEDED);
    all = {};
    EXPECT_EQ(take(*pair.server, offer - 1).status, STATUS_NOT_FOUND);
    expect_next_offer_later(pair);
}

TEST_F(LeaseOffersTest, OneThatTheClientCannotHaveIsNotOfferedAgainAtOnce) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizers' own checks need descriptors";
#endif
    const Pair pair = direct_pair();
    const std::uint32_t offer = offer_after(pair, 1);
    ASSERT_NE(offer, 0u);
    const auto server_end = take(*pair.server, offer - 1);
    ASSERT_EQ(server_end.files.size(), 3u);
    const auto& memory = *map(server_end.files[0]);
    {
        const NoDescriptors for_now;
        EXPECT_EQ(take(*pair.client, offer - 1).status, STATUS_INSUFFICIENT_RESOURCES);
    }
    EXPECT_NE(memory.taken.load() & lease::kTakenBack, 0u);
    expect_next_offer_later(pair);
}

TEST_F(LeaseOffersTest, OneThatAProcessCannotUseIsNotOfferedAgainAtOnce) {
    const Pair pair = direct_pair();
    const std::uint32_t offer = offer_after(pair, 1);
    ASSERT_NE(offer, 0u);
    ASSERT_EQ(take(*pair.server, offer - 1).status, STATUS_SUCCESS);
    wire::ReleaseLeases::Request request;
    request.handle = pair.listener;
    request.lease = offer;
    EXPECT_EQ(pair.server->call<wire::ReleaseLeases>(request).status, STATUS_SUCCESS);
    expect_next_offer_later(pair);
}

// As long as one of them is there.
TEST_F(LeaseOffersTest, NumbersThatMessagesHaveInTheirIdsAreLeftOut) {
    const auto next_number = [this](std::u16string_view name) {
        return offer_after(connected_pair(name), kMessagesUntilALease) - 1;
    };
    const std::uint32_t number = next_number(u"\\RPC Control\\first");
    Leases& leases = kernel().leases;
    leases.message_left(lease::message_id(number + 1, 0, 1));
    leases.message_left(lease::message_id(number + 1, 1, 1));
    leases.message_ended(lease::message_id(number + 1, 0, 1));
    leases.message_left(lease::message_id(number + 2, 0, 1));
    leases.message_ended(lease::message_id(number + 2, 0, 1));
    EXPECT_EQ(next_number(u"\\RPC Control\\second"), number + 2);
}

// Each keeps descriptors until the client, which may never send anything, has it.
TEST_F(LeaseOffersTest, OneClientHasFewThatItHasNotTaken) {
    FakeThread& server = new_process();
    FakeThread& client = new_process();
    const std::uint64_t listener = create(server, u"\\RPC Control\\many");
    int offered = 0;
    for (int i = 0; i < 20; ++i) {
        start_connect(client, u"\\RPC Control\\many", kSync);
        const auto request = receive(server, listener);
        EXPECT_EQ(answer_connect(server, listener, request.body.message.message_id, true).status,
                  STATUS_SUCCESS);
        const std::uint64_t port = client.take<wire::ConnectPort>().body.handle;
        std::uint32_t offer = 0;
        for (int sent = 0; sent < kMessagesUntilALease; ++sent) {
            EXPECT_EQ(send(client, port, "one of many").status, STATUS_SUCCESS);
            offer = receive(server, listener).body.lease;
        }
        if (offer != 0 && take(server, offer - 1).status == STATUS_SUCCESS) ++offered;
    }
    EXPECT_EQ(offered, 16);
}

}  // namespace
}  // namespace ntalpc::server
