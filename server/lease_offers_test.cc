// SPDX-License-Identifier: LGPL-2.1-or-later
// When leases are offered, and to whom no more for now.
#include "server/lease_test_support.h"

namespace ntalpc::server {
namespace {

using LeaseOffersTest = LeaseTest;

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
