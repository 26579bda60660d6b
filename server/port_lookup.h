// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding the port that a request is about.
#pragma once

#include <cstdint>
#include <string>

#include "server/dispatch.h"
#include "server/port.h"

namespace ntalpc::server {

// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH. What the port's leases carry comes here first, so that
// the request finds everything as it is: that of the message, where the request is about one.
std::int32_t find_port(const Call& call, std::uint64_t handle, Port** port, std::uint32_t message_id = 0);
// For requests to which leases make no difference, or that see to it themselves.
std::int32_t find_port_for_messages(const Call& call, std::uint64_t handle, Port** port);

// The connection port that a name leads to, if the caller may connect to it (PORT_CONNECT). A server whose
// user is not `required_sid` (unless that is empty) gives STATUS_SERVER_SID_MISMATCH. Refusals are logged.
std::int32_t find_listener(const Call& call, const ObjectPath& path, wire::Bytes required_sid,
                           Ref<Port>* listener);

// Says in the log and in traces why a connect ends before there is a connection.
void tell_refusal(const Call& call, const ObjectPath& path, std::int32_t status);

// A name on the wire. STATUS_OBJECT_NAME_INVALID for what cannot be one.
std::int32_t read_path(wire::Bytes name, const wire::NameRoot& root, CaseRule rule, ObjectPath* path);
// By OBJ_CASE_INSENSITIVE.
CaseRule case_rule(std::uint32_t attributes);

}  // namespace ntalpc::server
