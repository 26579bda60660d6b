// SPDX-License-Identifier: LGPL-2.1-or-later
// The descriptor that a new object gets: MS-DTYP 2.5.3.4, from what its creator gave, what its directory lets
// it inherit, and the defaults of the creator's token.
#pragma once

#include <cstdint>

#include "server/security/access.h"
#include "server/security/security_descriptor.h"
#include "server/security/token.h"

namespace ntalpc::security {

struct NewObject {
    const SecurityDescriptor* parent = nullptr;  // of its directory; nullptr for an unnamed object
    const SecurityDescriptor* given = nullptr;   // by its creator
    const Token& token;
    const GenericMapping& mapping;
    bool container = false;
};

// STATUS_INVALID_OWNER for an owner that the token may not name, STATUS_PRIVILEGE_NOT_HELD for a list of
// audits without the privilege, STATUS_INVALID_LABEL for an integrity above the token's.
std::int32_t make_descriptor(const NewObject& object, SecurityDescriptor* made);

// Whether the token may make the SID an owner: MS-DTYP 2.5.3.4.1.
bool may_own(const Token& token, const Sid& owner);

// What a list of audits that somebody wants to set asks of them: nothing for mandatory labels up to their own
// integrity.
std::int32_t check_sacl(const Token& token, const AclView& sacl);

// The list with its generic rights mapped, as they are in lists of objects.
std::vector<std::byte> map_list(const AclView& list, const GenericMapping& mapping);

}  // namespace ntalpc::security
