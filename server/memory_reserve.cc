// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/memory_reserve.h"

#include <cstdlib>
#include <memory>
#include <new>

#include "server/log.h"

namespace ntalpc::server {

namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

std::unique_ptr<void, Free> reserve;
bool is_kept = false;

// Called by operator new, which then tries again.
void use_reserve() {
    if (!reserve) throw std::bad_alloc();
    reserve.reset();
}

}  // namespace

void keep_memory_reserve() {
    is_kept = true;
    reserve.reset(std::malloc(kMemoryReserve));
    std::set_new_handler(use_reserve);
}

bool memory_is_short() {
    if (!is_kept || reserve) return false;
    reserve.reset(std::malloc(kMemoryReserve));
    static bool was_short = false;
    const bool is_short = !reserve;
    if (is_short != was_short)
        log(LogLevel::always, is_short ? "out of memory: requests are refused" : "there is memory again");
    was_short = is_short;
    return is_short;
}

}  // namespace ntalpc::server
