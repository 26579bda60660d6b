// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/access_check.h"

#include <algorithm>
#include <cstring>

#include "ntalpc/status.h"

namespace ntalpc::security {

namespace {

constexpr std::uint32_t kEverything = 0xFFFFFFFF;

bool contains(const std::vector<SidAndAttributes>& list, const Sid& sid, std::uint32_t attributes) {
    return std::any_of(list.begin(), list.end(), [&](const SidAndAttributes& entry) {
        return entry.sid == sid && (entry.attributes & attributes) != 0;
    });
}

// The SIDs that one pass over the list is about.
class Subject {
  public:
    virtual bool allowed_as(const Sid& sid) const = 0;
    virtual bool denied_as(const Sid& sid) const = 0;

  protected:
    ~Subject() = default;
};

class UserAndGroups final : public Subject {
  public:
    explicit UserAndGroups(const Token& token) : token_(token) {}
    bool allowed_as(const Sid& sid) const override { return token_.has_enabled(sid); }
    bool denied_as(const Sid& sid) const override {
        return sid == token_.user || contains(token_.groups, sid, group::kEnabled | group::kUseForDenyOnly);
    }

  private:
    const Token& token_;
};

// Restricting SIDs count whatever their attributes: they are always enabled (CreateRestrictedToken).
class RestrictedSids final : public Subject {
  public:
    explicit RestrictedSids(const Token& token) : token_(token) {}
    bool allowed_as(const Sid& sid) const override { return denied_as(sid); }
    bool denied_as(const Sid& sid) const override {
        return std::any_of(token_.restricted_sids.begin(), token_.restricted_sids.end(),
                           [&](const SidAndAttributes& entry) { return entry.sid == sid; });
    }

  private:
    const Token& token_;
};

class AppContainer final : public Subject {
  public:
    explicit AppContainer(const Token& token) : token_(token) {}
    bool allowed_as(const Sid& sid) const override { return denied_as(sid); }
    bool denied_as(const Sid& sid) const override {
        return sid == *token_.app_container || sid == sids::kAllAppPackages ||
               contains(token_.capabilities, sid, group::kEnabled);
    }

