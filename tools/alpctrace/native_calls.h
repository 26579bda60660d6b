// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls of libntalpc by name: found at run time, and called by libffi as the entry point table says.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

namespace ntalpc {

class NativeCalls {
  public:
    // Loads the library. Throws TraceError when it is not there.
    NativeCalls();

    // One argument of a call: a number or a pointer.
    struct Argument {
        std::uint64_t value;
        template <class T>
        Argument(T given) {
            if constexpr (std::is_null_pointer_v<T>) {
                value = 0;
            } else if constexpr (std::is_pointer_v<T>) {
                value = reinterpret_cast<std::uintptr_t>(given);
            } else {
                value = static_cast<std::uint64_t>(given);
            }
        }
    };
    // The status of a call with these arguments, which must be as many as the table has.
    std::int32_t operator()(const char* name, std::initializer_list<Argument> arguments) const;
    std::int32_t close(void* handle) const;

  private:
    void* find(const char* name) const;
    void* library_;
};

}  // namespace ntalpc
