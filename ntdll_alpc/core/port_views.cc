// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/port_views.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

#include "core/host_sections.h"

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
    static Views* const instance = new Views;  // threads may call while the process exits
    return *instance;
}

}  // namespace

// The mappings stay in the child, as memory does, but belong to no port of its own.
void forget_views_after_fork() {
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
    std::vector<View> gone;
    {
        const std::lock_guard lock(known.mutex);
        const auto first = std::partition(known.all.begin(), known.all.end(),
                                          [&](const View& view) { return view.port != handle; });
        gone.assign(first, known.all.end());
        known.all.erase(first, known.all.end());
        known.count.store(known.all.size(), std::memory_order_relaxed);
    }
    for (const View& view : gone) host::unmap_section(view.base, view.size);
}

}  // namespace ntalpc::core
