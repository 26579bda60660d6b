// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/process.h"

namespace ntalpc::server {

Process::~Process() {
    for (const auto& [id, handle] : adopted_) handle->forgotten_by(*this);
    account_->give_back(Resource::handles, adopted_.size());
}

bool Process::adopt(Handle& handle) {
    if (adopted_.contains(handle.id())) return true;
    if (!account_->take(Resource::handles, 1)) return false;
    adopted_.emplace(handle.id(), &handle);
    handle.adopted_by(*this);
    return true;
}

void Process::forget(Handle& handle) {
    adopted_.erase(handle.id());
    account_->give_back(Resource::handles, 1);
}

const Handle* Process::find_handle_to(const Object& object) const {
    for (const auto& [id, handle] : adopted_) {
        if (&handle->object() == &object) return handle;
    }
    return nullptr;
}

Handle* Process::find(std::uint64_t id) const {
    const auto found = adopted_.find(id);
    return found == adopted_.end() ? nullptr : found->second;
}

}  // namespace ntalpc::server
