// SPDX-License-Identifier: LGPL-2.1-or-later
// What a name may consist of, and how long it may be.
#include "conformance/harness/ports.h"

namespace ntalpc::conformance {
namespace {

using Text = std::basic_string<WCHAR>;

// A name below \RPC Control that no other test has.
Text own_name(const Text& end) {
    const std::string ascii = port_name();
    return Text(ascii.begin(), ascii.end()) + end;
}

UNICODE_STRING string_of(Text& text) {
    UNICODE_STRING string;
    string.Length = string.MaximumLength = static_cast<USHORT>(text.size() * sizeof(WCHAR));
    string.Buffer = text.data();
    return string;
}

NTSTATUS create(Port& port, Text name) {
    UNICODE_STRING string = string_of(name);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &string, 0, nullptr, nullptr);
    ALPC_PORT_ATTRIBUTES flags = port_attributes();
    return api().NtAlpcCreatePort(port.put(), &attributes, &flags);
}

// Without waiting for an answer.
NTSTATUS connect(Port& port, Text name) {
    UNICODE_STRING string = string_of(name);
    ALPC_PORT_ATTRIBUTES flags = port_attributes();
    return api().NtAlpcConnectPort(port.put(), &string, POBJECT_ATTRIBUTES{}, &flags, ULONG{0}, PSID{},
                                   PPORT_MESSAGE{}, PSIZE_T{}, PALPC_MESSAGE_ATTRIBUTES{},
                                   PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

ALPC_TEST(Names, AnyCharacterButTheBackslash, "section 14", "object manager", medium) {
    const WCHAR characters[] = {1,   '\n', ' ',    '/',    ':',    '*',    '?',    '"',    '<', '|',
                                '.', 0x7F, 0x00DF, 0x20AC, 0xD800, 0xDC00, 0xFFFE, 0xFFFF, 0};
    for (const WCHAR character : characters) {
        const Text name = own_name(Text(1, character)), other = own_name(Text(1, 'x'));
        Port listener, client;
        ASSERT_STATUS(STATUS_SUCCESS, create(listener, name));
        EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, other)) << int{character};
        EXPECT_STATUS(STATUS_SUCCESS, connect(client, name)) << int{character};
        Message<> message;
        EXPECT_STATUS(STATUS_SUCCESS, receive(listener, message)) << int{character};
    }
}

ALPC_TEST(Names, ANameEndsWhereItsLengthSays, "section 14", "object manager", medium) {
    const Text with_zero = own_name({0, 'a'}), other = own_name({0, 'b'});
    Port listener, client;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, with_zero));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, other));
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, with_zero));
}

ALPC_TEST(Names, AsLongAsAStringCanBe, "section 14", "object manager", medium) {
    constexpr std::size_t most = 0x7FFE;  // a UNICODE_STRING that ends with a zero holds one more
    const Text name = own_name(Text(most - own_name({}).size(), 'n'));
    ASSERT_EQ(name.size(), most);
    Port listener, client;
    ASSERT_STATUS(STATUS_SUCCESS, create(listener, name));
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, name));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, name.substr(0, most - 1)));
}

}  // namespace
}  // namespace ntalpc::conformance
