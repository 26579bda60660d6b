// SPDX-License-Identifier: LGPL-2.1-or-later
// Access rights by name: MS-DTYP 2.4.3 for those that all objects have, the NT headers for those of the
// types.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace ntalpc {

struct AccessName {
    std::uint32_t right;
    const char* name;
    const char* type;  // of objects that have it, as NtQueryObject names types; nullptr: all
};

inline constexpr AccessName kAccessNames[] = {
    {0x0001, "PORT_CONNECT", "ALPC Port"},
    {0x0001, "DIRECTORY_QUERY", "Directory"},
    {0x0002, "DIRECTORY_TRAVERSE", "Directory"},
    {0x0004, "DIRECTORY_CREATE_OBJECT", "Directory"},
    {0x0008, "DIRECTORY_CREATE_SUBDIRECTORY", "Directory"},
    {0x0001, "SYMBOLIC_LINK_QUERY", "SymbolicLink"},
    {0x00010000, "DELETE", nullptr},
    {0x00020000, "READ_CONTROL", nullptr},
    {0x00040000, "WRITE_DAC", nullptr},
    {0x00080000, "WRITE_OWNER", nullptr},
    {0x00100000, "SYNCHRONIZE", nullptr},
    {0x01000000, "ACCESS_SYSTEM_SECURITY", nullptr},
    {0x02000000, "MAXIMUM_ALLOWED", nullptr},
    {0x10000000, "GENERIC_ALL", nullptr},
    {0x20000000, "GENERIC_EXECUTE", nullptr},
    {0x40000000, "GENERIC_WRITE", nullptr},
    {0x80000000, "GENERIC_READ", nullptr},
};

// "PORT_CONNECT|READ_CONTROL"; rights without a name are one hexadecimal number at the end, none is "0".
inline std::string access_text(std::uint32_t mask, std::string_view type = {}) {
    std::string text;
    const auto add = [&](const char* name) { text += (text.empty() ? "" : "|") + std::string(name); };
    for (const AccessName& access : kAccessNames) {
        if ((mask & access.right) == 0 || (access.type && type != access.type)) continue;
        add(access.name);
        mask &= ~access.right;
    }
    char rest[12];
    std::snprintf(rest, sizeof(rest), "%#x", mask);
    if (mask != 0 || text.empty()) add(rest);
    return text;
}

}  // namespace ntalpc
