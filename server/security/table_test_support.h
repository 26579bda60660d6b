// SPDX-License-Identifier: LGPL-2.1-or-later
// The language of the tables in access_check_test.cc.
//
//   == text                      a block, and what documents it
//   token NAME USER [GROUP...] [clause...]
//        a group ends in ! when it is for denials only, in ~ when it is disabled, in ^ when it may own.
//        Clauses: priv:NAME,.. il:LEVEL policy:NUMBER restricted:SID,.. write-restricted container:SID
//        caps:SID,..
//   sd [o:SID] [g:SID] [dacl:null|dacl:empty] [sacl:null] [TYPE SID RIGHTS [flags:..] [cond|tail|guid];]...
//        entries of TYPE A, D, OA, OD, XA, XD, XOA, XOD, ?? go into the DACL; AU and ML into the SACL.
//   TOKEN RIGHTS RESULT          a row: RESULT is ok, denied, privilege, or the rights granted
//
// RIGHTS are joined by +: numbers in hexadecimal and the names in kRights.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ntalpc/status.h"
#include "server/security/access_check.h"

namespace ntalpc::security::table {

inline constexpr GenericMapping kMapping = {0x20001, 0x20002, 0x20004, 0x1F000F};

inline const std::map<std::string, std::uint32_t> kRights = {
    {"del", access::kDelete},         {"rc", access::kReadControl},   {"wdac", access::kWriteDac},
    {"wo", access::kWriteOwner},      {"sync", access::kSynchronize}, {"sacl", access::kSystemSecurity},
    {"max", access::kMaximumAllowed}, {"gr", access::kGenericRead},   {"gw", access::kGenericWrite},
    {"gx", access::kGenericExecute},  {"ga", access::kGenericAll},    {"nw", label::kNoWriteUp},
    {"nr", label::kNoReadUp},         {"nx", label::kNoExecuteUp},
};

inline const std::map<std::string, Sid> kSids = {
    {"u", Sid(5, {21, 1, 2, 3, 1000})},
    {"v", Sid(5, {21, 1, 2, 3, 1001})},
    {"g", Sid(5, {21, 1, 2, 3, 513})},
    {"h", Sid(5, {21, 1, 2, 3, 514})},
    {"WD", sids::kEveryone},
    {"AU", sids::kAuthenticatedUsers},
    {"BA", sids::kAdministrators},
    {"BU", sids::kUsers},
    {"SY", sids::kSystem},
    {"RC", sids::kRestrictedCode},
    {"WR", sids::kWriteRestrictedCode},
    {"OW", sids::kOwnerRights},
    {"CO", sids::kCreatorOwner},
    {"CG", sids::kCreatorGroup},
    {"AC", sids::kAllAppPackages},
    {"P", Sid(15, {2, 7, 7})},
    {"Q", Sid(15, {2, 8, 8})},
    {"C", Sid(15, {3, 1})},
    {"LW", Sid(16, {0x1000})},
    {"ME", Sid(16, {0x2000})},
    {"HI", Sid(16, {0x3000})},
    {"SI", Sid(16, {0x4000})},
    {"UN", Sid(16, {0})},
};

inline const std::map<std::string, std::uint64_t> kPrivileges = {
    {"security", privilege::kSecurity}, {"takeown", privilege::kTakeOwnership},
    {"restore", privilege::kRestore},   {"backup", privilege::kBackup},
    {"relabel", privilege::kRelabel},   {"debug", privilege::kDebug},
};

inline const std::map<std::string, std::uint8_t> kAceTypes = {
    {"A", ace_type::kAllowed},
    {"D", ace_type::kDenied},
    {"OA", ace_type::kAllowedObject},
    {"OD", ace_type::kDeniedObject},
    {"XA", ace_type::kAllowedCallback},
    {"XD", ace_type::kDeniedCallback},
    {"XOA", ace_type::kAllowedCallbackObject},
    {"XOD", ace_type::kDeniedCallbackObject},
    {"AU", ace_type::kAudit},
    {"ML", ace_type::kMandatoryLabel},
    {"??", 0x7F},
};

inline const std::map<std::string, std::uint8_t> kFlags = {
    {"oi", ace_flag::kObjectInherit}, {"ci", ace_flag::kContainerInherit}, {"np", ace_flag::kNoPropagate},
    {"io", ace_flag::kInheritOnly},   {"id", ace_flag::kInherited},
};

inline std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        if (!part.empty()) parts.push_back(part);
    }
    return parts;
}

