// SPDX-License-Identifier: LGPL-2.1-or-later
// Names that begin at a directory which the program has made itself. Natively there are no such directories.
#ifdef _WIN32

#include "conformance/harness/lpc.h"
#include "conformance/harness/ports.h"

extern "C" {
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PUNICODE_STRING);
}

namespace ntalpc::conformance {
namespace {

constexpr ACCESS_MASK directory_all_access = STANDARD_RIGHTS_REQUIRED | 0xF;
constexpr ACCESS_MASK link_all_access = STANDARD_RIGHTS_REQUIRED | 0x1;

// Any handle closes itself as Port. Who may make directories and links differs between Windows versions.
Port made(NTSTATUS status, Port handle, const std::string& what) {
    if (status != STATUS_SUCCESS) throw CannotTest{what + " cannot be made: " + describe_status(status)};
    return handle;
}

Port make_directory(const std::string& path, HANDLE root = nullptr) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes(root);
    Port directory;
    const NTSTATUS status = NtCreateDirectoryObject(directory.put(), directory_all_access, &attributes);
    return made(status, std::move(directory), path);
}

Port make_unnamed_directory() {
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    Port directory;
    const NTSTATUS status = NtCreateDirectoryObject(directory.put(), directory_all_access, &attributes);
    return made(status, std::move(directory), "an unnamed directory");
}

Port make_link(const std::string& leaf, HANDLE root, const std::string& target_path) {
    Name name(leaf), target(target_path);
    OBJECT_ATTRIBUTES attributes = name.attributes(root);
    Port link;
    const NTSTATUS status =
        NtCreateSymbolicLinkObject(link.put(), link_all_access, &attributes, target.get());
    return made(status, std::move(link), leaf);
}

std::string leaf_of(const std::string& path) {
    return path.substr(path.rfind('\\') + 1);
}
std::string directory_path() {
    return "\\BaseNamedObjects\\" + leaf_of(port_name());
}

NTSTATUS create_in(Port& port, HANDLE directory, const std::string& path) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes(directory);
    ALPC_PORT_ATTRIBUTES port_flags = port_attributes();
    return api().NtAlpcCreatePort(port.put(), &attributes, &port_flags);
}

// Without waiting for the answer: whether the name leads to a port.
NTSTATUS connect_in(Port& client, HANDLE directory, const std::string& path) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes(directory);
    ALPC_PORT_ATTRIBUTES port_flags = port_attributes();
    return api().NtAlpcConnectPortEx(
        client.put(), &attributes, POBJECT_ATTRIBUTES{}, &port_flags, ULONG{0}, PSECURITY_DESCRIPTOR{},
        PPORT_MESSAGE{}, PSIZE_T{}, PALPC_MESSAGE_ATTRIBUTES{}, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

void expect_connection_request(const Port& listener) {
    Message<> message;
    EXPECT_STATUS(STATUS_SUCCESS, receive(listener, message));
}

ALPC_TEST(Directories, AnyHandleToAnUnnamedDirectoryLeadsToThePort, "C09", "OVMM", high) {
    const Port directory = make_unnamed_directory();
    Port other, listener, client;
    ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), directory.get(), GetCurrentProcess(), other.put(), 0,
                                FALSE, DUPLICATE_SAME_ACCESS));
    ASSERT_STATUS(STATUS_SUCCESS, create_in(listener, directory.get(), "port"));
    EXPECT_STATUS(STATUS_SUCCESS, connect_in(client, other.get(), "port"));
    expect_connection_request(listener);
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, connect_in(client, directory.get(), "none\\port"));
}

ALPC_TEST(Directories, UnnamedDirectoriesAreApart, "C09", "OVMM", high) {
    const Port one = make_unnamed_directory(), two = make_unnamed_directory();
    Port first, second, third, client;
    ASSERT_STATUS(STATUS_SUCCESS, create_in(first, one.get(), "port"));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect_in(client, two.get(), "port"));
    ASSERT_STATUS(STATUS_SUCCESS, create_in(second, two.get(), "port"));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create_in(third, two.get(), "port"));
    EXPECT_STATUS(STATUS_SUCCESS, connect_in(client, two.get(), "port"));
    expect_connection_request(second);
    Message<> message;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(first, message, nullptr, at_once));
}

ALPC_TEST(Directories, APortInANamedOneHasAWholePathToo, "A005", "ReactOS", high) {
    const Port directory = make_directory(directory_path());
    Port listener, whole, client, other;
    ASSERT_STATUS(STATUS_SUCCESS, create_in(listener, directory.get(), "port"));
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, directory_path() + "\\port"));
    expect_connection_request(listener);
    ASSERT_STATUS(STATUS_SUCCESS, create_in(whole, nullptr, directory_path() + "\\whole"));
    EXPECT_STATUS(STATUS_SUCCESS, connect_in(other, directory.get(), "whole"));
    expect_connection_request(whole);
}

ALPC_TEST(Directories, AnEmptyOneIsThereAllTheSame, "A004", "ReactOS", high) {
    const Port directory = make_directory(directory_path());
    Port client;
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect_in(client, directory.get(), "none"));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, directory_path() + "\\none"));
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, connect(client, directory_path() + "\\no\\none"));
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, create_in(client, nullptr, directory_path() + "\\no\\port"));
}

ALPC_TEST(Directories, OneInAnother, "A005", "ReactOS", high) {
    const Port outer = make_directory(directory_path());
    const Port inner = make_directory("inner", outer.get());
    Port listener, client;
    ASSERT_STATUS(STATUS_SUCCESS, create_in(listener, inner.get(), "port"));
    EXPECT_STATUS(STATUS_SUCCESS, connect_in(client, outer.get(), "inner\\port"));
    expect_connection_request(listener);
}

ALPC_TEST(Directories, LinksOfTheProgramAreFollowed, "section 14", "ReactOS", high) {
    const Port directory = make_directory(directory_path());
    const Port link = make_link("link", directory.get(), "\\RPC Control");
    const Port listener = create_port(port_name());
    Port client;
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, directory_path() + "\\link\\" + leaf_of(port_name())));
    expect_connection_request(listener);
}

ALPC_TEST(Directories, LegacyPortsStandInThemToo, "A005", "ReactOS", high) {
    const Port directory = make_directory(directory_path());
    const Port listener = lpc::create_port("port", {.root = directory.get()});
    auto connecting = lpc::connect_in_thread(directory_path() + "\\port");
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, message));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

ALPC_TEST(Directories, WhatIsNoneIsNoRoot, "section 14", "ReactOS", medium) {
    const Port event{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
    Port port;
    EXPECT_STATUS(STATUS_INVALID_HANDLE, create_in(port, event.get(), "port"));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, create_in(port, reinterpret_cast<HANDLE>(0x7FF0), "port"));
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, create_in(port, event.get(), "\\port"));
}

}  // namespace
}  // namespace ntalpc::conformance

#endif
