// SPDX-License-Identifier: LGPL-2.1-or-later
// The handles of a native process: numbers for the capability sockets and other descriptors it holds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "ntalpc/ntbase.h"
#include "ntalpc/passing.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::native {

// Handle values are multiples of 4 and not 0, as on Windows; a closed one is reused.
class HandleTable {
  public:
    // `type` is what an object is when it is passed on: ALPC_PORFLG_OBJECT_TYPE_*, or kPassedPort.
    NTSTATUS add(UniqueFd descriptor, HANDLE* handle, std::uint32_t type = kPassedPort);
    // STATUS_INVALID_HANDLE for what is not open.
    NTSTATUS duplicate(HANDLE handle, UniqueFd* descriptor, std::uint32_t* type = nullptr);
    NTSTATUS close(HANDLE handle);
    // The number of the socket behind a handle (core/capability_cache.h); 0 for what is not open or no
    // socket.
    std::uint64_t cookie(HANDLE handle);
    // Another number, which no table has had, after each handle that has become invalid.
    std::uint64_t version() const { return version_; }
    // In the child of a fork, whose handles would keep its parent's ports alive. The parent's lock does not
    // count.
    void forget();

    // The process's own.
    static HandleTable& instance();

  private:
    struct Entry {
        UniqueFd descriptor;
        std::uint32_t type = 0;
        std::uint64_t cookie = 0;
    };
    // The place of an open handle, or nullptr.
    Entry* find(HANDLE handle);

    static std::uint64_t new_version();

    std::atomic<std::uint64_t> version_{new_version()};
    std::mutex mutex_;
    std::vector<Entry> entries_;     // guarded by mutex_
    std::vector<std::size_t> free_;  // guarded by mutex_: indices of closed entries
};

}  // namespace ntalpc::native
