// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/handle.h"

#include <algorithm>

#include "ntalpc/status.h"
#include "server/process.h"

namespace ntalpc::server {

Handle::Handle(std::uint64_t id, Ref<Object> object, std::uint32_t access)
    : id_(id), object_(std::move(object)), access_(access) {
    object_->handle_opened();
}

Handle::~Handle() {
    for (Process* process : adopters_) process->forget(*this);
    object_->handle_closed();
}

void Handle::forgotten_by(Process& process) {
    adopters_.erase(std::remove(adopters_.begin(), adopters_.end(), &process), adopters_.end());
}

NewHandle::~NewHandle() {
    if (handle_) table_->close(*handle_);
}

HandleTable::~HandleTable() {
    while (!handles_.empty()) close(*handles_.begin()->second);
}

std::int32_t HandleTable::open(Process& process, Ref<Object> object, std::uint32_t access, NewHandle* made) {
    auto owned = std::make_unique<Handle>(next_id_, std::move(object), access);
    Handle& handle = *owned;
    if (!handle.charge.charge(process.account())) return STATUS_QUOTA_EXCEEDED;
    UniqueFd client_end;
    if (const auto status = maker_.make(handle, &client_end); status != STATUS_SUCCESS) return status;
    handles_.emplace(next_id_++, std::move(owned));
    NewHandle guard(*this, handle, std::move(client_end));
    if (handle.peer_cookie) by_cookie_.emplace(handle.peer_cookie, &handle);
    if (!process.adopt(handle)) return STATUS_QUOTA_EXCEEDED;
    *made = std::move(guard);
    return STATUS_SUCCESS;
}

void HandleTable::close(Handle& handle) {
    maker_.unmake(handle);
    by_cookie_.erase(handle.peer_cookie);
    // Taken out first: closing may run a type's last_handle_closed(), which may close further handles.
    const auto node = handles_.extract(handle.id());
}

Handle* HandleTable::find_by_cookie(std::uint64_t cookie) const {
    const auto found = by_cookie_.find(cookie);
    return found == by_cookie_.end() ? nullptr : found->second;
}

}  // namespace ntalpc::server
