// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/socket_capabilities.h"

#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/log.h"

namespace ntalpc::server {

std::int32_t SocketCapabilities::make(Handle& handle, UniqueFd* client_end) {
    if (!make_socket_pair(&handle.server_end, client_end)) {
        log(LogLevel::always,
            "out of descriptors: a handle could not be made; raise the limit on open files");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    handle.peer_cookie = socket_cookie(client_end->get());
    auto watcher = std::make_unique<HangupWatcher>(*this, handle);
    HangupWatcher& watching = *watcher;
    watchers_.emplace(handle.id(), std::move(watcher));
    watching.number = loop_.add_hangup(handle.server_end.get(), watching);
    if (watching.number != 0) return STATUS_SUCCESS;
    watchers_.erase(handle.id());
    return STATUS_INSUFFICIENT_RESOURCES;
}

void SocketCapabilities::unmake(Handle& handle) {
    const auto found = watchers_.find(handle.id());
    if (found == watchers_.end()) return;
    loop_.remove(found->second->number, handle.server_end.get());
    watchers_.erase(found);
}

void SocketCapabilities::HangupWatcher::ready(std::uint32_t) {
    // Destroys this watcher through unmake().
    owner.table_->close(handle);
}

}  // namespace ntalpc::server
