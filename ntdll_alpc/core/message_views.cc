// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/message_views.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "core/host_sections.h"
#include "core/immortal.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// How many orders about views that are not known are remembered. More than one needs a thread that is slow to
// enter a view that it has received, for each.
constexpr std::size_t kMostEarlyOrders = 1024;

struct Table {
    std::mutex mutex;
    std::map<const void*, MessageView> views;  // by base
    // Taken back before they were entered. A view that was deleted here and there at once may stay in it.
    std::list<ViewId> ended_early;
    // Lets the many processes without views return at once.
    std::atomic<std::size_t> count{0};

    auto find(const ViewId& id) {
        return std::ranges::find_if(views, [&id](const auto& entry) { return entry.second.id == id; });
    }
    void counted() { count.store(views.size(), std::memory_order_relaxed); }
};

Immortal<Table>& instance() {
    static Immortal<Table> made;
    return made;
}
Table& table() {
    return *instance();
}

}  // namespace

NTSTATUS map_view(MessageView view, UniqueFd memory, std::uint64_t offset, bool writable, void** base) {
    std::uint64_t size = view.size;
    const NTSTATUS status = host::map_foreign_section(std::move(memory), offset, &size, &view.base, writable);
    if (status != STATUS_SUCCESS) return status;
    Table& known = table();
    {
        const std::lock_guard lock(known.mutex);
        const auto early = std::ranges::find(known.ended_early, view.id);
        if (early == known.ended_early.end()) {
            known.views[view.base] = view;
            known.counted();
            *base = view.base;
            return STATUS_SUCCESS;
        }
        known.ended_early.erase(early);
    }
    unmap_view(view);
    return STATUS_INVALID_PARAMETER;
}

bool find_view(const void* base, MessageView* found) {
    return find_view_around(base, found) && found->base == base;
}

bool find_view_around(const void* address, MessageView* found) {
    Table& known = table();
    if (known.count.load(std::memory_order_relaxed) == 0) return false;
    const std::lock_guard lock(known.mutex);
    auto next = known.views.upper_bound(address);
    if (next == known.views.begin()) return false;
    *found = std::prev(next)->second;
    return static_cast<const char*>(address) - static_cast<const char*>(found->base) <
           static_cast<std::ptrdiff_t>(found->size);
}

bool forget_view(const ViewId& id) {
    Table& known = table();
    const std::lock_guard lock(known.mutex);
    const auto found = known.find(id);
    if (found == known.views.end()) return false;
    known.views.erase(found);
    known.counted();
    return true;
}

void unmap_view(const MessageView& view) {
    host::unmap_section(view.base, view.size);
}

NTSTATUS make_view_read_only(const ViewId& id, UniqueFd memory) {
    Table& known = table();
    const std::lock_guard lock(known.mutex);
    const auto found = known.find(id);
    if (found == known.views.end()) return STATUS_INVALID_PARAMETER;
    MessageView& view = found->second;
    const NTSTATUS status = host::replace_mapping(std::move(memory), view.base, view.size, false);
    view.read_only = status == STATUS_SUCCESS;
    return status;
}

void view_unmaps(const void* address) {
    MessageView view;
    if (!find_view_around(address, &view)) return;
    CallScope scope;
    if (!forget_view(view.id) || scope.connect() != STATUS_SUCCESS) return;
    if (view.id.generation != scope.channel().generation()) return;
    wire::DeleteView::Request request;
    wire::DeleteView::Reply reply;
    wire::DeleteView::ReplyBlobs blobs;
    request.view = view.id.number;
    scope.call<wire::DeleteView>(Blocking::no, request, {}, &reply, &blobs);
}

void unmap_ended_view(const ViewId& id) {
    Table& known = table();
    MessageView ended;
    {
        const std::lock_guard lock(known.mutex);
        const auto found = known.find(id);
        if (found == known.views.end()) {
            known.ended_early.push_back(id);
            if (known.ended_early.size() > kMostEarlyOrders) known.ended_early.pop_front();
            return;
        }
        ended = found->second;
        known.views.erase(found);
        known.counted();
    }
    unmap_view(ended);
}

// Under the lock, so that a second thread that is told the same finds it done.
void restore_view(const ViewId& id, UniqueFd memory) {
    Table& known = table();
    const std::lock_guard lock(known.mutex);
    const auto found = known.find(id);
    if (found == known.views.end() || !found->second.read_only || !memory) return;
    MessageView& view = found->second;
    void* const fresh = mmap(nullptr, view.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (fresh == MAP_FAILED) return;
    const bool copied = host::copy_from_program(fresh, view.base, view.size);
    munmap(fresh, view.size);
    if (copied && host::replace_mapping(std::move(memory), view.base, view.size, true) == STATUS_SUCCESS)
        view.read_only = false;
}

NTSTATUS flush_views(CallScope& scope) {
    wire::FlushViews::Request request;
    wire::FlushViews::Reply reply;
    wire::FlushViews::ReplyBlobs blobs;
    return scope.call<wire::FlushViews>(Blocking::no, request, {}, &reply, &blobs);
}

bool has_views(HANDLE port) {
    Table& known = table();
    if (known.count.load(std::memory_order_relaxed) == 0) return false;
    const std::lock_guard lock(known.mutex);
    return std::ranges::any_of(known.views, [port](const auto& entry) { return entry.second.port == port; });
}

namespace {

// Those that a server other than the living one has known.
std::vector<MessageView> forget_views_of(HANDLE port, std::uint32_t living_generation) {
    std::vector<MessageView> gone;
    Table& known = table();
    const std::lock_guard lock(known.mutex);
    std::erase_if(known.views, [&](const auto& entry) {
        const MessageView& view = entry.second;
        if (view.port != port || view.id.generation == living_generation) return false;
        gone.push_back(view);
        return true;
    });
    known.counted();
    return gone;
}

}  // namespace

// The server hears of the close before it is asked, and what follows from it comes before its answer. The
// ports of a server that has died went with it.
void port_closed(HANDLE port) {
    CallScope scope;
    NTSTATUS status = scope.connect();
    if (status == STATUS_SUCCESS) status = flush_views(scope);
    const std::uint32_t alive = status == STATUS_SUCCESS ? scope.channel().generation() : 0;
    for (const MessageView& view : forget_views_of(port, alive)) unmap_view(view);
}

void forget_views_after_fork() {
    instance().renew();
}

}  // namespace ntalpc::core
