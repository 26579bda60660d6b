// SPDX-License-Identifier: LGPL-2.1-or-later
// Security descriptors of ports and event pairs: given, default, read, changed, and what they forbid.
#include <array>
#include <cstring>
#include <vector>

#include "conformance/harness/lpc.h"
#include "conformance/harness/ports.h"

#ifdef _WIN32
extern "C" {
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, ULONG, PSECURITY_DESCRIPTOR, ULONG, PULONG);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE, ULONG, PSECURITY_DESCRIPTOR);
}
#endif

namespace ntalpc::conformance {
namespace {

constexpr ULONG owner_information = 1, group_information = 2, dacl_information = 4, sacl_information = 8;
constexpr ULONG port_connect = 1, all_rights = 0x1F0001, read_control = 0x20000, write_dac = 0x40000;
constexpr ULONG pair_all = 0x1F0000, maximum_allowed = 0x02000000;

using Bytes = std::vector<unsigned char>;

void append(Bytes& out, std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) out.push_back(static_cast<unsigned char>(byte));
}
void append_u32(Bytes& out, ULONG number) {
    append(out, {number & 0xFF, number >> 8 & 0xFF, number >> 16 & 0xFF, number >> 24});
}

const Bytes everyone = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

struct Entry {
    bool allow;
    ULONG mask;
};

// An ACL whose entries are all about everyone.
Bytes list(std::initializer_list<Entry> entries) {
    Bytes acl = {2, 0, 0, 0, static_cast<unsigned char>(entries.size()), 0, 0, 0};
    for (const Entry& entry : entries) {
        append(acl, {entry.allow ? 0u : 1u, 0, 20, 0});
        append_u32(acl, entry.mask);
        acl.insert(acl.end(), everyone.begin(), everyone.end());
    }
    acl[2] = static_cast<unsigned char>(acl.size());
    return acl;
}

// A self-relative descriptor with nothing but a DACL; an empty one is NULL.
Bytes descriptor(const Bytes& dacl) {
    Bytes result;
    append(result, {1, 0, 0x04, 0x80});
    for (int i = 0; i < 3; ++i) append_u32(result, 0);
    append_u32(result, dacl.empty() ? 0 : 20);
    result.insert(result.end(), dacl.begin(), dacl.end());
    return result;
}
const Bytes open_to_all = descriptor({});
const Bytes closed = descriptor(list({}));
const Bytes no_connect = descriptor(list({{false, port_connect}, {true, all_rights}}));

NTSTATUS create(Port& port, const std::string& path, const void* security) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.SecurityDescriptor = const_cast<void*>(security);
    ALPC_PORT_ATTRIBUTES port_limits = port_attributes();
    return api().NtAlpcCreatePort(port.put(), &attributes, &port_limits);
}

// Whether a connect gets as far as the server: its status when it does not wait for an answer.
NTSTATUS try_connect(const std::string& name) {
    Port client;
    return connect(client, name);
}

void expect_nothing_queued(const Port& listener) {
    Message<> message;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(listener, message, nullptr, at_once));
}

ALPC_TEST(Security, ConnectWithoutPortConnectIsDenied, "N24", "WI, P0", medium) {
    const std::string name = port_name();
    Port listener;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, name, no_connect.data()));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, try_connect(name));
    expect_nothing_queued(listener);
}

ALPC_TEST(Security, EmptyDaclLetsNobodyConnect, "11.3", "MS-DTYP 2.5.3.2", high) {
    const std::string name = port_name();
    Port listener;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, name, closed.data()));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, try_connect(name));
    expect_nothing_queued(listener);
}

ALPC_TEST(Security, NullDaclLetsEverybodyConnect, "11.3", "MS-DTYP 2.5.3.2", high) {
    const std::string name = port_name();
    Port listener;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, name, open_to_all.data()));
    EXPECT_STATUS(STATUS_SUCCESS, try_connect(name));
}

