// SPDX-License-Identifier: LGPL-2.1-or-later
// Random descriptors, tokens and requests, decided by the system's NtAccessCheck and by the library. They
// must agree wherever no row of kDifferences applies. ACCESS_CHECK_SEED in the environment chooses other
// cases.
#include "server/security/differential/wine_tokens_test_support.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "server/security/access_check.h"

namespace ntalpc::security {
namespace {

constexpr int kPlainCases = 100'000;  // to which no difference applies
constexpr GenericMapping kMapping = {0x20001, 0x20002, 0x20004, 0x1F000F};
constexpr std::int32_t kSuccess = 0;

struct Case {
    SecurityDescriptor descriptor;
    const Token* token;
    std::uint32_t desired;  // may be generic

    std::uint32_t mapped() const { return map_generic(desired, kMapping); }
    bool maximum() const { return (desired & access::kMaximumAllowed) != 0; }
    bool asks(std::uint32_t right) const { return (mapped() & right) != 0; }
};

class Generator {
  public:
    Generator(std::uint32_t seed, const Token& token) : random_(seed) {
        sids_ = {token.user,   sids::kEveryone,          sids::kAdministrators,
                 sids::kUsers, sids::kCreatorOwner,      sids::kOwnerRights,
                 kStranger,    sids::kAuthenticatedUsers};
        for (const SidAndAttributes& entry : token.groups) sids_.push_back(entry.sid);
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool once_in(std::size_t chance) { return below(chance) == 0; }

    SecurityDescriptor descriptor() {
        SecurityDescriptor made;
        made.owner = once_in(4) ? sid() : kStranger;
        made.group = sid();
        if (once_in(20)) return made;
        AclWriter dacl;
        for (std::size_t entries = below(6); entries != 0; --entries) dacl.add(entry());
        made.set_dacl(once_in(20) ? std::vector<std::byte>() : *dacl.finish());
        if (once_in(20)) made.set_sacl(label());
        return made;
    }
    std::uint32_t desired() {
        if (once_in(4)) return access::kMaximumAllowed | (once_in(3) ? rights() : 0);
        return rights();
    }

  private:
    inline static const Sid kStranger{5, {21, 9, 9, 9, 9}};
    const Sid& sid() { return sids_[below(sids_.size())]; }
    std::uint32_t rights() {
        static constexpr std::uint32_t kSingle[] = {
            1,
            2,
            4,
            8,
            access::kDelete,
            access::kReadControl,
            access::kWriteDac,
            access::kWriteOwner,
            access::kSynchronize,
            access::kGenericRead,
            access::kGenericWrite,
            access::kGenericExecute,
            access::kGenericAll,
        };
        std::uint32_t result = once_in(40) ? access::kSystemSecurity : 0;
        for (std::size_t count = 1 + below(3); count != 0; --count)
            result |= kSingle[below(std::size(kSingle))];
        return result;
    }
    Ace entry() {
        static constexpr std::uint8_t kUnusual[] = {ace_type::kAllowedObject, ace_type::kDeniedObject,
                                                    ace_type::kAllowedCallback, ace_type::kDeniedCallback};
        Ace ace;
        ace.type = once_in(3) ? ace_type::kDenied : ace_type::kAllowed;
        if (once_in(60)) ace.type = kUnusual[below(std::size(kUnusual))];
        ace.flags = once_in(4) ? static_cast<std::uint8_t>(below(0x20)) : 0;
        ace.mask = rights();
        ace.sid = sid();
        return ace;
    }
    std::vector<std::byte> label() {
        Ace ace;
        ace.type = ace_type::kMandatoryLabel;
        ace.mask = static_cast<std::uint32_t>(below(8));
        ace.sid = Sid(kLabelAuthority, {static_cast<std::uint32_t>(below(6) << 12)});
        AclWriter list;
        list.add(ace);
        return *list.finish();
    }

    std::mt19937 random_;
    std::vector<Sid> sids_;
};

// ---- What the two may disagree about ----

template <class Predicate>
bool any_entry(const Case& c, Predicate predicate) {
    const auto list = c.descriptor.dacl_view();
    return list && std::any_of(list->begin(), list->end(), predicate);
}

bool has_unusual_entry(const Case& c) {
    return any_entry(c, [](const Ace& ace) { return ace.type > ace_type::kDenied; });
}
// In the version that Debian 12 has, an owner gets STANDARD_RIGHTS_REQUIRED and SYNCHRONIZE.
bool is_owners(const Case& c) {
    constexpr std::uint32_t kTooMuch = access::kDelete | access::kWriteOwner | access::kSynchronize;
    return c.token->has_enabled(*c.descriptor.owner) && c.descriptor.dacl_view() &&
           (c.maximum() || c.asks(kTooMuch));
}
bool is_labelled(const Case& c) {
    return allowed_by_integrity(c.descriptor, *c.token, kMapping) != 0xFFFFFFFF;
}
bool has_owner_rights(const Case& c) {
    return any_entry(c, [](const Ace& ace) { return ace.sid == sids::kOwnerRights; });
}
bool has_no_dacl(const Case& c) {
    return !c.descriptor.dacl_view() && (c.maximum() || c.asks(access::kSystemSecurity));
}
bool asks_for_more_than_the_maximum(const Case& c) {
    return c.maximum() && (c.mapped() & ~access::kMaximumAllowed) != 0;
}
bool takes_ownership(const Case& c) {
    return c.token->has_privilege(privilege::kTakeOwnership) && (c.maximum() || c.asks(access::kWriteOwner));
}
bool gives_system_security(const Case& c) {
    return c.maximum() &&
           any_entry(c, [](const Ace& ace) { return (ace.mask & access::kSystemSecurity) != 0; });
}
bool denies_a_group_for_denials(const Case& c) {
    return any_entry(c, [&](const Ace& ace) {
        return ace.type == ace_type::kDenied && !ace.has(ace_flag::kInheritOnly) &&
               !c.token->has_enabled(ace.sid) &&
               std::any_of(
                   c.token->groups.begin(), c.token->groups.end(), [&](const SidAndAttributes& entry) {
                       return entry.sid == ace.sid && (entry.attributes & group::kUseForDenyOnly) != 0;
                   });
    });
}
// A denial that mentions a right which the owner, or an entry before it, has given already.
bool denies_what_was_granted(const Case& c) {
    std::uint32_t granted =
        c.token->has_enabled(*c.descriptor.owner) ? access::kReadControl | access::kWriteDac : 0;
    return any_entry(c, [&](const Ace& ace) {
        if (ace.has(ace_flag::kInheritOnly)) return false;
        const std::uint32_t mask = map_generic(ace.mask, kMapping);
        if (ace.type == ace_type::kAllowed && c.token->has_enabled(ace.sid)) granted |= mask;
        return ace.type == ace_type::kDenied && (mask & granted & (c.maximum() ? ~0u : c.mapped())) != 0;
    });
}

struct Difference {
    const char* what;
    const char* documentation;
    bool (*applies)(const Case&);
    int cases = 0, disagreements = 0;
};
Difference kDifferences[] = {
    {"Wine refuses descriptors with object or callback entries", "MS-DTYP 2.4.4.1 lists them as valid",
     has_unusual_entry},
    {"Wine gives an owner all standard rights", "MS-DTYP 2.5.3.2: READ_CONTROL and WRITE_DAC", is_owners},
    {"Wine does not look at integrity levels", "MS-DTYP 2.5.3.3", is_labelled},
    {"Wine does not know OWNER RIGHTS", "MS-DTYP 2.4.2.4, S-1-3-4", has_owner_rights},
    {"without a DACL Wine grants the request as it is: MAXIMUM_ALLOWED itself, and ACCESS_SYSTEM_SECURITY to "
     "all",
     "MS-DTYP 2.5.3.2 computes the rights, and checks the privilege first", has_no_dacl},
    {"Wine does not insist on the rights asked for beside MAXIMUM_ALLOWED", "MS-DTYP 2.5.3.2",
     asks_for_more_than_the_maximum},
    {"Wine leaves SeTakeOwnershipPrivilege to the call that sets an owner", "MS-DTYP 2.5.3.2: WRITE_OWNER",
     takes_ownership},
    {"Wine lets an entry give ACCESS_SYSTEM_SECURITY", "MS-DTYP 2.4.3: only the privilege does",
     gives_system_security},
    {"Wine does not deny to a group that is for denials only", "SID attributes in an access token",
     denies_a_group_for_denials},
    {"Wine lets a denial take away what was granted before it",
     "MS-DTYP 2.5.3.2: a right that was granted is no longer asked for", denies_what_was_granted},
};

AccessDecision ask_the_system(const Case& c, HANDLE token) {
    auto bytes = c.descriptor.encode();
    GENERIC_MAPPING mapping = {kMapping.read, kMapping.write, kMapping.execute, kMapping.all};
    alignas(PRIVILEGE_SET) std::byte privileges[sizeof(PRIVILEGE_SET) + 8 * sizeof(LUID_AND_ATTRIBUTES)];
    ULONG size = sizeof(privileges);
    ACCESS_MASK granted = 0;
    NTSTATUS decision = 0;
    const NTSTATUS status =
        NtAccessCheck(bytes.data(), token, c.mapped(), &mapping, reinterpret_cast<PRIVILEGE_SET*>(privileges),
                      &size, &granted, &decision);
    if (status < 0) return {status, 0};
    return {decision, decision == kSuccess ? granted : 0};
}

std::string describe_case(const Case& c, const std::string& token) {
    std::string text = "token " + token + ", owner " + c.descriptor.owner->to_string();
    char line[64];
    std::snprintf(line, sizeof(line), ", desired %08x\n", static_cast<unsigned>(c.desired));
    text += line;
    if (const auto list = c.descriptor.dacl_view()) {
        for (const Ace& ace : *list) {
            std::snprintf(line, sizeof(line), "  type %u flags %02x mask %08x ", ace.type, ace.flags,
                          static_cast<unsigned>(ace.mask));
            text += line + ace.sid.to_string() + "\n";
        }
    }
    return text;
}

class Differential : public testing::Test {
  protected:
    void SetUp() override {
        HANDLE process = nullptr;
        ASSERT_TRUE(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &process));
        tokens_.push_back(make_token("whole", process, 0));
        tokens_.push_back(make_token("auditor", process, 0, privilege::kSecurity));
        tokens_.push_back(make_token("taker", process, 0, privilege::kTakeOwnership));
        for (unsigned without : {0x1u, 0x2u, 0x4u, 0x8u, 0x15u, 0x2Au, 0x33u, 0xFFFFu})
            tokens_.push_back(make_token("without " + std::to_string(without), process, without));
        CloseHandle(process);
    }
    void TearDown() override {
        for (const TokenPair& pair : tokens_) CloseHandle(pair.handle);
    }
    static Difference* find_difference(const Case& c) {
        const auto found = std::find_if(std::begin(kDifferences), std::end(kDifferences),
                                        [&](const Difference& difference) { return difference.applies(c); });
        return found == std::end(kDifferences) ? nullptr : found;
    }
    std::vector<TokenPair> tokens_;
};

TEST_F(Differential, AgreesWithTheSystemExceptWhereDocumented) {
    const char* const chosen = std::getenv("ACCESS_CHECK_SEED");
    const auto seed = static_cast<std::uint32_t>(chosen ? std::strtoul(chosen, nullptr, 0) : 20221);
    std::printf("seed %u\n", static_cast<unsigned>(seed));
    Generator generate(seed, tokens_[0].token);
    int plain = 0, granted = 0, failures = 0;
    while (plain < kPlainCases && failures < 10) {
        const TokenPair& pair = tokens_[generate.below(tokens_.size())];
        const Case c{generate.descriptor(), &pair.token, generate.desired()};
        const AccessDecision theirs = ask_the_system(c, pair.handle);
        const AccessDecision ours = check_access(c.descriptor, *c.token, kMapping, c.desired);
        const bool agreed = ours.status == theirs.status && ours.granted == theirs.granted;
        if (Difference* const difference = find_difference(c)) {
            ++difference->cases;
            if (!agreed) ++difference->disagreements;
            continue;
        }
        ++plain;
        if (ours.status == kSuccess) ++granted;
        if (agreed) continue;
        ++failures;
        ADD_FAILURE() << describe_case(c, pair.name) << std::hex << "the system: " << theirs.status << " "
                      << theirs.granted << ", the library: " << ours.status << " " << ours.granted;
    }
    std::printf("%6d cases decided the same, %d of them granted\n", plain - failures, granted);
    for (const Difference& difference : kDifferences) {
        std::printf("%6d of %6d otherwise: %s (%s)\n", difference.disagreements, difference.cases,
                    difference.what, difference.documentation);
    }
    // Cases that all have the same answer would prove nothing.
    EXPECT_GT(granted, kPlainCases / 10);
    EXPECT_LT(granted, kPlainCases * 9 / 10);
}

}  // namespace
}  // namespace ntalpc::security
