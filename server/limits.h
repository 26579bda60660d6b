// SPDX-License-Identifier: LGPL-2.1-or-later
// The limits of quota.h by name, and where they come from: what is built in, then a file, then the command
// line. doc/limits.md is the manual.
//
// "process.objects = 1000" limits each process, "user.objects = 1000" all processes of one Unix user
// together.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "server/quota.h"

namespace ntalpc::server {

struct Limits {
    QuotaLimits process;
    QuotaLimits user;
};

struct LimitName {
    const char* name;
    std::size_t QuotaLimits::*value;
    bool bytes;       // else a number
    bool of_process;  // else of users only
};

// The resources of quota.h in their order, and then what has no account.
inline constexpr std::array<LimitName, kResources + 1> kLimitNames = {{
    {"memory", &QuotaLimits::message_bytes, true, true},
    {"section-memory", &QuotaLimits::section_bytes, true, true},
    {"messages", &QuotaLimits::messages, false, true},
    {"objects", &QuotaLimits::objects, false, true},
    {"handles", &QuotaLimits::handles, false, true},
    {"connections", &QuotaLimits::connections, false, true},
    {"descriptors", &QuotaLimits::descriptors, false, true},
    {"threads", &QuotaLimits::threads, false, true},
    {"traces", &QuotaLimits::traces, false, true},
    {"processes", &QuotaLimits::processes, false, false},
    {"registrations", &QuotaLimits::registrations, false, true},
}};

// What is built in. `descriptors` is how many the server may have open: no process shall have most of them.
Limits default_limits(bool all_users, std::size_t descriptors);

// All of these return an empty string, or one sentence that says what is wrong.
// "process.objects=1000"; spaces around the equals sign do no harm.
std::string set_limit(std::string_view assignment, Limits* limits);
// Lines like that; what follows a # is a comment. One that is missing changes nothing, unless it
// `must_exist`.
std::string read_limits(const std::string& path, bool must_exist, Limits* limits);

// Where the file is: an administrator's for all users, or a user's own.
std::string limits_file(bool all_users);

// As such a file has them.
std::string text_of(const Limits& limits);

}  // namespace ntalpc::server
