// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/limits.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

namespace ntalpc::server {

namespace {

constexpr const char* kSystemFile = "/etc/ntalpc/limits.conf";

constexpr bool in_order_of_resources() {
    for (std::size_t i = 0; i < kResources; ++i) {
        if (kLimitNames[i].value != kLimitOf[i]) return false;
    }
    return true;
}
static_assert(in_order_of_resources());

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

// A number with K, M or G behind it, or "unlimited"; 0 for what is neither.
std::size_t parse_value(std::string_view text) {
    if (text == "unlimited") return kUnlimited;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error != std::errc()) return 0;
    const std::size_t shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : 64;
    return shift == 64 || value > kUnlimited >> shift ? 0 : value << shift;
}

std::size_t* find_limit(std::string_view name, Limits* limits) {
    const auto dot = name.find('.');
    if (dot == name.npos) return nullptr;
    const std::string_view whose = name.substr(0, dot);
    const auto found = std::ranges::find_if(
        kLimitNames, [&](const LimitName& known) { return known.name == name.substr(dot + 1); });
    if (found == kLimitNames.end()) return nullptr;
    if (whose == "user") return &(limits->user.*found->value);
    return whose == "process" && found->of_process ? &(limits->process.*found->value) : nullptr;
}

std::string text_of_value(const LimitName& limit, std::size_t value) {
    if (value == kUnlimited) return "unlimited";
    if (!limit.bytes) return std::to_string(value);
    for (const auto& [shift, unit] : {std::pair(30, "G"), std::pair(20, "M"), std::pair(10, "K")}) {
        if (value % (std::size_t{1} << shift) == 0) return std::to_string(value >> shift) + unit;
    }
    return std::to_string(value);
}

}  // namespace

// Users of one machine know nothing of each other and share what the server can have; one user's own server
// is shared by his programs only, each of which has its own limits.
Limits default_limits(bool all_users, std::size_t descriptors) {
    Limits limits;
    QuotaLimits& process = limits.process;
    process.objects = std::clamp<std::size_t>(descriptors / 2, 1, process.objects);
    process.descriptors = std::clamp<std::size_t>(descriptors / 8, 1, process.descriptors);
    if (all_users) {
        limits.user = process;
        limits.user.messages = process.messages / 4;
        limits.user.objects = std::min<std::size_t>(16384, process.objects);
        limits.user.handles = 32768;
        limits.user.descriptors = std::min<std::size_t>(4096, process.descriptors);
        limits.user.processes = 1024;
        return limits;
    }
    for (const LimitName& limit : kLimitNames) limits.user.*limit.value = kUnlimited;
    limits.user.traces = process.traces;
    return limits;
}

std::string set_limit(std::string_view assignment, Limits* limits) {
    const auto equals = assignment.find('=');
    const std::string name(trimmed(assignment.substr(0, equals)));
    std::size_t* const limit = find_limit(name, limits);
    if (!limit) return "'" + name + "' is no limit; alpcserver --show-limits lists them";
    const std::string text(equals == assignment.npos ? "" : trimmed(assignment.substr(equals + 1)));
    const std::size_t value = parse_value(text);
    if (value == 0) {
        return name +
               " must be a number from 1 on, with K, M or G behind it if wanted, or 'unlimited', not '" +
               text + "'";
    }
    *limit = value;
    return {};
}

std::string read_limits(const std::string& path, bool must_exist, Limits* limits) {
    std::ifstream file(path);
    if (!file) {
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        return missing && !must_exist ? "" : "cannot read " + path + ": " + std::strerror(errno);
    }
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        const std::string_view text = trimmed(std::string_view(line).substr(0, line.find('#')));
        if (text.empty()) continue;
        if (const std::string wrong = set_limit(text, limits); !wrong.empty())
            return path + ", line " + std::to_string(number) + ": " + wrong;
    }
    return file.bad() ? "cannot read " + path : "";
}

std::string limits_file(bool all_users) {
    if (all_users) return kSystemFile;
    if (const char* given = std::getenv("XDG_CONFIG_HOME"); given && *given == '/')
        return std::string(given) + "/ntalpc/limits.conf";
    const char* const home = std::getenv("HOME");
    return std::string(home && *home ? home : "") + "/.config/ntalpc/limits.conf";
}

std::string text_of(const Limits& limits) {
    std::string text;
    for (const auto& [whose, values] :
         {std::pair("process.", limits.process), std::pair("user.", limits.user)}) {
        for (const LimitName& limit : kLimitNames) {
            if (whose[0] == 'p' && !limit.of_process) continue;
            text +=
                std::string(whose) + limit.name + " = " + text_of_value(limit, values.*limit.value) + "\n";
        }
    }
    return text;
}

}  // namespace ntalpc::server
