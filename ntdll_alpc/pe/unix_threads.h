// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads that the unix half makes: they begin here, as all threads of Wine begin in Windows code.
#pragma once

namespace ntalpc {

// Tells the unix half where.
void share_thread_start();

}  // namespace ntalpc