ALPC_TEST(Security, AbsoluteDescriptorCountsAsASelfRelativeOne, "11.3", "docs", high) {
    struct {
        UCHAR revision, padding;
        USHORT control;
        const void *owner, *group, *sacl, *dacl;
    } absolute = {1, 0, 0x0004, nullptr, nullptr, nullptr, nullptr};
    Bytes dacl = list({{false, port_connect}, {true, all_rights}});
    absolute.dacl = dacl.data();
    const std::string name = port_name();
    Port listener;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, name, &absolute));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, try_connect(name));
}

ALPC_TEST(Security, MalformedDescriptorIsRefused, "3.1", "ROS", medium) {
    struct {
        std::size_t at;
        unsigned char value;
        NTSTATUS status;
    } const damages[] = {
        {0, 2, static_cast<NTSTATUS>(STATUS_UNKNOWN_REVISION)},
        {20, 1, static_cast<NTSTATUS>(STATUS_INVALID_ACL)},       // revision of the list
        {22, 4, static_cast<NTSTATUS>(STATUS_INVALID_ACL)},       // shorter than its header
        {24, 3, static_cast<NTSTATUS>(STATUS_INVALID_ACL)},       // more entries than there are
        {28 + 2, 8, static_cast<NTSTATUS>(STATUS_INVALID_ACL)},   // an entry without room for its SID
        {28 + 9, 15, static_cast<NTSTATUS>(STATUS_INVALID_ACL)},  // a SID longer than its entry
    };
    for (const auto& damage : damages) {
        Bytes bad = no_connect;
        bad[damage.at] = damage.value;
        Port listener;
        EXPECT_STATUS(damage.status, create(listener, port_name(), bad.data()));
    }
    Bytes owner = descriptor({});
    owner[4] = 20;
    owner.insert(owner.end(), {9, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0});
    Port listener;
    EXPECT_STATUS(STATUS_INVALID_SID, create(listener, port_name(), owner.data()));
}

ALPC_TEST(Security, UnreadableDescriptorIsAnAccessViolation, "3.1", "ROS", high) {
    Port listener;
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION, create(listener, port_name(), reinterpret_cast<void*>(0x1000)));
}

// ---- Reading ----

struct Answer {
    alignas(8) std::array<unsigned char, 2048> bytes{};
    ULONG needed = 0;

    NTSTATUS ask(const Port& port, ULONG information, ULONG room = 2048) {
        return NtQuerySecurityObject(port.get(), information, bytes.data(), room, &needed);
    }
    ULONG offset(std::size_t at) const {
        ULONG value;
        std::memcpy(&value, &bytes[at], sizeof(value));
        return value;
    }
    ULONG owner() const { return offset(4); }
    ULONG group() const { return offset(8); }
    ULONG sacl() const { return offset(12); }
    ULONG dacl() const { return offset(16); }
};

ALPC_TEST(Security, DefaultDescriptorHasOwnerGroupAndDacl, "11.3", "INF", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const Port* port : {&connection.listener, &connection.server, &connection.client}) {
        Answer answer;
        ASSERT_STATUS(STATUS_SUCCESS,
                      answer.ask(*port, owner_information | group_information | dacl_information));
        EXPECT_NE(answer.owner(), 0u);
        EXPECT_NE(answer.group(), 0u);
        EXPECT_NE(answer.dacl(), 0u);
        EXPECT_EQ(answer.sacl(), 0u);
        EXPECT_EQ(answer.bytes[3] & 0x80, 0x80) << "self-relative";
    }
}

ALPC_TEST(Security, OnlyWhatIsAskedForIsAnswered, "1.6", "MSDN", high) {
    const Port port = create_port(port_name());
    Answer answer;
    ASSERT_STATUS(STATUS_SUCCESS, answer.ask(port, owner_information));
    EXPECT_NE(answer.owner(), 0u);
    EXPECT_EQ(answer.group(), 0u);
    EXPECT_EQ(answer.dacl(), 0u);
}

