// SPDX-License-Identifier: LGPL-2.1-or-later
// The security attribute of messages.
#pragma once

#include "core/capture.h"

namespace ntalpc::core {

// What a sender's attribute says. A context that is still to be made needs a quality of service.
NTSTATUS capture_security_attribute(const ALPC_SECURITY_ATTR* attribute, wire::MessageAttributes* captured);
NTSTATUS capture_quality(const SECURITY_QUALITY_OF_SERVICE* quality, wire::MessageAttributes* captured);

// The level as the program wrote it, which need not be one of the enumeration.
std::uint32_t level_of(const SECURITY_QUALITY_OF_SERVICE& quality);

// Whether the server is to remember the caller's token as it is now.
bool takes_token(const wire::MessageAttributes& sent);
bool takes_token(const wire::PortAttributes& client_port);

NTSTATUS write_security_attribute(ALPC_SECURITY_ATTR* attribute, const wire::MessageAttributes& received);
// Tells the sender the handle of the context that was made for its message, if it has asked for one.
NTSTATUS write_new_context(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& sent,
                           std::uint64_t context);

}  // namespace ntalpc::core
