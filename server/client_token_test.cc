// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is believed to act with which token, and when the client may forget a copy.
#include <cstring>

#include "server/kernel_test_support.h"
#include "server/unix_token.h"

namespace ntalpc::server {
namespace {

using security::Sid;
using security::Token;

const Sid kSomebody(5, {21, 1, 2, 3, 500});

class ClientTokens : public KernelTest {
  protected:
    using KernelTest::KernelTest;
    static Token token_of(const Sid& user, std::uint64_t id) {
        Token token;
        token.user = user;
        token.token_id = token.modified_id = id;
        return token;
    }
    struct Presented {
        std::int32_t status;
        std::vector<std::uint64_t> released;
    };
    Presented present(FakeThread& thread, bool of_process, std::uint64_t handle,
                      const std::vector<std::byte>& token) {
        wire::PresentToken::Request request;
        request.of_process = of_process;
        request.handle = handle;
        const auto answer = thread.call<wire::PresentToken>(request, {.token = token});
        return {answer.status, wire::items_of<std::uint64_t>(answer.blob)};
    }
    Presented impersonate(FakeThread& thread, const Token& token, std::uint64_t handle) {
        return present(thread, false, handle, security::encode(token));
    }
    static ProcessFacts unbelieved() {
        ProcessFacts facts;
        facts.believed = false;
        return facts;
    }
    Presented revert(FakeThread& thread) { return present(thread, false, 0, {}); }
};

TEST_F(ClientTokens, ThreadActsAsItsProcessUntilItImpersonates) {
    FakeThread& thread = new_process();
    FakeThread& sibling = new_thread(thread);
    const Sid own = thread.thread().effective_token().user;
    EXPECT_FALSE(thread.thread().impersonating());
    EXPECT_EQ(impersonate(thread, token_of(kSomebody, 7), 0x40).status, STATUS_SUCCESS);
    EXPECT_TRUE(thread.thread().impersonating());
    EXPECT_EQ(thread.thread().effective_token().user, kSomebody);
    EXPECT_EQ(sibling.thread().effective_token().user, own);
    EXPECT_EQ(revert(thread).status, STATUS_SUCCESS);
    EXPECT_EQ(thread.thread().effective_token().user, own);
}

TEST_F(ClientTokens, ChangedPrimaryTokenIsThatOfAllThreads) {
    FakeThread& thread = new_process();
    FakeThread& sibling = new_thread(thread);
    EXPECT_EQ(present(thread, true, 0x40, security::encode(token_of(kSomebody, 8))).status, STATUS_SUCCESS);
    EXPECT_EQ(sibling.thread().effective_token().token_id, 8u);
    EXPECT_EQ(sibling.process().token()->handle(), 0x40u);
}

TEST_F(ClientTokens, CopyIsReleasedWhenNothingRefersToItAnyMore) {
    const Pair pair = connected_pair();
    FakeThread& client = *pair.client;
    EXPECT_TRUE(impersonate(client, token_of(kSomebody, 7), 0x40).released.empty());
    EXPECT_EQ(send(client, pair.client_port, "datagram").status, STATUS_SUCCESS);
    // The queued message still needs it.
    EXPECT_TRUE(impersonate(client, token_of(kSomebody, 8), 0x44).released.empty());
    const auto received = receive(*pair.server, pair.listener);
    EXPECT_EQ(received.body.attributes.token_id, 7u);
    close(*pair.server, pair.listener);
    const std::vector<std::uint64_t> both = {0x40, 0x44};
    EXPECT_EQ(revert(client).released, both);
    EXPECT_TRUE(revert(client).released.empty());
}

TEST_F(ClientTokens, MessageCarriesTheTokenItWasSentWith) {
    const Pair pair = connected_pair();
    impersonate(*pair.client, token_of(kSomebody, 7), 0x40);
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync});
    const auto request = receive(*pair.server, pair.listener);
    EXPECT_EQ(request.body.attributes.token_id, 7u);
    wire::QueryMessage::Request query;
    query.handle = pair.listener;
    query.message_id = request.body.message.message_id;
    const auto sender = pair.server->call<wire::QueryMessage>(query);
    EXPECT_EQ(sender.body.modified_id, 7u);
}

