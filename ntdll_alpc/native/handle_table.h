// SPDX-License-Identifier: LGPL-2.1-or-later
// The handles of a native process: numbers for the capability sockets it holds.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::native {

// Handle values are multiples of 4 and not 0, as on Windows; a closed one is reused.
class HandleTable {
  public:
    NTSTATUS add(UniqueFd descriptor, HANDLE* handle);
    // STATUS_INVALID_HANDLE for what is not open.
    NTSTATUS duplicate(HANDLE handle, UniqueFd* descriptor);
    NTSTATUS close(HANDLE handle);
    // In the child of a fork, whose handles would keep its parent's ports alive. The parent's lock does not
    // count.
    void forget();

    // The process's own.
    static HandleTable& instance();

  private:
    // The place of an open handle, or nullptr.
    UniqueFd* find(HANDLE handle);

    std::mutex mutex_;
    std::vector<UniqueFd> entries_;  // guarded by mutex_
    std::vector<std::size_t> free_;  // guarded by mutex_: indices of closed entries
};

}  // namespace ntalpc::native
