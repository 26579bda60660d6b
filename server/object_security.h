// SPDX-License-Identifier: LGPL-2.1-or-later
// The descriptors of objects: given to new ones, looked at when somebody wants access, read and changed.
#pragma once

#include <cstdint>

#include "server/directory.h"
#include "server/object.h"
#include "server/quota.h"

namespace ntalpc::server {

// What a token may do with an object of what it wants: STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD.
// Rights that objects of the type do not have are left out of what is granted.
std::int32_t check_object_access(const Object& object, const security::Token& token, std::uint32_t desired,
                                 std::uint32_t* granted);

// What the maker of an object gets of it: what it wants, whatever the descriptor says (lpc-semantics 11.3).
std::int32_t grant_to_creator(const ObjectType& type, const security::Token& token, std::uint32_t desired,
                              std::uint32_t* granted);

// Whether the token may look for names behind a directory. It needs no right where it holds the privilege to
// pass through (lpc-semantics 11.3).
bool may_traverse(const Directory& directory, const security::Token& token);

// Gives a new object, which already has its name, the descriptor that its creator wants or else the default
// one. `given` is self-relative, or empty.
std::int32_t assign_descriptor(Object& object, security::Bytes given, const security::Token& token,
                               const Ref<QuotaAccount>& payer);

// Whether an object may be made to outlive its handles: STATUS_PRIVILEGE_NOT_HELD.
std::int32_t check_permanent(std::uint32_t attributes, const security::Token& token);

}  // namespace ntalpc::server
