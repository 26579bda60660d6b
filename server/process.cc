// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/process.h"

namespace ntalpc::server {

Process::~Process() {
    for (const auto& [id, handle] : adopted_) handle->forgotten_by(*this);
}

void Process::adopt(Handle& handle) {
    if (adopted_.emplace(handle.id(), &handle).second) handle.adopted_by(*this);
}

Handle* Process::find(std::uint64_t id) const {
    const auto found = adopted_.find(id);
    return found == adopted_.end() ? nullptr : found->second;
}

}  // namespace ntalpc::server
