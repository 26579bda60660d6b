// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/port_views.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

#include "core/host_sections.h"
#include "core/immortal.h"

namespace ntalpc::core {

namespace {

struct View {
    HANDLE port;
    void* base;
    std::uint64_t size;
};

struct Views {
    std::mutex mutex;
    std::vector<View> all;
    // Lets handle_closes() return at once in the many processes that have no views.
    std::atomic<std::size_t> count{0};
};

Views& views() {
    static Immortal<Views> instance;
    return *instance;
}

// False when there is none any more.
bool take_view_of(HANDLE port, View* taken) {
    Views& known = views();
    const std::lock_guard lock(known.mutex);
    const auto found = std::ranges::find(known.all, port, &View::port);
    if (found == known.all.end()) return false;
    *taken = *found;
    known.all.erase(found);
    known.count.store(known.all.size(), std::memory_order_relaxed);
    return true;
}

}  // namespace

// The mappings stay in the child, as memory does, but belong to no port of its own.
void forget_port_views_after_fork() {
    Views& known = views();
    new (&known.mutex) std::mutex;
    known.all.clear();
    known.count = 0;
}

void remember_view(HANDLE port, void* base, std::uint64_t size) {
    Views& known = views();
    const std::lock_guard lock(known.mutex);
    known.all.push_back({port, base, size});
    known.count.store(known.all.size(), std::memory_order_relaxed);
}

void handle_closes(HANDLE handle) {
    Views& known = views();
    if (known.count.load(std::memory_order_relaxed) == 0) return;
    // One after another: closing needs no memory.
    for (View gone; take_view_of(handle, &gone);) host::unmap_section(gone.base, gone.size);
}

}  // namespace ntalpc::core
