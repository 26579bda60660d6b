// SPDX-License-Identifier: LGPL-2.1-or-later
// Creating connection ports, and what can be asked about a port right after that.
#include "conformance/harness/ports.h"

namespace ntalpc::conformance {
namespace {

NTSTATUS create(Port& port, Name& name, ALPC_PORT_ATTRIBUTES attributes) {
    OBJECT_ATTRIBUTES object_attributes = name.attributes();
    return api().NtAlpcCreatePort(port.put(), &object_attributes, &attributes);
}

// Client and server on a port with these attributes; the client's "hello" must arrive.
void expect_usable(ALPC_PORT_ATTRIBUTES attributes, std::string_view text = "hello") {
    Connection connection;
    PairOptions options;
    options.listener = attributes;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message(text);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), text);
}

ALPC_TEST(Create, NamedPort, "C01", "P4W", high) {
    Name name(port_name());
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS, create(port, name, port_attributes(0, 0x1000)));
    EXPECT_NE(port.get(), nullptr);
}

ALPC_TEST(Create, AttributesThatAreZeroExceptForTheLength, "C02", "DWU", high) {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = 0x500;
    expect_usable(attributes);
}

ALPC_TEST(Create, PortForHeadersOnly, "C03", "LDOS", medium) {
    expect_usable(port_attributes(0, header_size), "");
}

ALPC_TEST(Create, QualityOfServiceOfZeros, "C04", "CSK, P4W", high) {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    attributes.SecurityQos = {};
    expect_usable(attributes);
}

ALPC_TEST(Create, EveryObjectTypeBit, "C05", "P4W, CSK", high) {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    attributes.DupObjectTypes = 0xFFFFFFFF;
    expect_usable(attributes);
}

ALPC_TEST(Create, UnlimitedInBothSpellings, "C06", "P4W, OVMM", high) {
    for (const SIZE_T unlimited : {SIZE_T{0xFFFFFFFF}, ~SIZE_T{0}}) {
        ALPC_PORT_ATTRIBUTES attributes = port_attributes();
        attributes.MemoryBandwidth = attributes.MaxPoolUsage = attributes.MaxSectionSize = unlimited;
        attributes.MaxViewSize = attributes.MaxTotalSectionSize = unlimited;
        expect_usable(attributes);
    }
}

ALPC_TEST(Create, NameInUse, "C07", "ERREF, object manager", medium) {
    Name name(port_name());
    Port first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create(first, name, port_attributes()));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(second, name, port_attributes()));
    EXPECT_EQ(second.get(), nullptr);
}

ALPC_TEST(Create, NameIsFreeAgainAfterClose, "C07", "object manager", medium) {
    Name name(port_name());
    Port port;
    ASSERT_STATUS(STATUS_SUCCESS, create(port, name, port_attributes()));
    EXPECT_STATUS(STATUS_SUCCESS, port.close());
    EXPECT_STATUS(STATUS_SUCCESS, create(port, name, port_attributes()));
}

ALPC_TEST(Create, NamesDoNotDifferInCaseAlone, "C07", "object manager", medium) {
    Name lower(port_name("-x")), upper(port_name("-X"));
    Port first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create(first, lower, port_attributes()));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(second, upper, port_attributes()));
}

ALPC_TEST(Create, WithoutObjectAttributes, "C08", "PHNT, WI", medium) {
    Port port;
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcCreatePort(port.put(), POBJECT_ATTRIBUTES{}, &attributes));
}

ALPC_TEST(Create, WithoutAnyAttributes, "6.1", "WineFork, ROS-tests", medium) {
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcCreatePort(port.put(), POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{}));
}

#ifdef _WIN32
ALPC_TEST(Create, NameRelativeToADirectory, "C09", "OVMM", high) {
    using CreateDirectoryObject = NTSTATUS(NTAPI*)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
    const EntryPoint<CreateDirectoryObject> create_directory(
        "NtCreateDirectoryObject",
        reinterpret_cast<CreateDirectoryObject>(reinterpret_cast<void*>(
            GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtCreateDirectoryObject"))));
    constexpr ACCESS_MASK directory_all_access = STANDARD_RIGHTS_REQUIRED | 0xF;
    Port directory;  // an ordinary handle that closes itself
    OBJECT_ATTRIBUTES unnamed{};
    unnamed.Length = sizeof(unnamed);
    ASSERT_STATUS(STATUS_SUCCESS, create_directory(directory.put(), directory_all_access, &unnamed));

    Name name("port");
    OBJECT_ATTRIBUTES attributes = name.attributes(directory.get());
    ALPC_PORT_ATTRIBUTES port_flags = port_attributes();
    Port listener, client;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcCreatePort(listener.put(), &attributes, &port_flags));
    ASSERT_STATUS(
        STATUS_SUCCESS,
        api().NtAlpcConnectPortEx(client.put(), &attributes, POBJECT_ATTRIBUTES{}, &port_flags, ULONG{0},
                                  PSECURITY_DESCRIPTOR{}, PPORT_MESSAGE{}, PSIZE_T{},
                                  PALPC_MESSAGE_ATTRIBUTES{}, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.kind(), unsigned{LPC_CONNECTION_REQUEST});
}
#endif

ALPC_TEST(Create, BasicInformation, "C11", "PHNT, ROST", medium) {
    Port port = create_port(port_name());
    ALPC_BASIC_INFORMATION information{};
    ULONG length = 0;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcQueryInformation(port.get(), AlpcBasicInformation, &information,
                                                               ULONG{sizeof(information)}, &length));
    EXPECT_EQ(length, sizeof(information));
    EXPECT_EQ(information.SequenceNo, 0u);
    EXPECT_EQ(information.PortContext, nullptr);
}

ALPC_TEST(Create, BasicInformationNeedsTheWholeBuffer, "C12", "ROST", low) {
    Port port = create_port(port_name());
    ALPC_BASIC_INFORMATION information{};
    ULONG length = 0;
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH,
                  api().NtAlpcQueryInformation(port.get(), AlpcBasicInformation, &information,
                                               ULONG{sizeof(information) - 1}, &length));
    EXPECT_EQ(length, sizeof(information));
}

ALPC_TEST(Create, ListenerNeedsNoFlagToTakeRequests, "C13", "P4W", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
}

ALPC_TEST(Create, NowhereToPutTheHandle, "5.3", "WineFork, ROS-tests", medium) {
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().NtAlpcCreatePort(PHANDLE{}, POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{}));
}

ALPC_TEST(Create, FlagOfSystemProcesses, "3.1", "WineFork", medium) {
    Name name(port_name());
    Port port;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create(port, name, port_attributes(ALPC_PORFLG_SYSTEM_PROCESS)));
}

ALPC_TEST(Create, DirectoryThatDoesNotExist, "5.3", "object manager", medium) {
    Name name("\\ntalpc-no-such-directory\\port");
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, create(port, name, port_attributes()));
}

ALPC_TEST(Create, NameThatIsNotAbsolute, "5.3", "object manager", medium) {
    Name name("not-absolute");
    Port port;
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, create(port, name, port_attributes()));
}

}  // namespace
}  // namespace ntalpc::conformance