  private:
    const Token& token_;
};

bool is_condition(const Ace& ace) {
    return ace.tail.size() >= 4 && std::memcmp(ace.tail.data(), "artx", 4) == 0;
}

enum class Effect { none, allow, deny };

Effect effect_of(const Ace& ace) {
    if (!ace.known || ace.has(ace_flag::kInheritOnly)) return Effect::none;
    switch (ace.type) {
        case ace_type::kAllowed:
            return Effect::allow;
        case ace_type::kDenied:
            return Effect::deny;
        case ace_type::kAllowedObject:
            return ace.object_type ? Effect::none : Effect::allow;
        case ace_type::kDeniedObject:
            return ace.object_type ? Effect::none : Effect::deny;
        case ace_type::kDeniedCallback:
            return is_condition(ace) ? Effect::deny : Effect::none;
        default:
            return Effect::none;
    }
}

struct Object {
    const Sid& owner;
    const AclView& dacl;
    const GenericMapping& mapping;
};

// Entries for OWNER RIGHTS take the place of what an owner has without being named.
bool has_owner_rights_entry(const AclView& dacl) {
    return std::any_of(dacl.begin(), dacl.end(), [](const Ace& ace) {
        return effect_of(ace) != Effect::none && ace.sid == sids::kOwnerRights;
    });
}

// All that the list gives to the subject: a right belongs to the first entry that mentions it. That answers
// MAXIMUM_ALLOWED, and also a request for certain rights: it is granted if each of them is.
std::uint32_t granted_by_dacl(const Object& object, const Subject& subject) {
    std::uint32_t granted = 0, denied = 0;
    if (subject.allowed_as(object.owner) && !has_owner_rights_entry(object.dacl))
        granted = access::kReadControl | access::kWriteDac;
    for (const Ace& ace : object.dacl) {
        const Effect effect = effect_of(ace);
        if (effect == Effect::none) continue;
        const Sid& sid = ace.sid == sids::kOwnerRights ? object.owner : ace.sid;
        const std::uint32_t mask = map_generic(ace.mask, object.mapping);
        if (effect == Effect::allow && subject.allowed_as(sid)) granted |= mask & ~denied;
        if (effect == Effect::deny && subject.denied_as(sid)) denied |= mask & ~granted;
    }
    return granted;
}

std::uint32_t granted_to_all_of(const Object& object, const Token& token) {
    std::uint32_t granted = granted_by_dacl(object, UserAndGroups(token));
    if (token.restricted()) {
        // A write-restricted token needs the second opinion for writing only.
        const std::uint32_t exempt =
            token.write_restricted ? ~map_generic(access::kGenericWrite, object.mapping) : 0;
        granted &= granted_by_dacl(object, RestrictedSids(token)) | exempt;
    }
    if (token.app_container) granted &= granted_by_dacl(object, AppContainer(token));
    return granted;
}

// The rights that privileges give beside the list.
std::uint32_t granted_by_privilege(const Token& token) {
    std::uint32_t granted = 0;
    if (token.has_privilege(privilege::kTakeOwnership)) granted |= access::kWriteOwner;
    if (token.has_privilege(privilege::kSecurity)) granted |= access::kSystemSecurity;
    return granted;
}

constexpr AccessDecision kDenied = {STATUS_ACCESS_DENIED, 0};

}  // namespace

std::uint32_t allowed_by_integrity(const SecurityDescriptor& descriptor, const Token& token,
                                   const GenericMapping& mapping) {
    if ((token.policy & mandatory_policy::kNoWriteUp) == 0) return kEverything;
    std::uint32_t level = integrity::kMedium, forbidden = label::kNoWriteUp;
    if (const auto sacl = descriptor.sacl_view()) {
        const auto found = std::find_if(sacl->begin(), sacl->end(), [](const Ace& ace) {
            return ace.type == ace_type::kMandatoryLabel && !ace.has(ace_flag::kInheritOnly) &&
                   ace.sid.authority() == kLabelAuthority;
        });
        if (found != sacl->end()) {
            level = (*found).sid.last_part();
            forbidden = (*found).mask;
        }
    }
    if (token.integrity >= level) return kEverything;
    std::uint32_t allowed = 0;
    if ((forbidden & label::kNoReadUp) == 0) allowed |= mapping.read;
    if ((forbidden & label::kNoWriteUp) == 0) allowed |= mapping.write;
    if ((forbidden & label::kNoExecuteUp) == 0) allowed |= mapping.execute;
    // Who may relabel can take the object over first.
    if (token.has_privilege(privilege::kRelabel)) allowed |= access::kWriteOwner;
    return allowed;
}

AccessDecision check_access(const SecurityDescriptor& descriptor, const Token& token,
                            const GenericMapping& mapping, std::uint32_t desired) {
    const bool maximum = (desired & access::kMaximumAllowed) != 0;
    const std::uint32_t wanted = map_generic(desired, mapping) & ~access::kMaximumAllowed;
    const std::uint32_t by_privilege = granted_by_privilege(token);
    if ((wanted & ~by_privilege & access::kSystemSecurity) != 0) return {STATUS_PRIVILEGE_NOT_HELD, 0};
    const std::uint32_t by_integrity = allowed_by_integrity(descriptor, token, mapping);
    const auto dacl = descriptor.dacl_view();
    if (!dacl) {
        if ((wanted & ~by_integrity) != 0) return kDenied;
        return {STATUS_SUCCESS,
                wanted | (maximum ? map_generic(access::kGenericAll, mapping) & by_integrity : 0)};
    }
    const Sid owner = descriptor.owner.value_or(sids::kNobody);
    // ACCESS_SYSTEM_SECURITY is never in a list's gift, and is given only to those who ask for it.
    std::uint32_t grantable = granted_to_all_of({owner, *dacl, mapping}, token) & ~access::kSystemSecurity;
    grantable = (grantable | by_privilege) & by_integrity;
    if ((wanted & ~grantable) != 0) return kDenied;
    const std::uint32_t granted = maximum ? wanted | (grantable & ~access::kSystemSecurity) : wanted;
    return granted == 0 ? kDenied : AccessDecision{STATUS_SUCCESS, granted};
}

}  // namespace ntalpc::security
