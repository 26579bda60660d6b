// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events/text.h"

namespace ntalpc {

std::u16string utf16_of(const std::string& utf8) {
    std::u16string out;
    for (std::size_t at = 0; at < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[at]);
        const std::size_t more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        char32_t c = more == 0 ? lead : lead & (0x3F >> more);
        for (std::size_t i = 1; i <= more && at + i < utf8.size(); ++i)
            c = c << 6 | (static_cast<unsigned char>(utf8[at + i]) & 0x3F);
        at += more + 1;
        if (c >= 0x10000) out += static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10));
        out += static_cast<char16_t>(c >= 0x10000 ? 0xDC00 + (c & 0x3FF) : c);
    }
    return out;
}

}  // namespace ntalpc
