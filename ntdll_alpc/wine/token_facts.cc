// SPDX-License-Identifier: LGPL-2.1-or-later
// Wine's tokens have neither restricted SIDs nor app containers, and asking for them would only make it
// complain; so they are not asked for.
#include "wine/token_facts.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "ntalpc/status.h"
#include "server/security/token.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

using security::Sid;
using security::Token;

// TOKEN_INFORMATION_CLASS.
constexpr ULONG kTokenUser = 1;
constexpr ULONG kTokenGroups = 2;
constexpr ULONG kTokenPrivileges = 3;
constexpr ULONG kTokenOwner = 4;
constexpr ULONG kTokenPrimaryGroup = 5;
constexpr ULONG kTokenDefaultDacl = 6;
constexpr ULONG kTokenStatistics = 10;
constexpr ULONG kTokenIntegrityLevel = 25;

// TOKEN_STATISTICS.
struct Statistics {
    LUID token_id;
    LUID authentication_id;
    LARGE_INTEGER expiration_time;
    ULONG token_type, impersonation_level, dynamic_charged, dynamic_available, group_count, privilege_count;
    LUID modified_id;
};
static_assert(sizeof(Statistics) == 56);

// SID_AND_ATTRIBUTES; the SID follows further on in the same answer.
struct SidEntry {
    const std::byte* sid;
    ULONG attributes;
};

std::uint64_t to_number(const LUID& luid) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(luid.HighPart)) << 32 | luid.LowPart;
}

// The part of an answer that begins with a SID.
Sid sid_at(const std::vector<std::byte>& answer, const std::byte* place) {
    const auto offset = static_cast<std::size_t>(place - answer.data());
    if (offset >= answer.size()) return {};
    return Sid::parse(std::span(answer).subspan(offset)).value_or(Sid());
}

// Answers that begin with a pointer to a SID, or with a SID and attributes.
SidEntry first_entry(const std::vector<std::byte>& answer) {
    SidEntry entry{};
    std::memcpy(&entry, answer.data(), std::min(answer.size(), sizeof(entry)));
    return entry;
}

Sid query_sid(HANDLE token, ULONG information_class) {
    const auto answer = query_token(token, information_class);
    return answer.size() < sizeof(void*) ? Sid() : sid_at(answer, first_entry(answer).sid);
}

void read_groups(HANDLE token, Token* facts) {
    const auto answer = query_token(token, kTokenGroups);
    constexpr std::size_t head = sizeof(void*);  // the count, and padding
    ULONG count = 0;
    if (answer.size() >= head) std::memcpy(&count, answer.data(), sizeof(count));
    for (std::size_t i = 0; i < count && head + (i + 1) * sizeof(SidEntry) <= answer.size(); ++i) {
        SidEntry entry;
        std::memcpy(&entry, answer.data() + head + i * sizeof(entry), sizeof(entry));
        facts->groups.push_back({sid_at(answer, entry.sid), entry.attributes});
    }
}

void read_privileges(HANDLE token, Token* facts) {
    const auto answer = query_token(token, kTokenPrivileges);
    struct Entry {
        LUID luid;
        ULONG attributes;
    };
    ULONG count = 0;
    if (answer.size() >= sizeof(count)) std::memcpy(&count, answer.data(), sizeof(count));
    for (std::size_t i = 0; i < count && sizeof(count) + (i + 1) * sizeof(Entry) <= answer.size(); ++i) {
        Entry entry;
        std::memcpy(&entry, answer.data() + sizeof(count) + i * sizeof(entry), sizeof(entry));
        facts->privileges.push_back({to_number(entry.luid), entry.attributes});
    }
}

void read_default_dacl(HANDLE token, Token* facts) {
    const auto answer = query_token(token, kTokenDefaultDacl);
    const std::byte* const acl = answer.size() < sizeof(void*) ? nullptr : first_entry(answer).sid;
    if (!acl) return;
    const auto offset = static_cast<std::size_t>(acl - answer.data());
    std::uint16_t size = 0;  // ACL.AclSize
    if (offset + 8 > answer.size()) return;
    std::memcpy(&size, answer.data() + offset + 2, sizeof(size));
    if (size > answer.size() - offset) return;
    facts->default_dacl.assign(acl, acl + size);
}

bool read_statistics(HANDLE token, Statistics* statistics) {
    const auto answer = query_token(token, kTokenStatistics);
    if (answer.size() < sizeof(*statistics)) return false;
    std::memcpy(statistics, answer.data(), sizeof(*statistics));
    return true;
}

}  // namespace

std::vector<std::byte> query_token(HANDLE token, ULONG information_class) {
    std::vector<std::byte> answer(512);
    ULONG needed = 0;
    NTSTATUS status;
    constexpr auto too_small = static_cast<NTSTATUS>(STATUS_BUFFER_TOO_SMALL);
    while ((status = nt_query_information_token(token, information_class, answer.data(),
                                                static_cast<ULONG>(answer.size()), &needed)) == too_small &&
           needed > answer.size()) {
        answer.resize(needed);
    }
    if (!NT_SUCCESS(status)) return {};
    answer.resize(std::min<std::size_t>(needed, answer.size()));
    return answer;
}

std::vector<std::byte> encoded_token(HANDLE token) {
    Token facts;
    Statistics statistics;
    if (!read_statistics(token, &statistics)) return {};
    facts.user = query_sid(token, kTokenUser);
    read_groups(token, &facts);
    read_privileges(token, &facts);
    facts.primary_group = query_sid(token, kTokenPrimaryGroup);
    facts.default_owner = query_sid(token, kTokenOwner);
    read_default_dacl(token, &facts);
    facts.integrity = query_sid(token, kTokenIntegrityLevel).last_part();
    facts.authentication_id = to_number(statistics.authentication_id);
    facts.token_id = to_number(statistics.token_id);
    facts.modified_id = to_number(statistics.modified_id);
    facts.type = static_cast<security::TokenType>(statistics.token_type);
    if (facts.type == security::TokenType::impersonation)
        facts.level = static_cast<security::ImpersonationLevel>(statistics.impersonation_level);
    return security::encode(facts);
}

std::vector<std::byte> encoded_anonymous_token() {
    constexpr std::uint64_t anonymous_logon = 0x3E6;
    Token facts;
    facts.user = security::sids::kAnonymous;
    facts.primary_group = security::sids::kAnonymous;
    facts.default_owner = security::sids::kAnonymous;
    facts.groups = {{security::sids::kEveryone, security::group::kMandatory | security::group::kEnabled |
                                                    security::group::kEnabledByDefault}};
    facts.integrity = security::integrity::kUntrusted;
    facts.authentication_id = anonymous_logon;
    facts.type = security::TokenType::impersonation;
    return security::encode(facts);
}

host::TokenStamp stamp_of(HANDLE token) {
    Statistics statistics;
    if (!read_statistics(token, &statistics)) return {};
    return {to_number(statistics.token_id), to_number(statistics.modified_id)};
}

}  // namespace ntalpc::wine