ALPC_TEST(Security, GivenDaclIsReadBack, "1.6", "MSDN", high) {
    Port port;
    ASSERT_STATUS(STATUS_SUCCESS, create(port, port_name(), no_connect.data()));
    Answer answer;
    ASSERT_STATUS(STATUS_SUCCESS, answer.ask(port, dacl_information));
    const Bytes expected = list({{false, port_connect}, {true, all_rights}});
    ASSERT_NE(answer.dacl(), 0u);
    EXPECT_EQ(std::memcmp(&answer.bytes[answer.dacl()], expected.data(), expected.size()), 0);
}

ALPC_TEST(Security, GenericRightsOfADaclAreMapped, "1.6", "MS-DTYP 2.5.3.4", high) {
    Port port;
    const Bytes generic = descriptor(list({{true, 0x10000000}}));
    ASSERT_STATUS(STATUS_SUCCESS, create(port, port_name(), generic.data()));
    Answer answer;
    ASSERT_STATUS(STATUS_SUCCESS, answer.ask(port, dacl_information));
    const Bytes expected = list({{true, all_rights}});
    EXPECT_EQ(std::memcmp(&answer.bytes[answer.dacl()], expected.data(), expected.size()), 0);
}

ALPC_TEST(Security, QueryWithoutRoomTellsTheRoomItNeeds, "1.6", "MSDN", high) {
    const Port port = create_port(port_name());
    Answer whole, part;
    ASSERT_STATUS(STATUS_SUCCESS, whole.ask(port, owner_information | dacl_information));
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL, part.ask(port, owner_information | dacl_information, 20));
    EXPECT_EQ(part.needed, whole.needed);
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL,
                  NtQuerySecurityObject(port.get(), owner_information, nullptr, 0, &part.needed));
}

ALPC_TEST(Security, QueryOfAuditsNeedsAnAccessThatPortsAreNotOpenedWith, "1.6", "MSDN", high) {
    const Port port = create_port(port_name());
    Answer answer;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, answer.ask(port, sacl_information));
}

// ---- Changing ----

NTSTATUS set(const Port& port, ULONG information, Bytes security) {
    return NtSetSecurityObject(port.get(), information, security.data());
}

ALPC_TEST(Security, ChangedDaclCountsForTheNextConnect, "1.6", "MSDN", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    EXPECT_STATUS(STATUS_SUCCESS, try_connect(name));
    ASSERT_STATUS(STATUS_SUCCESS, set(listener, dacl_information, no_connect));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, try_connect(name));
    ASSERT_STATUS(STATUS_SUCCESS, set(listener, dacl_information, open_to_all));
    EXPECT_STATUS(STATUS_SUCCESS, try_connect(name));
}

ALPC_TEST(Security, PartsThatAreNamedMustBeGiven, "1.6", "ROS", medium) {
    const Port port = create_port(port_name());
    EXPECT_STATUS(STATUS_INVALID_SECURITY_DESCR, set(port, owner_information, open_to_all));
    EXPECT_STATUS(STATUS_INVALID_SECURITY_DESCR, set(port, group_information, open_to_all));
    EXPECT_STATUS(STATUS_UNKNOWN_REVISION, set(port, dacl_information, Bytes(20)));
}

ALPC_TEST(Security, ConnectionOutlivesTheRightToMakeIt, "11.3", "INF", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, set(connection.listener, dacl_information, closed));
    Message<> sent("still here"), received;
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, sent.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
}

// ---- The legacy calls ----

ALPC_TEST(LpcSecurity, ConnectWithoutPortConnectIsDenied, "A024", "ROS, PHNT", high) {
    const std::string name = port_name();
    const lpc::CreateOptions waitable{.waitable = true};
    const Port listener = lpc::create_port(name, waitable);
    ASSERT_STATUS(STATUS_SUCCESS, set(listener, dacl_information, no_connect));
    Port client;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, lpc::connect(client.put(), name));
    lpc::Message message;
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(listener, message, nullptr, short_wait));
}

