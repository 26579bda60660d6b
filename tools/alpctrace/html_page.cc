// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/html_page.h"

#include <string_view>

namespace ntalpc {

// Inside <script> only "</" could end the element early, and in JSON a slash may be escaped.
std::string html_page(const std::string& data_json) {
    constexpr std::string_view mark = "@TRACE_DATA@";
    const std::string_view page = kPageTemplate;
    const std::size_t at = page.find(mark);
    std::string out(page.substr(0, at));
    for (std::size_t i = 0; i < data_json.size(); ++i) {
        if (data_json[i] == '/' && i != 0 && data_json[i - 1] == '<') out += '\\';
        out += data_json[i];
    }
    out += page.substr(at + mark.size());
    return out;
}

}  // namespace ntalpc
