// SPDX-License-Identifier: LGPL-2.1-or-later
// The leases of this process, by the ports that they belong to.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "core/client_lease.h"
#include "core/leased_port.h"
#include "ntalpc/message_path.h"

namespace ntalpc::core {

// The server's number of a handle, and which server that is.
struct PortKey {
    std::uint32_t generation = 0;
    std::uint64_t handle = 0;
    auto operator<=>(const PortKey&) const = default;
};

// What there is for a port: nothing, a lease of a client port, or a connection port with leases.
struct PortLeases {
    std::shared_ptr<ClientLease> client;
    std::shared_ptr<LeasedPort> port;
};

class Leases {
  public:
    // The server has offered one (the protocol's `lease`, which may be 0) in an answer about the port.
    void offered(const PortKey& port, std::uint32_t lease) noexcept;
    // What the port has, after taking part in what it has been offered.
    PortLeases at(CallScope& scope, const PortKey& port);
    // The server says that there are some: waits for a thread that is taking part in one. False if there are
    // none.
    bool wait_for(const PortKey& port);
    // A lease has been taken back.
    void forget(const PortKey& port, const ClientLease& lease);
    // What it takes to wait for the leases of a connection port goes with the last of them.
    void forget_idle(const PortKey& port);
    // Before a handle of the process is closed: what its leases carry goes to the server, so that a close
    // comes after whatever was sent before it.
    void handle_closes(HANDLE handle);
    // Has the server take back what a port has, or one lease: the number of that, plus one.
    static void release(CallScope& scope, std::uint64_t handle, std::uint32_t lease = 0);
    // In the child of a fork, which has no handles.
    static void forget_after_fork();

    static Leases& instance();

  private:
    struct Entry {
        PortLeases leases;
        std::vector<std::uint32_t> offers;
    };
    void take_part(CallScope& scope, const PortKey& port);
    // Sets `offered` when there are offers to take part in. The port is one of the channel's server.
    PortLeases look(Channel& channel, const PortKey& port, bool* offered);
    // With mutex_ held: entries_ is another.
    void changed();
    NTSTATUS take_offer(CallScope& scope, std::uint32_t number);
    bool join(CallScope& scope, std::uint32_t number, const wire::TakeLease::Reply& facts,
              std::array<UniqueFd, 3> descriptors);

    std::atomic<std::size_t> count_{0};  // of entries_: most processes have none
    std::mutex taking_part_;             // held until what was taken can be found
    std::shared_mutex mutex_;
    std::map<PortKey, Entry> entries_;  // guarded by mutex_
};

// NTALPC_PATH.
MessagePath chosen_path();

}  // namespace ntalpc::core