template <class Value>
Value look_up(const std::map<std::string, Value>& names, const std::string& name) {
    const auto found = names.find(name);
    if (found == names.end()) ADD_FAILURE() << "the table says '" << name << "', which has no meaning";
    return found == names.end() ? Value() : found->second;
}

inline std::uint32_t rights_of(const std::string& text) {
    std::uint32_t rights = 0;
    for (const std::string& name : split(text, '+')) {
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
        const bool numeric = error == std::errc() && end == name.data() + name.size();
        rights |= numeric ? number : look_up(kRights, name);
    }
    return rights;
}

inline std::vector<SidAndAttributes> sids_of(const std::string& list) {
    std::vector<SidAndAttributes> result;
    for (const std::string& name : split(list, ','))
        result.push_back({look_up(kSids, name), group::kEnabled});
    return result;
}

// "name:value" with that name.
inline bool clause(const std::string& word, const std::string& name, std::string* value) {
    if (!word.starts_with(name + ':')) return false;
    *value = word.substr(name.size() + 1);
    return true;
}

inline void read_group(std::string word, Token* token) {
    std::uint32_t attributes = group::kEnabled;
    if (word.back() == '!') attributes = group::kUseForDenyOnly;
    if (word.back() == '~') attributes = 0;
    if (word.back() == '^') attributes = group::kEnabled | group::kOwner;
    if (attributes != group::kEnabled) word.pop_back();
    token->groups.push_back({look_up(kSids, word), attributes});
}

// From the user on.
inline Token read_token(const std::vector<std::string>& words) {
    Token token;
    std::string user = words[0], value;
    if (user.back() == '!') {
        token.user_attributes = group::kUseForDenyOnly;
        user.pop_back();
    }
    token.user = token.default_owner = look_up(kSids, user);
    token.primary_group = look_up(kSids, "g");
    for (const std::string& word : std::vector(words.begin() + 1, words.end())) {
        if (clause(word, "priv", &value)) {
            for (const std::string& name : split(value, ','))
                token.privileges.push_back({look_up(kPrivileges, name), privilege::kEnabled});
        } else if (clause(word, "held", &value)) {
            for (const std::string& name : split(value, ','))
                token.privileges.push_back({look_up(kPrivileges, name), 0});
        } else if (clause(word, "il", &value)) {
            token.integrity = look_up(kSids, value).last_part();
        } else if (clause(word, "policy", &value)) {
            token.policy = rights_of(value);
        } else if (clause(word, "restricted", &value)) {
            token.restricted_sids = sids_of(value);
        } else if (clause(word, "container", &value)) {
            token.app_container = look_up(kSids, value);
        } else if (clause(word, "caps", &value)) {
            token.capabilities = sids_of(value);
        } else if (word == "write-restricted") {
            token.write_restricted = true;
        } else {
            read_group(word, &token);
        }
    }
    return token;
}

