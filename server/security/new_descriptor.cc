// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/new_descriptor.h"

#include <algorithm>

#include "ntalpc/status.h"

namespace ntalpc::security {

namespace {

constexpr std::uint8_t kInheritFlags =
    ace_flag::kObjectInherit | ace_flag::kContainerInherit | ace_flag::kNoPropagate | ace_flag::kInheritOnly;

struct Heir {
    const Sid& owner;
    const Sid& group;
    const GenericMapping& mapping;
    bool container;
};

// CREATOR OWNER and CREATOR GROUP mean who the object belongs to.
Sid resolve_creator(const Sid& sid, const Heir& heir) {
    if (sid == sids::kCreatorOwner) return heir.owner;
    if (sid == sids::kCreatorGroup) return heir.group;
    return sid;
}

// MS-DTYP 2.5.3.4.4 and 2.5.3.4.5: what one entry of a directory's list becomes in that of a new object.
void inherit_entry(const Ace& ace, const Heir& heir, AclWriter& list) {
    const bool for_objects = ace.has(ace_flag::kObjectInherit),
               for_containers = ace.has(ace_flag::kContainerInherit);
    Ace copy = ace;
    if (!heir.container) {
        if (!for_objects) return;
        copy.flags = (ace.flags & ~kInheritFlags) | ace_flag::kInherited;
    } else if (for_containers) {
        const bool stops = ace.has(ace_flag::kNoPropagate);
        copy.flags = ((stops ? ace.flags & ~kInheritFlags : ace.flags) & ~ace_flag::kInheritOnly) |
                     ace_flag::kInherited;
        // What the children will inherit keeps its creator and its generic rights; the container itself has
        // them resolved, in an entry of its own.
        const bool effective_differs =
            resolve_creator(ace.sid, heir) != ace.sid || map_generic(ace.mask, heir.mapping) != ace.mask;
        if (!stops && effective_differs) {
            Ace for_children = copy;
            for_children.flags |= ace_flag::kInheritOnly;
            list.add(for_children);
            copy.flags &= ~kInheritFlags;
        }
    } else if (for_objects && !ace.has(ace_flag::kNoPropagate)) {
        copy.flags = ace.flags | ace_flag::kInheritOnly | ace_flag::kInherited;
        list.add(copy);
        return;
    } else {
        return;
    }
    copy.sid = resolve_creator(ace.sid, heir);
    copy.mask = map_generic(ace.mask, heir.mapping);
    list.add(copy);
}

// Nothing when there is nothing to inherit, or more than a list can hold.
std::optional<std::vector<std::byte>> inherited_list(const std::optional<AclView>& parent, const Heir& heir) {
    if (!parent) return std::nullopt;
    AclWriter list;
    for (const Ace& ace : *parent) {
        if (ace.known) inherit_entry(ace, heir, list);
    }
    return list.count() == 0 ? std::nullopt : list.finish();
}

// MS-DTYP 2.5.3.4.2: what the creator said counts, then what can be inherited, then the default.
void choose_dacl(const NewObject& object, const Heir& heir, SecurityDescriptor* made) {
    const SecurityDescriptor* const given = object.given;
    if (given && given->has(control::kDaclPresent) && !given->has(control::kDaclDefaulted)) {
        const auto list = given->dacl_view();
        made->set_dacl(list ? map_list(*list, object.mapping) : std::vector<std::byte>());
        made->control |= given->control & control::kDaclProtected;
        return;
    }
    const bool inherits = object.parent && !(given && given->has(control::kDaclProtected));
    if (inherits) {
        if (auto list = inherited_list(object.parent->dacl_view(), heir)) {
            made->set_dacl(std::move(*list));
            made->control |= control::kDaclAutoInherited & object.parent->control;
            return;
        }
    }
    if (given && given->has(control::kDaclPresent)) {
        const auto list = given->dacl_view();
        made->set_dacl(list ? map_list(*list, object.mapping) : std::vector<std::byte>());
        made->control |= control::kDaclDefaulted;
        return;
    }
    // A token without a default list leaves the object open.
    const auto list = AclView::parse(object.token.default_dacl);
    if (list) {
        made->set_dacl(map_list(*list, object.mapping));
        made->control |= control::kDaclDefaulted;
    }
}

std::vector<std::byte> label_list(std::uint32_t level) {
    AclWriter list;
    Ace ace;
    ace.type = ace_type::kMandatoryLabel;
    ace.mask = label::kNoWriteUp;
    ace.sid = Sid(kLabelAuthority, {level});
    list.add(ace);
    return *list.finish();
}

// What a process below medium integrity makes is labelled, or it could not use it itself: without a label an
// object counts as medium.
std::int32_t choose_sacl(const NewObject& object, const Heir& heir, SecurityDescriptor* made) {
    const SecurityDescriptor* const given = object.given;
    if (given && given->has(control::kSaclPresent)) {
        if (const auto list = given->sacl_view()) {
            if (const auto status = check_sacl(object.token, *list)) return status;
            made->set_sacl({list->bytes().begin(), list->bytes().end()});
        } else {
            made->set_sacl({});
        }
        made->control |= given->control & control::kSaclProtected;
        return STATUS_SUCCESS;
    }
    const bool inherits = object.parent && !(given && given->has(control::kSaclProtected));
    auto list = inherits ? inherited_list(object.parent->sacl_view(), heir) : std::nullopt;
    if (list) {
        made->set_sacl(std::move(*list));
    } else if (object.token.integrity < integrity::kMedium) {
        made->set_sacl(label_list(object.token.integrity));
    }
    return STATUS_SUCCESS;
}

}  // namespace

std::vector<std::byte> map_list(const AclView& list, const GenericMapping& mapping) {
    std::vector<std::byte> mapped(list.bytes().begin(), list.bytes().end());
    // In place, so that what is not understood stays as it is.
    for (const Ace& ace : list) {
        // Entries that are only inherited keep generic rights: their meaning depends on who inherits them.
        if (!ace.known || ace.has(ace_flag::kInheritOnly)) continue;
        const std::uint32_t mask = map_generic(ace.mask, mapping);
        const auto at = ace.body.data() - list.bytes().data();
        std::copy_n(std::as_bytes(std::span(&mask, 1)).begin(), sizeof(mask), mapped.begin() + at);
    }
    return mapped;
}

bool may_own(const Token& token, const Sid& owner) {
    if (owner == token.user && (token.user_attributes & group::kUseForDenyOnly) == 0) return true;
    const bool owning_group = std::any_of(token.groups.begin(), token.groups.end(), [&](const auto& entry) {
        return entry.sid == owner && (entry.attributes & group::kOwner) != 0 &&
               (entry.attributes & group::kUseForDenyOnly) == 0;
    });
    return owning_group || token.has_privilege(privilege::kRestore);
}

std::int32_t check_sacl(const Token& token, const AclView& sacl) {
    for (const Ace& ace : sacl) {
        if (ace.type != ace_type::kMandatoryLabel) {
            if (!token.has_privilege(privilege::kSecurity)) return STATUS_PRIVILEGE_NOT_HELD;
            continue;
        }
        if (ace.sid.authority() != kLabelAuthority || ace.sid.parts().size() != 1)
            return STATUS_INVALID_LABEL;
        const bool too_high = ace.sid.last_part() > token.integrity;
        if (too_high && !token.has_privilege(privilege::kRelabel)) return STATUS_INVALID_LABEL;
    }
    return STATUS_SUCCESS;
}

std::int32_t make_descriptor(const NewObject& object, SecurityDescriptor* made) {
    SecurityDescriptor result;
    if (object.given && object.given->owner) {
        result.owner = object.given->owner;
        if (!may_own(object.token, *result.owner)) return STATUS_INVALID_OWNER;
    } else {
        result.owner = object.token.default_owner;
        result.control |= control::kOwnerDefaulted;
    }
    if (object.given && object.given->group) {
        result.group = object.given->group;
    } else {
        result.group = object.token.primary_group;
        result.control |= control::kGroupDefaulted;
    }
    const Heir heir{*result.owner, *result.group, object.mapping, object.container};
    choose_dacl(object, heir, &result);
    if (const auto status = choose_sacl(object, heir, &result)) return status;
    *made = std::move(result);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::security