ALPC_TEST(LpcSecurity, DescriptorGivenAtCreationCounts, "A024", "ROS, PHNT", high) {
    const std::string path = port_name();
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.SecurityDescriptor = const_cast<unsigned char*>(no_connect.data());
    Port listener, client;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtCreatePort(listener.put(), &attributes, ULONG{100}, ULONG{200}, ULONG{0}));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, lpc::connect(client.put(), path));
}

ALPC_TEST(LpcSecurity, NullDaclLetsTheConnectReachTheServer, "A025", "docs", high) {
    const std::string path = port_name();
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.SecurityDescriptor = const_cast<unsigned char*>(open_to_all.data());
    Port listener;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtCreatePort(listener.put(), &attributes, ULONG{100}, ULONG{200}, ULONG{0}));
    Port server, client;
    lpc::add_client(listener, path, server, client, nullptr, {});
    EXPECT_NE(client.get(), nullptr);
}

// ---- Event pairs: the access of a handle is what the descriptor grants ----

struct PairCalls {
    EntryPoint<decltype(&::NtCreateEventPair)> NtCreateEventPair;
    EntryPoint<decltype(&::NtOpenEventPair)> NtOpenEventPair;
};
const PairCalls& pairs() {
#ifdef _WIN32
    static const PairCalls table = {{"NtCreateEventPair", find_entry_point("NtCreateEventPair")},
                                    {"NtOpenEventPair", find_entry_point("NtOpenEventPair")}};
#else
    static const PairCalls table = {{"NtCreateEventPair", &::NtCreateEventPair},
                                    {"NtOpenEventPair", &::NtOpenEventPair}};
#endif
    return table;
}

NTSTATUS create_pair(Port& pair, const std::string& path, const Bytes* security, ULONG flags = 0,
                     ACCESS_MASK access = pair_all) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.Attributes |= flags;
    if (security) attributes.SecurityDescriptor = const_cast<unsigned char*>(security->data());
    return pairs().NtCreateEventPair(pair.put(), access, &attributes);
}
NTSTATUS open_pair(Port& pair, const std::string& path, ACCESS_MASK access) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    return pairs().NtOpenEventPair(pair.put(), access, &attributes);
}

ACCESS_MASK access_of(const Port& handle) {
    struct {
        ULONG attributes;
        ACCESS_MASK granted;
        ULONG others[12];
    } basic{};
    EXPECT_STATUS(STATUS_SUCCESS, NtQueryObject(handle.get(), static_cast<OBJECT_INFORMATION_CLASS>(0),
                                                &basic, sizeof(basic), nullptr));
    return basic.granted;
}

ALPC_TEST(EventPairSecurity, OpenGetsWhatTheDaclGrants, "EP2", "docs", high) {
    const std::string path = port_name();
    const Bytes some = descriptor(list({{true, SYNCHRONIZE}}));
    Port creator, other;
    ASSERT_STATUS(STATUS_SUCCESS, create_pair(creator, path, &some));
    EXPECT_EQ(access_of(creator), pair_all) << "the creator gets what it wants";
    ASSERT_STATUS(STATUS_SUCCESS, open_pair(other, path, SYNCHRONIZE));
    EXPECT_EQ(access_of(other), ACCESS_MASK{SYNCHRONIZE});
    Port more;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, open_pair(more, path, pair_all));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, create_pair(more, path, nullptr, OBJ_OPENIF));
}

