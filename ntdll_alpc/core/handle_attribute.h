// SPDX-License-Identifier: LGPL-2.1-or-later
// The handle attribute of messages: reading it from a sender, writing it for a receiver. How the objects
// travel is in passed_handles.h.
#pragma once

#include <vector>

#include "core/passed_handles.h"
#include "generated/protocol.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

// The handles to be sent with a message whose attributes have been captured: none, one, or an array.
NTSTATUS capture_handles(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& captured,
                         std::vector<HandleToPass>* handles);

// What the attribute of a received message shall say; an object that is not asked for by its index is taken
// now. False when there is nothing to say.
bool receive_handles(const ReceivedMessage& message, const wire::MessageAttributes& attributes,
                     ALPC_HANDLE_ATTR* result);

// NtAlpcQueryInformationMessage, class AlpcMessageHandleInformation.
NTSTATUS query_handle_information(HANDLE port, PPORT_MESSAGE message, PVOID information, ULONG length,
                                  PULONG return_length);

}  // namespace ntalpc::core
