// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/port_state.h"

#include <array>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/completion_list_pump.h"
#include "ntalpc/list_posts.h"

namespace ntalpc::core {

namespace {

constexpr ULONG kMaxHandles = 64;  // what NtWaitForMultipleObjects takes

// The ports that the server can be asked about, and where they stand in the program's list.
struct KnownPorts {
    std::array<std::uint64_t, kMaxHandles> ids;
    std::array<std::uint64_t, kMaxHandles> list_posts;
    std::array<ULONG, kMaxHandles> places;
    ULONG count = 0;
};

}  // namespace

NTSTATUS wait_for_ports(const HANDLE* handles, ULONG count, bool all, const LARGE_INTEGER* timeout,
                        Blocking blocking, ULONG* index) {
    wire::WaitPorts::Request request;
    NTSTATUS status = capture_timeout(timeout, &request.timeout);
    if (status != STATUS_SUCCESS) return status;
    request.all = all ? 1 : 0;
    CallScope scope;
    KnownPorts ports;
    for (ULONG i = 0; i < count && i < kMaxHandles; ++i) {
        status = scope.connect(handles[i], &ports.ids[ports.count]);
        if (status == STATUS_SUCCESS) {
            const ListLook look = look_at_completion_list(scope.channel(), ports.ids[ports.count]);
            ports.list_posts[ports.count] = look.has_messages ? kListHasMessages : look.posts;
            ports.places[ports.count++] = i;
        } else if (status != STATUS_PORT_DISCONNECTED) {
            return status;
        } else if (!all) {
            // An earlier port may be signalled too, but which of several is named does not matter.
            return write(index, i);
        }
    }
    if (ports.count == 0) return write(index, ULONG{0});
    const wire::Bytes ids = std::as_bytes(std::span(ports.ids).first(ports.count));
    const wire::Bytes posts = std::as_bytes(std::span(ports.list_posts).first(ports.count));
    return scope.call_then<wire::WaitPorts>(
        request.timeout == 0 ? Blocking::no : blocking, request, {.handles = ids, .list_posts = posts},
        [ports, index](NTSTATUS outcome, const auto& reply, const auto&, Descriptors) {
            // The server has died, and with it what every one of its ports was connected to.
            if (outcome == STATUS_PORT_DISCONNECTED) return write(index, ports.places[0]);
            if (outcome != STATUS_SUCCESS) return outcome;
            return write(index, ports.places[reply.index % ports.count]);
        });
}

}  // namespace ntalpc::core
