// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether this is compiled with a sanitizer that takes faults, system calls or memory for itself.
#pragma once

namespace ntalpc {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace ntalpc
