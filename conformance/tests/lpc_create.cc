// SPDX-License-Identifier: LGPL-2.1-or-later
// Making legacy connection ports: names, attributes, limits, and the end of a name. Where versions of Windows
// differ (the limits), a test accepts what any of them does.
#include <cstring>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

// What NtQueryObject tells about any object first.
struct BasicFacts {
    ULONG attributes;
    ACCESS_MASK granted_access;
    ULONG handles, references;
    ULONG reserved[10];
};

ALPC_TEST(LpcCreate, HandleHasAllAccess, "A001", "ReactOS", high) {
    const Port port = lpc::create_port(port_name());
    BasicFacts facts{};
    ULONG length = 0;
    ASSERT_STATUS(STATUS_SUCCESS,
                  NtQueryObject(port.get(), ObjectBasicInformation, &facts, sizeof(facts), &length));
    EXPECT_EQ(facts.granted_access, ACCESS_MASK{0x1F0001});
}

ALPC_TEST(LpcCreate, NameThatIsTaken, "A002", "Wine test variant, ReactOS", high) {
    const Port first = lpc::create_port(port_name());
    HANDLE second = lpc::untouched_handle();
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, lpc::create(&second, port_name()));
    EXPECT_EQ(second, lpc::untouched_handle());
}

ALPC_TEST(LpcCreate, NameWithoutBackslash, "A003", "ReactOS", high) {
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, lpc::create(port.put(), "ntalpc-test"));
}

ALPC_TEST(LpcCreate, NameInADirectoryThatIsNotThere, "A004", "ReactOS", high) {
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, lpc::create(port.put(), "\\ntalpc-no-such-directory\\port"));
}

ALPC_TEST(LpcCreate, NameWithAnEmptyComponent, "section 14", "ReactOS", medium) {
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_NAME_INVALID, lpc::create(port.put(), "\\RPC Control\\\\ntalpc-test"));
}

#ifdef _WIN32
// Opens a directory of the object manager; native programs have no call for that.
Port open_directory(const std::string& path) {
    using OpenDirectoryObject = NTSTATUS(NTAPI*)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
    const auto open = reinterpret_cast<OpenDirectoryObject>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtOpenDirectoryObject")));
    constexpr ACCESS_MASK traverse_and_create_object = 0x2 | 0x4;
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    Port directory;  // an ordinary handle that closes itself
    const NTSTATUS status = open(directory.put(), traverse_and_create_object, &attributes);
    if (status != STATUS_SUCCESS) throw CannotTest{path + " cannot be opened: " + describe_status(status)};
    return directory;
}

ALPC_TEST(LpcCreate, NameRelativeToADirectory, "A005", "ReactOS", high) {
    const Port directory = open_directory("\\BaseNamedObjects");
    const std::string leaf = port_name().substr(std::string("\\RPC Control\\").size());
    const Port port = lpc::create_port(leaf, {.root = directory.get()});
    auto connecting = lpc::connect_in_thread("\\BaseNamedObjects\\" + leaf);
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(port, message));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

ALPC_TEST(LpcCreate, AbsoluteNameWithADirectory, "A006", "ReactOS", high) {
    const Port directory = open_directory("\\BaseNamedObjects");
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD,
                  lpc::create(port.put(), "\\ntalpc-test", {.root = directory.get()}));
}
#endif

ALPC_TEST(LpcCreate, OpenIfIsNotForPorts, "A007", "ReactOS, phnt", medium) {
    Port port;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::create(port.put(), port_name(), {.attributes = OBJ_OPENIF}));
}

ALPC_TEST(LpcCreate, PermanentIsNotForPorts, "A008", "ReactOS", medium) {
    Port port;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  lpc::create(port.put(), port_name(), {.attributes = OBJ_PERMANENT}));
}

ALPC_TEST(LpcCreate, WrongLengthOfTheAttributes, "A009", "inferred", high) {
    Name name(port_name());
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.Length -= 4;
    Port port;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtCreatePort(port.put(), &attributes, 100, lpc::max_message_length, 0));
}

ALPC_TEST(LpcCreate, MessagesOf328BytesEverywhere, "A010", "Sandboxie", high) {
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::create(port.put(), port_name(), {.max_message = 328}));
}

ALPC_TEST(LpcCreate, LongerMessagesThanTheOldLimit, "A011", "ReactOS, Wine test variant", low) {
    Port port;
    EXPECT_TRUE(is_one_of(lpc::create(port.put(), port_name(), {.max_message = 649}), STATUS_SUCCESS,
                          STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4, STATUS_SECTION_TOO_BIG));
}