ALPC_TEST(EventPairSecurity, MaximumAllowedGetsTheDaclAndTheOwnersRights, "EP2", "MS-DTYP 2.5.3.2", high) {
    const std::string path = port_name();
    const Bytes some = descriptor(list({{false, 0x10000}, {true, SYNCHRONIZE | 0x10000}}));
    Port creator, other;
    ASSERT_STATUS(STATUS_SUCCESS, create_pair(creator, path, &some));
    ASSERT_STATUS(STATUS_SUCCESS, open_pair(other, path, maximum_allowed));
    EXPECT_EQ(access_of(other), SYNCHRONIZE | read_control | write_dac);
}

ALPC_TEST(EventPairSecurity, HandleWithoutTheAccessCannotReadOrChange, "EP2", "MSDN", high) {
    const std::string path = port_name();
    Port creator, other;
    ASSERT_STATUS(STATUS_SUCCESS, create_pair(creator, path, &open_to_all));
    ASSERT_STATUS(STATUS_SUCCESS, open_pair(other, path, SYNCHRONIZE));
    Answer answer;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, answer.ask(other, dacl_information));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, set(other, dacl_information, closed));
    EXPECT_STATUS(STATUS_SUCCESS, answer.ask(creator, dacl_information));
    EXPECT_STATUS(STATUS_SUCCESS, set(creator, dacl_information, closed));
    Port third;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, open_pair(third, path, SYNCHRONIZE));
}

ALPC_TEST(EventPairSecurity, PermanentOnesNeedThePrivilege, "EP2", "docs", medium) {
    Port pair;
    EXPECT_STATUS(STATUS_PRIVILEGE_NOT_HELD, create_pair(pair, port_name(), nullptr, OBJ_PERMANENT));
}

// ---- Names ----

ALPC_TEST(Names, ObjectsOfAllTypesShareThem, "A022", "ROS", high) {
    const std::string path = port_name(), pair_path = port_name("pair");
    const Port port = create_port(path);
    Port pair, other;
    ASSERT_STATUS(STATUS_SUCCESS, create_pair(pair, pair_path, nullptr));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create_pair(other, path, nullptr));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, create_pair(other, path, nullptr, OBJ_OPENIF));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, open_pair(other, path, pair_all));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, try_connect(pair_path));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(other, pair_path, nullptr));
}

ALPC_TEST(Names, MayHoldAnyCharacterButTheSeparator, "3.1", "docs", high) {
    for (const char* odd : {" ", ".", "..", "a/b", "*?<>|\"", "a b", "\x01\x7F", "{guid}", "name."}) {
        const std::string path = port_name(odd);
        const Port port = create_port(path);
        EXPECT_STATUS(STATUS_SUCCESS, try_connect(path)) << odd;
    }
}

ALPC_TEST(Names, MayBeAsLongAsAStringCan, "3.1", "docs", medium) {
    const std::string start = port_name();
    const std::string path = start + std::string(0x7FFE - start.size(), 'x');
    const Port port = create_port(path);
    EXPECT_STATUS(STATUS_SUCCESS, try_connect(path));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, try_connect(path.substr(0, path.size() - 1)));
}

ALPC_TEST(Names, LeadThroughSymbolicLinks, "14", "docs", high) {
    const std::string name = port_name();
    const std::string leaf = name.substr(name.rfind('\\'));
    const Port port = create_port("\\BaseNamedObjects" + leaf);
    EXPECT_STATUS(STATUS_SUCCESS, try_connect("\\BaseNamedObjects\\Global" + leaf));
    EXPECT_STATUS(STATUS_SUCCESS, try_connect("\\Sessions\\BNOLINKS\\0" + leaf));
}

ALPC_TEST(Names, AreFreeWhenTheLastHandleIsClosed, "3.1", "docs", high) {
    const std::string path = port_name();
    Port first = create_port(path), second;
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(second, path, nullptr));
    ASSERT_STATUS(STATUS_SUCCESS, first.close());
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, try_connect(path));
    EXPECT_STATUS(STATUS_SUCCESS, create(second, path, nullptr));
}

}  // namespace
}  // namespace ntalpc::conformance
