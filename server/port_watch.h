// SPDX-License-Identifier: LGPL-2.1-or-later
// How a process whose connection port has leases learns what comes to the port by way of the server: a page
// of memory that says since when there is something, and a descriptor that is readable then.
#pragma once

#include <cstdint>

#include "ntalpc/lease_memory.h"
#include "ntalpc/unique_fd.h"
#include "server/ready_event.h"

namespace ntalpc::server {

class PortWatch {
  public:
    PortWatch() = default;
    PortWatch(const PortWatch&) = delete;
    PortWatch& operator=(const PortWatch&) = delete;
    ~PortWatch();

    // The descriptors for a process that wants to watch. STATUS_QUOTA_EXCEEDED,
    // STATUS_INSUFFICIENT_RESOURCES.
    std::int32_t open(const Ref<QuotaAccount>& payer, std::int64_t since, UniqueFd* page, UniqueFd* event);
    bool watched() const { return page_ != nullptr; }
    // 0: there is nothing.
    void show(std::int64_t since);
    // A lease of the port has been taken back.
    void count_ended();

  private:
    bool make();
    UniqueFd memory_;
    lease::PortPage* page_ = nullptr;
    ReadyEvent event_;
};

}  // namespace ntalpc::server
