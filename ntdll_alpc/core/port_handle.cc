// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/port_handle.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// A cache of fixed size: an entry that was displaced, or never made, costs one exchange with the server, and
// entries of handles long closed cannot pile up. Socket cookies are consecutive, so they spread by
// themselves.
class HandleCache {
  public:
    bool find(std::uint64_t cookie, std::uint32_t generation, ServerHandle* found) {
        Entry& entry = entries_[cookie % entries_.size()];
        const std::lock_guard lock(entry.mutex);
        if (entry.cookie != cookie || entry.generation != generation) return false;
        *found = entry.meaning;
        return true;
    }
    void store(std::uint64_t cookie, std::uint32_t generation, const ServerHandle& meaning) {
        Entry& entry = entries_[cookie % entries_.size()];
        const std::lock_guard lock(entry.mutex);
        entry.cookie = cookie;
        entry.generation = generation;
        entry.meaning = meaning;
    }

  private:
    struct Entry {
        std::mutex mutex;
        std::uint64_t cookie = 0;
        std::uint32_t generation = 0;
        ServerHandle meaning;
    };
    std::array<Entry, 2048> entries_;
};

HandleCache& cache() {
    static HandleCache* const instance = new HandleCache;  // threads may call while the process exits
    return *instance;
}

// 0 for what is not a socket.
std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

// A capability whose server has died: nothing is at its other end.
bool hung_up(int fd) {
    char unused;
    return recv(fd, &unused, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

NTSTATUS resolve_handle(host::CallGuard& guard, Channel& channel, HANDLE handle, ServerHandle* resolved) {
    UniqueFd descriptor;
    if (const NTSTATUS status = host::duplicate_descriptor(handle, &descriptor); status != STATUS_SUCCESS)
        return status;
    const std::uint64_t cookie = cookie_of(descriptor.get());
    if (cookie == 0) return STATUS_OBJECT_TYPE_MISMATCH;
    if (cache().find(cookie, channel.generation(), resolved)) return STATUS_SUCCESS;
    wire::AdoptHandle::Request request;
    wire::AdoptHandle::Reply reply;
    wire::AdoptHandle::ReplyBlobs blobs;
    const NTSTATUS status =
        channel.call<wire::AdoptHandle>(guard, Blocking::no, request, {}, &reply, &blobs, descriptor.get());
    if (status == STATUS_OBJECT_TYPE_MISMATCH && hung_up(descriptor.get())) return STATUS_PORT_DISCONNECTED;
    if (status != STATUS_SUCCESS) return status;
    *resolved = {reply.handle, reply.access, reply.object_type};
    cache().store(cookie, channel.generation(), *resolved);
    return STATUS_SUCCESS;
}

NTSTATUS install_handle(Channel& channel, UniqueFd capability, const ServerHandle& meaning,
                        std::uint32_t attributes, HANDLE* handle) {
    if (!capability) return STATUS_INSUFFICIENT_RESOURCES;
    cache().store(cookie_of(capability.get()), channel.generation(), meaning);
    return host::install_handle(std::move(capability), meaning.access, attributes, handle);
}

}  // namespace ntalpc::core
