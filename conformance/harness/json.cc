// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing JSON, see json.h.
#include "conformance/harness/json.h"

#include <cstdio>

namespace ntalpc::conformance {

std::string json_string(std::string_view text) {
    std::string result = "\"";
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            result += '\\';
            result += character;
        } else if (code < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof(escape), "\\u%04x", code);
            result += escape;
        } else {
            result += character;
        }
    }
    return result + "\"";
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
    return raw(name, json_string(value));
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
    if (!members_.empty()) members_ += ", ";
    members_ += json_string(name) + ": ";
    members_ += json;
    return *this;
}

void JsonList::add_raw(std::string_view json) {
    if (!elements_.empty()) elements_ += ", ";
    elements_ += json;
}

}  // namespace ntalpc::conformance
