// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port_watch.h"

#include <sys/mman.h>

#include "ntalpc/status.h"
#include "server/log.h"
#include "server/sealed_memory.h"

namespace ntalpc::server {

PortWatch::~PortWatch() {
    if (page_) munmap(page_, lease::kPage);
}

bool PortWatch::make() {
    memory_ = make_sealed_memory("port", lease::kPage);
    if (!memory_) return false;
    void* const place = mmap(nullptr, lease::kPage, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    if (place == MAP_FAILED) return false;
    page_ = static_cast<lease::PortPage*>(place);
    return true;
}

std::int32_t PortWatch::open(const Ref<QuotaAccount>& payer, std::int64_t since, UniqueFd* page,
                             UniqueFd* event) {
    if (!page_ && !make()) {
        log(LogLevel::always, "a port cannot be watched: raise the limit on open files or free some memory");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (const auto status = event_.open(payer, since != 0, event)) return status;
    show(since);
    *page = open_for_reading(memory_);
    return *page ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void PortWatch::show(std::int64_t since) {
    if (!page_) return;
    page_->since.store(since, std::memory_order_release);
    event_.show(since != 0);
}

void PortWatch::count_ended() {
    if (page_) page_->ended.fetch_add(1);
}

}  // namespace ntalpc::server
