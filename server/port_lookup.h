// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding the port that a request is about.
#pragma once

#include <cstdint>
#include <string>

#include "server/dispatch.h"
#include "server/port.h"

namespace ntalpc::server {

// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH.
std::int32_t find_port(const Call& call, std::uint64_t handle, Port** port);

// The connection port that a name leads to, if the caller may connect to it (PORT_CONNECT). A server whose user is not
// `required_sid` (unless that is empty) gives STATUS_SERVER_SID_MISMATCH. Refusals are logged.
std::int32_t find_listener(const Call& call, wire::Bytes name, CaseRule rule, wire::Bytes required_sid,
                           Ref<Port>* listener);

// Says in the log and in traces why a connect ends before there is a connection.
void tell_refusal(const Call& call, wire::Bytes name, std::int32_t status);

// A name on the wire, and whether it can be one: STATUS_OBJECT_NAME_INVALID if not.
std::u16string text_of(wire::Bytes bytes);
std::int32_t check_name(wire::Bytes bytes);

}  // namespace ntalpc::server
