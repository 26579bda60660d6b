// SPDX-License-Identifier: LGPL-2.1-or-later
// What a thread did before it sent something is done when another thread receives it, whichever way it went.
// The thread sanitizer sees only this process, and of shared memory only the place where it is mapped, so it
// must be told.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace ntalpc::core {

#ifdef __SANITIZE_THREAD__
inline char order_of_messages;
inline void order_before_send() {
    __tsan_release(&order_of_messages);
}
inline void order_after_receive() {
    __tsan_acquire(&order_of_messages);
}
#else
inline void order_before_send() {}
inline void order_after_receive() {}
#endif

}  // namespace ntalpc::core