inline void read_ace(const std::string& text, AclWriter* dacl, AclWriter* sacl) {
    static const char kCondition[] = "artx\x00\x00\x00\x00", kOtherData[] = "data";
    const auto words = split(text, ' ');
    ASSERT_GE(words.size(), 3u) << text;
    Ace ace;
    std::string value;
    ace.type = look_up(kAceTypes, words[0]);
    ace.sid = look_up(kSids, words[1]);
    ace.mask = rights_of(words[2]);
    for (const std::string& word : std::vector(words.begin() + 3, words.end())) {
        if (clause(word, "flags", &value)) {
            for (const std::string& name : split(value, ',')) ace.flags |= look_up(kFlags, name);
        } else if (word == "cond") {
            ace.tail = std::as_bytes(std::span(kCondition, 8));
        } else if (word == "data") {
            ace.tail = std::as_bytes(std::span(kOtherData, 4));
        } else if (word == "guid") {
            ace.object_type = Guid{std::byte{1}};
        } else {
            ADD_FAILURE() << "the table says '" << word << "' in " << text;
        }
    }
    (ace.type == ace_type::kAudit || ace.type == ace_type::kMandatoryLabel ? sacl : dacl)->add(ace);
}

inline SecurityDescriptor read_descriptor(const std::string& text) {
    SecurityDescriptor descriptor;
    AclWriter dacl, sacl;
    std::string value, entries;
    for (const std::string& word : split(text, ' ')) {
        if (entries.empty() && clause(word, "o", &value)) {
            descriptor.owner = look_up(kSids, value);
        } else if (entries.empty() && clause(word, "g", &value)) {
            descriptor.group = look_up(kSids, value);
        } else if (entries.empty() && word == "dacl:null") {
            descriptor.set_dacl({});
        } else if (entries.empty() && word == "sacl:null") {
            descriptor.set_sacl({});
        } else if (entries.empty() && word == "dacl:empty") {
            descriptor.set_dacl(*dacl.finish());
        } else {
            entries += word + ' ';
        }
    }
    for (const std::string& entry : split(entries, ';')) {
        if (entry.find_first_not_of(' ') != std::string::npos) read_ace(entry, &dacl, &sacl);
    }
    if (dacl.count() != 0) descriptor.set_dacl(*dacl.finish());
    if (sacl.count() != 0) descriptor.set_sacl(*sacl.finish());
    return descriptor;
}

inline std::string text_of(const AccessDecision& decision) {
    if (decision.status == STATUS_ACCESS_DENIED) return "denied";
    if (decision.status == STATUS_PRIVILEGE_NOT_HELD) return "privilege";
    std::ostringstream text;
    text << std::hex << decision.granted;
    return text.str();
}

// Runs a table and says how many rows it has.
class Table {
  public:
    std::size_t run(const char* text) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) run_line(line);
        return rows_;
    }

  private:
    void run_line(const std::string& line) {
        const auto words = split(line, ' ');
        if (words.empty()) return;
        if (words[0] == "==") {
            block_ = line;
        } else if (words[0] == "token") {
            tokens_[words.at(1)] = read_token({words.begin() + 2, words.end()});
        } else if (words[0] == "sd") {
            text_ = line;
            descriptor_ = read_descriptor(line.substr(line.find("sd") + 2));
        } else {
            run_row(line, words);
        }
    }
    void run_row(const std::string& line, const std::vector<std::string>& words) {
        ASSERT_EQ(words.size(), 3u) << line;
        ASSERT_FALSE(block_.empty()) << "a row before the first block";
        ++rows_;
        const std::uint32_t desired = rights_of(words[1]);
        const auto decision = check_access(descriptor_, look_up(tokens_, words[0]), kMapping, desired);
        std::string expected = words[2];
        if (expected == "ok") {
            expected = text_of({STATUS_SUCCESS, map_generic(desired, kMapping)});
        } else if (expected != "denied" && expected != "privilege") {
            expected = text_of({STATUS_SUCCESS, rights_of(expected)});
        }
        EXPECT_EQ(text_of(decision), expected) << block_ << "\n" << text_ << "\n" << line;
        if (decision.status != STATUS_SUCCESS) {
            EXPECT_EQ(decision.granted, 0u) << line;
        }
    }

    std::map<std::string, Token> tokens_;
    SecurityDescriptor descriptor_;
    std::string block_, text_;
    std::size_t rows_ = 0;
};

}  // namespace ntalpc::security::table