TEST_F(ClientTokens, WhatIsNoTokenIsRefused) {
    FakeThread& thread = new_process();
    const Sid own = thread.thread().effective_token().user;
    EXPECT_EQ(present(thread, false, 0x40, std::vector<std::byte>(5)).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(present(thread, true, 0x40, {}).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(thread.thread().effective_token().user, own);
}

TEST_F(ClientTokens, ProcessOfAnotherUnixUserIsNotBelieved) {
    FakeThread& thread = new_process(unbelieved());
    const Sid own = thread.thread().effective_token().user;
    const auto thread_token = impersonate(thread, token_of(kSomebody, 7), 0x40);
    EXPECT_EQ(thread_token.status, STATUS_SUCCESS);
    EXPECT_EQ(thread_token.released, std::vector<std::uint64_t>{0x40});
    EXPECT_EQ(present(thread, true, 0x44, security::encode(token_of(kSomebody, 8))).status, STATUS_SUCCESS);
    EXPECT_EQ(thread.thread().effective_token().user, own);
}

class PoorClientTokens : public ClientTokens {
  protected:
    PoorClientTokens() : ClientTokens(QuotaLimits{.message_bytes = 4096}) {}
};

TEST_F(PoorClientTokens, TokensAreCharged) {
    FakeThread& thread = new_process();
    Token large = token_of(kSomebody, 7);
    large.default_dacl.resize(3000);
    EXPECT_EQ(impersonate(thread, large, 0x40).status, STATUS_SUCCESS);
    FakeThread& sibling = new_thread(thread);
    EXPECT_EQ(impersonate(sibling, large, 0x44).status, STATUS_QUOTA_EXCEEDED);
    EXPECT_FALSE(sibling.thread().impersonating());
    EXPECT_EQ(revert(thread).status, STATUS_SUCCESS);
    EXPECT_EQ(impersonate(sibling, large, 0x48).status, STATUS_SUCCESS);
}

TEST(UnixTokens, ServersOwnUserIsWinesUser) {
    const Token token = token_of_unix_user({1000, {100, 27}}, true, 5);
    EXPECT_EQ(token.user.to_string(), "S-1-5-21-0-0-0-1000");
    EXPECT_TRUE(token.has_enabled(security::sids::kAdministrators));
    EXPECT_TRUE(token.has_enabled(Sid(22, {2, 27})));
    EXPECT_TRUE(token.has_enabled(Sid(5, {21, 0, 0, 0, 513})))
        << "whom the default DACL of Wine's programs lets in";
    EXPECT_EQ(token.token_id, 5u);
}

TEST(UnixTokens, OthersHaveTheirUnixIdentity) {
    const Token token = token_of_unix_user({1001, {100, 27}}, false, 5);
    EXPECT_EQ(token.user.to_string(), "S-1-22-1-1001");
    EXPECT_EQ(token.default_owner, token.user);
    EXPECT_EQ(token.primary_group.to_string(), "S-1-22-2-100");
    EXPECT_TRUE(token.has_enabled(Sid(22, {2, 27})));
    EXPECT_FALSE(token.has_enabled(security::sids::kAdministrators));
    EXPECT_EQ(token.integrity, security::integrity::kMedium);
    EXPECT_FALSE(token.has_privilege(security::privilege::kImpersonate));
}

TEST(UnixTokens, RootIsAnAdministrator) {
    const Token token = token_of_unix_user({0, {0}}, false, 5);
    EXPECT_EQ(token.user.to_string(), "S-1-22-1-0");
    EXPECT_TRUE(token.has_enabled(security::sids::kAdministrators));
    EXPECT_TRUE(token.has_privilege(security::privilege::kImpersonate));
}

TEST(UnixTokens, NobodyHasMoreGroupsThanATokenHolds) {
    const Token token = token_of_unix_user({1001, std::vector<std::uint32_t>(5000, 7)}, false, 5);
    EXPECT_LE(token.groups.size(), security::kMaxTokenSids);
    EXPECT_TRUE(security::decode(security::encode(token)).has_value());
}

}  // namespace
}  // namespace ntalpc::server
