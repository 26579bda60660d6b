// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/harness/passing.h"

namespace ntalpc::conformance {

namespace {

ULONG number_of(HANDLE handle) {
    return static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(handle));
}

}  // namespace

void make_passing_connection(Connection& connection, ULONG flags) {
    PairOptions options;
    options.listener = options.server = options.client = port_attributes(flags);
    make_connection(connection, options);
}

Passing::Passing(HANDLE handle, ULONG flags, ULONG type, ACCESS_MASK access) {
    attributes_.set_valid(ALPC_MESSAGE_HANDLE_ATTRIBUTE);
    attributes_.handle() = {};
    attributes_.handle().Flags = flags;
    attributes_.handle().Handle = handle;
    attributes_.handle().ObjectType = type;
    attributes_.handle().DesiredAccess = access;
}

Passing::Passing(const std::vector<HANDLE>& handles, ULONG flags)
    : Passing(HANDLE{}, ALPC_HANDLEFLG_INDIRECT) {
    for (const HANDLE handle : handles) elements_.push_back({flags, number_of(handle), 0, 0});
    attributes_.handle().HandleAttrArray = elements_.data();
    attributes_.handle().HandleCount = static_cast<ULONG>(elements_.size());
}

NTSTATUS receive(const Port& port, Received& received) {
    return receive(port, received.message, received.attributes.get());
}

void pass_datagram(Connection& connection, HANDLE handle, Received& received) {
    Passing passing(handle);
    Message<> message("with a handle");
    ASSERT_STATUS(STATUS_SUCCESS,
                  send(connection.client, message.get(), ALPC_MSGFLG_RELEASE_MESSAGE, passing.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_TRUE(received.has_handle());
}

NTSTATUS query_handle(const Port& port, Message<>& message, ULONG index,
                      ALPC_MESSAGE_HANDLE_INFORMATION* information) {
    *information = {};
    information->Index = index;
    ULONG length = 0;
    const NTSTATUS status = api().NtAlpcQueryInformationMessage(
        port.get(), message.get(), AlpcMessageHandleInformation, static_cast<PVOID>(information),
        ULONG{sizeof(*information)}, &length);
    if (NT_SUCCESS(status)) {
        EXPECT_EQ(length, sizeof(*information));
    }
    return status;
}

Port fetch_handle(const Port& port, Message<>& message, ULONG index) {
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_STATUS(STATUS_SUCCESS, query_handle(port, message, index, &information));
    EXPECT_NE(information.Handle, 0u);
    return Port(reinterpret_cast<HANDLE>(ULONG_PTR{information.Handle}));
}

NTSTATUS give_back(const Port& port, Message<>& message) {
    auto answer = Message<>::answer(message, "");
    return send(port, answer.get(), ALPC_MSGFLG_RELEASE_MESSAGE);
}

}  // namespace ntalpc::conformance
