// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server says that others could do, and that it is what they can do.
#include <unistd.h>

#include "server/kernel_test_support.h"
#include "server/standard_descriptors.h"
#include "server/unix_token.h"

namespace ntalpc::server {
namespace {

using security::Sid;
namespace access = security::access;

constexpr std::u16string_view kName = u"\\RPC Control\\guarded";

class AccessRequests : public KernelTest {
  protected:
    FakeThread& process_of_user(std::uint32_t user) {
        ProcessFacts facts;
        facts.unix_user = user;
        return new_process(facts);
    }
    Answer<wire::CheckAccess> ask(const Sid& sid, std::u16string_view name = kName) {
        const auto bytes = sid.bytes();
        return process_of_user(geteuid()).call<wire::CheckAccess>({}, {.name = bytes_of(name), .sid = bytes});
    }
    // A port of a process with the token that `owner` gets.
    FakeThread& create_as(const Sid& owner) {
        FakeThread& thread = new_process();
        thread.process().set_token(make_ref<const ClientToken>(token_of_sid(owner)));
        create(thread, kName);
        return thread;
    }
};

TEST_F(AccessRequests, AnOwnerMayDoAllAndAStrangerNothing) {
    const Sid owner(22, {1, 1234});
    create_as(owner);
    EXPECT_EQ(ask(owner).body.granted, PORT_ALL_ACCESS);
    EXPECT_EQ(ask(security::sids::kSystem).body.granted, PORT_ALL_ACCESS);
    const auto stranger = ask(Sid(22, {1, 4321}));
    EXPECT_EQ(stranger.status, STATUS_SUCCESS);
    EXPECT_EQ(stranger.body.found, STATUS_SUCCESS);
    EXPECT_EQ(stranger.body.granted, 0u);
}

// The answer is what a connect of that user finds.
TEST_F(AccessRequests, SaysWhatAConnectFinds) {
    create_as(kWineUser);
    for (const Sid& sid :
         {kWineUser, Sid(22, {1, 77}), security::sids::kAnonymous, Sid(5, {21, 1, 2, 3, 4})}) {
        FakeThread& client = new_process();
        client.process().set_token(make_ref<const ClientToken>(token_of_sid(sid)));
        start_connect(client, kName, 0);
        const auto status = client.take<wire::ConnectPort>().status;
        const auto answer = ask(sid).body;
        const bool allowed = answer.found == STATUS_SUCCESS && (answer.granted & PORT_CONNECT);
        EXPECT_EQ(allowed, status == STATUS_SUCCESS) << sid.to_string();
    }
}

TEST_F(AccessRequests, ADirectoryIsOpenToReaders) {
    const auto answer = ask(Sid(22, {1, 77}), u"\\RPC Control");
    EXPECT_NE(answer.body.granted & access::kReadControl, 0u);
    EXPECT_EQ(answer.body.granted & access::kWriteDac, 0u);
}

TEST_F(AccessRequests, WhatIsWrongIsSaid) {
    EXPECT_EQ(ask(kWineUser, u"\\nowhere").body.found, STATUS_OBJECT_NAME_NOT_FOUND);
    FakeThread& asking = process_of_user(geteuid());
    EXPECT_EQ(asking.call<wire::CheckAccess>({}, {.name = bytes_of(kName), .sid = bytes_of("no sid")}).status,
              STATUS_INVALID_SID);
    FakeThread& stranger = process_of_user(geteuid() + 1);
    EXPECT_EQ(stranger.call<wire::CheckAccess>({}, {.name = bytes_of(kName), .sid = {}}).status,
              STATUS_ACCESS_DENIED);
}

}  // namespace
}  // namespace ntalpc::server
