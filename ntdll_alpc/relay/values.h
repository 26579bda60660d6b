// SPDX-License-Identifier: LGPL-2.1-or-later
// Single values of a call as a relay trace shows them. What the program points to may be anything: it is read
// as the core reads arguments, and what cannot be read is said to be unreadable.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/host.h"
#include "generated/relay_table.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::relay {

inline constexpr const char* kUnreadable = "<unreadable>";

// "a=1, b=2": the fields of a structure, or the arguments of a call.
class Fields {
  public:
    Fields& add(std::string_view name, std::string_view value);
    const std::string& text() const { return text_; }
    std::string in_braces() const { return "{" + text_ + "}"; }

  private:
    std::string text_;
};

template <class T>
bool read(std::uint64_t address, T* value) {
    return address != 0 && host::copy_from_program(value, reinterpret_cast<const void*>(address), sizeof(T));
}

std::string hex_text(std::uint64_t value);
template <class Pointer>
std::string pointer_text(Pointer* value) {
    return value ? hex_text(reinterpret_cast<std::uintptr_t>(value)) : "NULL";
}
// A set of flags, with what has no name as a number at its end; or the name of the one value.
std::string named_text(std::uint32_t value, NameSet names);
// Type and flags of a PORT_MESSAGE.
std::string message_type_text(std::uint16_t type);
std::string status_text(std::int32_t status);
std::string timeout_text(std::uint64_t address);
// In quotes, with everything that would break a line escaped.
std::string string_text(std::uint64_t unicode_string);
// The beginning of `size` bytes, printable characters as they are and others as dots.
std::string data_text(std::uint64_t address, std::size_t size);
std::string sid_text(std::uint64_t address);

}  // namespace ntalpc::relay
