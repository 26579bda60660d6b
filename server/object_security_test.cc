// SPDX-License-Identifier: LGPL-2.1-or-later
// What descriptors forbid clients with different tokens, and how they are read and changed.
#include "server/object_security.h"

#include <gtest/gtest.h>

#include "server/event_pair.h"
#include "server/kernel_test_support.h"
#include "server/security/security_information.h"

namespace ntalpc::server {
namespace {

namespace access = security::access;
namespace group = security::group;
namespace information = security::information;
namespace privilege = security::privilege;
namespace sids = security::sids;
using security::AclWriter;
using security::SecurityDescriptor;
using security::Sid;
using security::Token;

const Sid kAlice(5, {21, 1, 1, 1, 1000});
const Sid kBob(5, {21, 1, 1, 1, 1001});

constexpr const char16_t* kName = u"\\RPC Control\\guarded";

Token token_of(const Sid& user) {
    Token token;
    token.user = token.default_owner = user;
    token.primary_group = sids::kUsers;
    token.groups = {{sids::kEveryone, group::kEnabled}};
    token.privileges = {{privilege::kChangeNotify, privilege::kEnabled}};
    token.default_dacl = *AclWriter().allow(user, access::kGenericAll).finish();
    return token;
}

std::vector<std::byte> descriptor_with(const AclWriter& dacl) {
    SecurityDescriptor descriptor;
    descriptor.set_dacl(*dacl.finish());
    return descriptor.encode();
}

class ObjectSecurityTest : public KernelTest {
  protected:
    explicit ObjectSecurityTest(const QuotaLimits& limits = {}) : KernelTest(limits) {}

    FakeThread& process_of(const Token& token) {
        FakeThread& thread = new_process();
        thread.process().set_token(make_ref<const ClientToken>(token));
        return thread;
    }
    Answer<wire::CreatePort> create_with(FakeThread& owner, wire::Bytes descriptor,
                                         std::u16string_view name = kName) {
        wire::CreatePort::Request request;
        request.port.given = 1;
        request.port.max_message_length = 0x1000;
        return owner.call<wire::CreatePort>(request,
                                            {.name = bytes_of(name), .security_descriptor = descriptor});
    }
    std::int32_t connect_status(FakeThread& client) {
        start_connect(client, kName, 0);
        return client.take<wire::ConnectPort>().status;
    }
    Answer<wire::CreateEventPair> create_pair(FakeThread& owner, std::u16string_view name,
                                              std::uint32_t desired, wire::Bytes descriptor = {},
                                              std::uint32_t attributes = 0) {
        wire::CreateEventPair::Request request;
        request.attributes = attributes;
        request.access = desired;
        return owner.call<wire::CreateEventPair>(request,
                                                 {.name = bytes_of(name), .security_descriptor = descriptor});
    }
    Answer<wire::OpenEventPair> open_pair(FakeThread& owner, std::u16string_view name,
                                          std::uint32_t desired) {
        wire::OpenEventPair::Request request;
        request.access = desired;
        return owner.call<wire::OpenEventPair>(request, {.name = bytes_of(name)});
    }
    std::int32_t set(FakeThread& caller, std::uint64_t handle, std::uint32_t what, wire::Bytes descriptor) {
        wire::SetSecurity::Request request;
        request.handle = handle;
        request.information = what;
        return caller.call<wire::SetSecurity>(request, {.security_descriptor = descriptor}).status;
    }
    std::int32_t query_status(FakeThread& caller, std::uint64_t handle, std::uint32_t what) {
        wire::QuerySecurity::Request request;
        request.handle = handle;
        request.information = what;
        return caller.call<wire::QuerySecurity>(request).status;
    }
};

// A024: nothing is queued either.
TEST_F(ObjectSecurityTest, ConnectingNeedsPortConnect) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    const auto port = create_with(alice, descriptor_with(AclWriter().allow(kAlice, PORT_ALL_ACCESS)));
    ASSERT_EQ(port.status, STATUS_SUCCESS);
    EXPECT_EQ(connect_status(bob), STATUS_ACCESS_DENIED);
    EXPECT_EQ(receive(alice, port.body.handle).status, STATUS_TIMEOUT);
    EXPECT_EQ(connect_status(alice), STATUS_SUCCESS);
    EXPECT_EQ(kind(receive(alice, port.body.handle)), unsigned{LPC_CONNECTION_REQUEST});
}

// A025.
TEST_F(ObjectSecurityTest, ANullDaclLetsEverybodyConnect) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    SecurityDescriptor open;
    open.set_dacl({});
    ASSERT_EQ(create_with(alice, open.encode()).status, STATUS_SUCCESS);
    EXPECT_EQ(connect_status(bob), STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, WithoutADescriptorTheCreatorsDefaultCounts) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    ASSERT_EQ(create_with(alice, {}).status, STATUS_SUCCESS);
    EXPECT_EQ(connect_status(bob), STATUS_ACCESS_DENIED);
    EXPECT_EQ(connect_status(alice), STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, AThreadThatImpersonatesActsWithThatToken) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    ASSERT_EQ(create_with(alice, {}).status, STATUS_SUCCESS);
    bob.thread().set_own_token(make_ref<const ClientToken>(token_of(kAlice)));
    EXPECT_EQ(connect_status(bob), STATUS_SUCCESS);
    bob.thread().set_own_token({});
    EXPECT_EQ(connect_status(bob), STATUS_ACCESS_DENIED);
}

