// SPDX-License-Identifier: LGPL-2.1-or-later
#include "native/handle_table.h"

#include <fcntl.h>

#include <new>

#include "core/capability_cache.h"
#include "core/immortal.h"
#include "ntalpc/status.h"

namespace ntalpc::native {

NTSTATUS HandleTable::add(UniqueFd descriptor, HANDLE* handle, std::uint32_t type) {
    const std::uint64_t cookie = core::capability_cookie(descriptor.get());
    const std::lock_guard lock(mutex_);
    std::size_t index;
    if (free_.empty()) {
        index = entries_.size();
        free_.reserve(index + 1);  // closing needs no memory
        entries_.push_back({std::move(descriptor), type, cookie});
    } else {
        index = free_.back();
        free_.pop_back();
        entries_[index] = {std::move(descriptor), type, cookie};
    }
    *handle = reinterpret_cast<HANDLE>((index + 1) * 4);
    return STATUS_SUCCESS;
}

HandleTable::Entry* HandleTable::find(HANDLE handle) {
    const auto value = reinterpret_cast<std::size_t>(handle);
    if (value == 0 || value % 4 != 0 || value / 4 > entries_.size()) return nullptr;
    Entry& entry = entries_[value / 4 - 1];
    return entry.descriptor ? &entry : nullptr;
}

NTSTATUS HandleTable::duplicate(HANDLE handle, UniqueFd* descriptor, std::uint32_t* type) {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = find(handle);
    if (!entry) return STATUS_INVALID_HANDLE;
    if (type) *type = entry->type;
    descriptor->reset(fcntl(entry->descriptor.get(), F_DUPFD_CLOEXEC, 0));
    return *descriptor ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS HandleTable::close(HANDLE handle) {
    UniqueFd closed;  // really closed after the lock is released
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(handle);
    if (!entry) return STATUS_INVALID_HANDLE;
    free_.push_back(reinterpret_cast<std::size_t>(handle) / 4 - 1);
    closed = std::move(entry->descriptor);
    version_ = new_version();
    return STATUS_SUCCESS;
}

std::uint64_t HandleTable::new_version() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

std::uint64_t HandleTable::cookie(HANDLE handle) {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = find(handle);
    return entry ? entry->cookie : 0;
}

void HandleTable::forget() {
    new (&mutex_) std::mutex;
    version_ = new_version();
    entries_.clear();
    free_.clear();
}

HandleTable& HandleTable::instance() {
    static core::Immortal<HandleTable> table;
    return *table;
}

}  // namespace ntalpc::native
