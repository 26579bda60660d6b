// SPDX-License-Identifier: LGPL-2.1-or-later
// Views: that a process has a region mapped, because it made the region or because it has received it.
//
// A view belongs to the port that it was made at or received at, and to the process that maps it. It ends
// when the process gives it up, when it is sent away with ALPC_VIEWFLG_AUTO_RELEASE, when its message is
// answered with ALPC_VIEWFLG_UNMAP_EXISTING, when its port loses its last handle, and with its process. What
// happens to other views of the same region, or to their processes, does not matter to it.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "generated/protocol.h"
#include "server/quota.h"
#include "server/ref.h"
#include "server/section.h"
#include "server/view_orders.h"

namespace ntalpc::server {

class Port;
class Process;

class View final : public Counted<View> {
  public:
    View(Process& process, Port& port, std::uint64_t id, RegionUse use, ObjectCharge charge);
    ~View();
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    std::uint64_t id() const { return id_; }
    Port& port() const { return *port_; }
    Region& region() const { return use_.region(); }
    bool secured() const { return use_.secured(); }
    // Whether the region was made for it.
    bool owns_region() const { return owner_; }
    void become_owner();

    // The region is not held in its secured form any more: the process gets the right to write back.
    void restore();

    // Ends the view; the process has unmapped it or does so by itself.
    void close();
    // Ends the view; the process is told to unmap it.
    void revoke();

  private:
    Process& process_;
    const Ref<Port> port_;
    const std::uint64_t id_;
    RegionUse use_;
    ObjectCharge charge_;
    bool owner_ = false;
};

// The views of one process.
class ProcessViews {
  public:
    explicit ProcessViews(Process& process) : process_(process), orders_(process) {}

    // Charged to the process; nullptr when it cannot afford it.
    std::shared_ptr<View> open(Port& port, RegionUse use);
    // nullptr for none.
    std::shared_ptr<View> find(std::uint64_t id) const;
    void remove(std::uint64_t id) { views_.erase(id); }
    ViewOrders& orders() { return orders_; }

  private:
    Process& process_;
    ViewOrders orders_;
    std::unordered_map<std::uint64_t, std::shared_ptr<View>> views_;
    std::uint64_t last_id_ = 0;
};

}  // namespace ntalpc::server