TEST_F(ObjectSecurityTest, AMalformedDescriptorMakesNoPort) {
    FakeThread& alice = process_of(token_of(kAlice));
    EXPECT_EQ(create_with(alice, bytes_of("no descriptor at all")).status, STATUS_UNKNOWN_REVISION);
    EXPECT_EQ(connect_status(alice), STATUS_OBJECT_NAME_NOT_FOUND);
    SecurityDescriptor foreign;
    foreign.owner = kBob;
    EXPECT_EQ(create_with(alice, foreign.encode()).status, STATUS_INVALID_OWNER);
    EXPECT_EQ(connect_status(alice), STATUS_OBJECT_NAME_NOT_FOUND);
}

// A017.
TEST_F(ObjectSecurityTest, CreatingNeedsTheRightInTheDirectory) {
    FakeThread& alice = process_of(token_of(kAlice));
    for (const char16_t* name : {u"\\mine", u"\\Windows\\mine", u"\\Sessions\\1\\Windows\\mine"})
        EXPECT_EQ(create_with(alice, {}, name).status, STATUS_ACCESS_DENIED);
    for (const char16_t* name :
         {u"\\RPC Control\\mine", u"\\BaseNamedObjects\\mine", u"\\Sessions\\1\\BaseNamedObjects\\mine"})
        EXPECT_EQ(create_with(alice, {}, name).status, STATUS_SUCCESS);
    Token administrator = token_of(kBob);
    administrator.groups.push_back({sids::kAdministrators, group::kEnabled});
    EXPECT_EQ(create_with(process_of(administrator), {}, u"\\mine").status, STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, PassingThroughADirectoryNeedsTheRightOrThePrivilege) {
    FakeThread& alice = process_of(token_of(kAlice));
    ASSERT_EQ(create_with(alice, {}).status, STATUS_SUCCESS);
    Token stranger = token_of(kAlice);
    stranger.groups.clear();
    stranger.privileges.clear();
    EXPECT_EQ(connect_status(process_of(stranger)), STATUS_ACCESS_DENIED);
    stranger.groups = {{sids::kEveryone, group::kEnabled}};
    EXPECT_EQ(connect_status(process_of(stranger)), STATUS_SUCCESS);
    stranger.groups.clear();
    stranger.privileges = {{privilege::kChangeNotify, privilege::kEnabled}};
    EXPECT_EQ(connect_status(process_of(stranger)), STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, OpeningAnEventPairGrantsWhatTheDaclDoes) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    const auto some = descriptor_with(AclWriter().allow(kBob, access::kSynchronize));
    const auto made = create_pair(alice, kName, access::kMaximumAllowed, some);
    EXPECT_EQ(made.status, STATUS_SUCCESS);
    EXPECT_EQ(made.body.access, kEventPairAllAccess);
    EXPECT_EQ(open_pair(bob, kName, access::kSynchronize).body.access, access::kSynchronize);
    EXPECT_EQ(open_pair(bob, kName, access::kMaximumAllowed).body.access, access::kSynchronize);
    EXPECT_EQ(open_pair(bob, kName, access::kGenericAll).status, STATUS_ACCESS_DENIED);
    EXPECT_EQ(open_pair(alice, kName, access::kMaximumAllowed).body.access,
              access::kReadControl | access::kWriteDac);
    EXPECT_EQ(create_pair(bob, kName, access::kDelete, {}, OBJ_OPENIF).status, STATUS_ACCESS_DENIED);
    EXPECT_EQ(open_pair(bob, kName, access::kSystemSecurity).status, STATUS_PRIVILEGE_NOT_HELD);
    EXPECT_EQ(create_pair(bob, {}, access::kSystemSecurity).status, STATUS_PRIVILEGE_NOT_HELD);
}

TEST_F(ObjectSecurityTest, ReadingAndChangingNeedTheAccessOfTheHandle) {
    FakeThread& alice = process_of(token_of(kAlice));
    const auto nobody = descriptor_with(AclWriter());
    const auto weak = create_pair(alice, {}, access::kSynchronize).body.handle;
    const auto strong = create_pair(alice, {}, access::kGenericAll).body.handle;
    EXPECT_EQ(query_status(alice, weak, information::kDacl), STATUS_ACCESS_DENIED);
    EXPECT_EQ(query_status(alice, strong, information::kDacl | information::kOwner), STATUS_SUCCESS);
    EXPECT_EQ(query_status(alice, strong, information::kSacl), STATUS_ACCESS_DENIED);
    EXPECT_EQ(set(alice, weak, information::kDacl, nobody), STATUS_ACCESS_DENIED);
    EXPECT_EQ(set(alice, strong, information::kDacl, nobody), STATUS_SUCCESS);
    EXPECT_EQ(set(alice, strong, information::kOwner, nobody), STATUS_INVALID_SECURITY_DESCR);
    EXPECT_EQ(set(alice, strong, information::kDacl, {}), STATUS_INVALID_SECURITY_DESCR);
    EXPECT_EQ(set(alice, 4711, information::kDacl, nobody), STATUS_INVALID_HANDLE);
    EXPECT_EQ(query_status(alice, 4711, information::kDacl), STATUS_INVALID_HANDLE);
}

TEST_F(ObjectSecurityTest, AChangedDaclCountsAtOnce) {
    FakeThread &alice = process_of(token_of(kAlice)), &bob = process_of(token_of(kBob));
    const auto port = create_with(alice, {}).body.handle;
    EXPECT_EQ(connect_status(bob), STATUS_ACCESS_DENIED);
    EXPECT_EQ(set(alice, port, information::kDacl,
                  descriptor_with(AclWriter().allow(sids::kEveryone, access::kGenericRead))),
              STATUS_SUCCESS);
    EXPECT_EQ(connect_status(bob), STATUS_SUCCESS);
}

// PORT_CONNECT is among what reading and writing mean for a port, so a label that forbids only writing up, as
// every object without one has, does not keep a low client out.
TEST_F(ObjectSecurityTest, ALabelKeepsOutWhoIsBelowIt) {
    Token low = token_of(kBob), high = token_of(kAlice);
    low.integrity = security::integrity::kLow;
    high.integrity = security::integrity::kHigh;
    FakeThread &alice = process_of(high), &bob = process_of(low);
    namespace label = security::label;
    for (const auto& [mask, expected] :
         {std::pair{label::kNoWriteUp, std::int32_t{STATUS_SUCCESS}},
          std::pair{label::kNoWriteUp | label::kNoReadUp | label::kNoExecuteUp, STATUS_ACCESS_DENIED}}) {
        SecurityDescriptor descriptor;
        descriptor.set_dacl(*AclWriter().allow(sids::kEveryone, access::kGenericAll).finish());
        AclWriter sacl;
        sacl.add({.type = security::ace_type::kMandatoryLabel,
                  .mask = mask,
                  .object_type = {},
                  .inherited_object_type = {},
                  .sid = Sid(16, {security::integrity::kHigh}),
                  .tail = {},
                  .body = {}});
        descriptor.set_sacl(*sacl.finish());
        const auto port = create_with(alice, descriptor.encode());
        ASSERT_EQ(port.status, STATUS_SUCCESS);
        EXPECT_EQ(connect_status(bob), expected) << mask;
        EXPECT_EQ(connect_status(alice), STATUS_SUCCESS);
        close(alice, port.body.handle);
    }
}

TEST_F(ObjectSecurityTest, AnAppContainerNeedsAnEntryOfItsOwn) {
    Token contained = token_of(kAlice);
    contained.app_container = Sid(15, {2, 1, 2, 3, 4, 5, 6, 7});
    FakeThread &alice = process_of(token_of(kAlice)), &app = process_of(contained);
    const auto port =
        create_with(alice, descriptor_with(AclWriter().allow(sids::kEveryone, access::kGenericAll)));
    EXPECT_EQ(connect_status(app), STATUS_ACCESS_DENIED);
    EXPECT_EQ(set(alice, port.body.handle, information::kDacl,
                  descriptor_with(AclWriter()
                                      .allow(sids::kEveryone, access::kGenericAll)
                                      .allow(sids::kAllAppPackages, access::kGenericRead))),
              STATUS_SUCCESS);
    EXPECT_EQ(connect_status(app), STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, PortsOfAConnectionHaveTheDefaultUntilItIsChanged) {
    const Pair pair = connected_pair();
    EXPECT_EQ(query_status(*pair.client, pair.client_port, information::kOwner | information::kDacl),
              STATUS_SUCCESS);
    EXPECT_EQ(set(*pair.server, pair.server_port, information::kDacl, descriptor_with(AclWriter())),
              STATUS_SUCCESS);
}

TEST_F(ObjectSecurityTest, PermanentObjectsNeedThePrivilegeAndOutliveTheirHandles) {
    FakeThread& alice = process_of(token_of(kAlice));
    EXPECT_EQ(create_pair(alice, kName, access::kSynchronize, {}, OBJ_PERMANENT).status,
              STATUS_PRIVILEGE_NOT_HELD);
    Token system = token_of(kAlice);
    system.privileges.push_back({privilege::kCreatePermanent, privilege::kEnabled});
    FakeThread& creator = process_of(system);
    const auto made = create_pair(creator, kName, access::kSynchronize, {}, OBJ_PERMANENT);
    ASSERT_EQ(made.status, STATUS_SUCCESS);
    close(creator, made.body.handle);
    EXPECT_EQ(open_pair(alice, kName, access::kSynchronize).status, STATUS_SUCCESS);
    EXPECT_EQ(create_pair(alice, kName, access::kSynchronize).status, STATUS_OBJECT_NAME_COLLISION);
}

// The mirror is kept by what is in it, which the mirror keeps in turn.
TEST_F(ObjectSecurityTest, PermanentObjectInAMirrorEndsWithTheServer) {
    Token system = token_of(kAlice);
    system.privileges.push_back({privilege::kCreatePermanent, privilege::kEnabled});
    FakeThread& creator = process_of(system);
    constexpr std::u16string_view name = u"\\RPC Control\\mirrored\\pair";
    wire::CreateEventPair::Request request;
    request.attributes = OBJ_PERMANENT;
    request.access = access::kSynchronize;
    request.root.known = static_cast<std::uint32_t>(name.rfind(u'\\'));
    const auto made =
        creator.call<wire::CreateEventPair>(request, {.name = bytes_of(name), .security_descriptor = {}});
    ASSERT_EQ(made.status, STATUS_SUCCESS);
    close(creator, made.body.handle);
}

class DescriptorQuota : public ObjectSecurityTest {
  protected:
    DescriptorQuota() : ObjectSecurityTest({.message_bytes = 1000}) {}
};

TEST_F(DescriptorQuota, PaysForDescriptors) {
    FakeThread& alice = process_of(token_of(kAlice));
    AclWriter large;
    while (large.count() < 40) large.allow(kAlice, 1);
    EXPECT_EQ(create_with(alice, descriptor_with(large)).status, STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(alice.process().account()->message_bytes(), 0u);
    const auto port = create_with(alice, {});
    ASSERT_EQ(port.status, STATUS_SUCCESS);
    EXPECT_GT(alice.process().account()->message_bytes(), 0u);
    EXPECT_EQ(set(alice, port.body.handle, information::kDacl, descriptor_with(large)),
              STATUS_QUOTA_EXCEEDED);
    close(alice, port.body.handle);
    EXPECT_EQ(alice.process().account()->message_bytes(), 0u);
}

}  // namespace
}  // namespace ntalpc::server
