// SPDX-License-Identifier: LGPL-2.1-or-later
// A name as the calls take it, made of a text in ASCII.
#pragma once

#include <string>
#include <string_view>

#include "ntalpc/ntbase.h"

namespace ntalpc {

// A UNICODE_STRING and what it points to.
class Name {
  public:
    explicit Name(std::string_view ascii) : text_(ascii.begin(), ascii.end()) {
        string_.Length = static_cast<USHORT>(text_.size() * sizeof(WCHAR));
        string_.MaximumLength = static_cast<USHORT>(string_.Length + sizeof(WCHAR));
        string_.Buffer = text_.data();
    }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    UNICODE_STRING* get() { return &string_; }
    OBJECT_ATTRIBUTES attributes(HANDLE root = nullptr, ULONG flags = OBJ_CASE_INSENSITIVE) {
        OBJECT_ATTRIBUTES result;
        InitializeObjectAttributes(&result, &string_, flags, root, nullptr);
        return result;
    }

  private:
    std::basic_string<WCHAR> text_;
    UNICODE_STRING string_;
};

}  // namespace ntalpc
