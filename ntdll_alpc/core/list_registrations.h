// SPDX-License-Identifier: LGPL-2.1-or-later
// The completion lists that this process has registered.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/completion_list_writer.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

// What became of the connection of a list's pump to the server.
class PumpStart {
  public:
    void tell(NTSTATUS status) {
        const std::lock_guard lock(mutex_);
        status_ = status;
        told_.notify_all();
    }
    // STATUS_TIMEOUT when that is not known in time.
    NTSTATUS wait(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        told_.wait_for(lock, limit, [this] { return status_ != STATUS_TIMEOUT; });
        return status_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable told_;
    NTSTATUS status_ = STATUS_TIMEOUT;  // guarded by mutex_
};

struct ListRegistration {
    ListRegistration(void* memory, const ListLayout& layout, std::uint32_t flags)
        : base(memory), attribute_flags(flags), writer(memory, layout, flags) {}

    void* const base;
    const std::uint32_t attribute_flags;
    std::uint32_t generation = 0;  // of the server that knows it
    std::uint64_t handle = 0;      // the server's number of the port
    HANDLE port = nullptr;         // by which the list was registered
    std::atomic<std::uint32_t> concurrency{0};
    std::atomic<std::uint64_t> posts{0};  // messages put into the list, ever
    CompletionListWriter writer;          // the pump's alone once it runs
    PumpStart pump_start;
};

class ListRegistrations {
  public:
    void add(std::shared_ptr<ListRegistration> list);
    void remove(const ListRegistration& list);
    // nullptr when there is none. A list may outlive its port here, until its pump notices.
    std::shared_ptr<ListRegistration> find(std::uint32_t generation, std::uint64_t handle);
    std::shared_ptr<ListRegistration> find(const void* base);
    // In the child of a fork, whose memory is its own.
    void forget_after_fork();

    // Never destroyed: threads may call while the process exits.
    static ListRegistrations& instance();

  private:
    template <class Is>
    std::shared_ptr<ListRegistration> find_if(const Is& is);

    std::mutex mutex_;
    std::vector<std::shared_ptr<ListRegistration>> lists_;  // guarded by mutex_
    std::atomic<std::size_t> count_{0};                     // of lists_: most processes have none
};

}  // namespace ntalpc::core