ALPC_TEST(LpcCreate, LongerInformationThanTheOldLimit, "A012", "ReactOS, Wine test variant", low) {
    Port port;
    EXPECT_TRUE(is_one_of(lpc::create(port.put(), port_name(), {.max_information = 521}), STATUS_SUCCESS,
                          STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_3, STATUS_SECTION_TOO_BIG));
}

ALPC_TEST(LpcCreate, NowhereToPutTheHandle, "A013", "ReactOS", high) {
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION, lpc::create(nullptr, port_name()));
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::create(port.put(), port_name()));
}

ALPC_TEST(LpcCreate, PoolUsageDoesNotMatter, "A014", "ReactOS", medium) {
    for (const ULONG usage : {0u, 0x7FFFFFFFu}) {
        Port port;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::create(port.put(), port_name(), {.max_pool = usage})) << usage;
    }
}

ALPC_TEST(LpcCreate, NamesThatDifferInCase, "A015", "inferred", high) {
    const Port first = lpc::create_port(port_name("-Abc"));
    Port second;
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, lpc::create(second.put(), port_name("-ABC")));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::create(second.put(), port_name("-ABC"), {.attributes = 0}));
}

ALPC_TEST(LpcCreate, NameEndsWithTheLastHandle, "A016", "ReactOS", high) {
    Port port = lpc::create_port(port_name());
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    HANDLE client = nullptr;
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, lpc::connect(&client, port_name()));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::create(port.put(), port_name()));
}

ALPC_TEST(LpcCreate, NameEndsWithTheLastOfTwoHandles, "A016", "ReactOS", high) {
    Port port = lpc::create_port(port_name());
    Port other(lpc::duplicate(port.get()));
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    Port second;
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, lpc::create(second.put(), port_name()));
    ASSERT_STATUS(STATUS_SUCCESS, other.close());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::create(second.put(), port_name()));
}

// Administrators may create names there, others may not.
ALPC_TEST(LpcCreate, NameInTheRoot, "A017", "Wine test", high) {
    const std::string leaf = port_name().substr(std::string("\\RPC Control\\").size());
    Port port;
    EXPECT_TRUE(is_one_of(lpc::create(port.put(), "\\" + leaf), STATUS_SUCCESS, STATUS_ACCESS_DENIED));
}

ALPC_TEST(LpcCreate, PortWithoutAName, "A018", "ReactOS, Sandboxie", low) {
    Name no_name("");
    OBJECT_ATTRIBUTES attributes = no_name.attributes();
    Port port;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtCreatePort(port.put(), &attributes, 0, lpc::max_message_length, 0));
    lpc::Message message("to itself"), received;
    const NTSTATUS status = lpc::send_datagram(port, message);
    if (!NT_SUCCESS(status)) return;  // reported of some Windows
    PVOID context = lpc::test_context();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(port, received, &context));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data(), "to itself");
    EXPECT_EQ(context, nullptr);
}

// ---- The header ----

#if defined(_WIN32) && !defined(_WIN64)
void require_64_bit_system() {
    BOOL wow64 = FALSE;
    if (!IsWow64Process(GetCurrentProcess(), &wow64) || !wow64) throw CannotTest{"this system has 32 bits"};
}
#else
void require_64_bit_system() {}
#endif

// Whatever the program: the structure of its compiler does not count.
ALPC_TEST(LpcCreate, MessagesHaveTheHeaderOf64Bits, "A158", "Wine test, phnt", high) {
    require_64_bit_system();
    const Port listener = lpc::create_port(port_name());
    char information[] = {'d', 'a', 't', 'a'};
    ULONG length = sizeof(information);
    auto connecting =
        lpc::connect_in_thread(port_name(), {.information = information, .information_length = &length});
    alignas(8) unsigned char raw[0x400] = {};
    auto* const message = reinterpret_cast<PPORT_MESSAGE>(raw);
    LARGE_INTEGER limit = relative(long_wait);
    ASSERT_STATUS(STATUS_SUCCESS, api().NtReplyWaitReceivePortEx(listener.get(), static_cast<PVOID*>(nullptr),
                                                                 PPORT_MESSAGE{}, message, &limit));
    EXPECT_EQ(raw[0], sizeof(information));
    EXPECT_EQ(raw[4], LPC_CONNECTION_REQUEST);
    EXPECT_EQ(std::memcmp(&raw[0x28], information, sizeof(information)), 0);
    HANDLE none = nullptr;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAcceptConnectPort(&none, PVOID{}, message, BOOLEAN{FALSE},
                                                            PPORT_VIEW{}, PREMOTE_PORT_VIEW{}));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

}  // namespace
}  // namespace ntalpc::conformance
