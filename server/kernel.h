// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything the server knows, apart from sockets: the emulated kernel. One thread uses it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <utility>

#include "server/handle.h"
#include "server/keeper.h"
#include "server/lease.h"
#include "server/message_ids.h"
#include "server/namespace.h"
#include "server/process.h"
#include "server/limits.h"
#include "server/thread.h"

namespace ntalpc::server {

class Port;

class Kernel {
  public:
    using Clock = Nanoseconds (*)();
    Kernel(CapabilityMaker& maker, Clock clock, const Limits& limits = {}, Namespace empty = {});
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    Namespace names;
    MessageIds message_ids;
    Leases leases;
    DeadlineQueue deadlines;
    std::list<Port*> ports;  // all there are, for those who look at the server
    Keepers keepers;
    HandleTable handles;  // last, because closing handles at the end uses all of the above

    // Once set it stays (NtSetDefaultHardErrorPort).
    Ref<Object> hard_error_port;

    // CallbackId: never 0 and growing over all ports (alpc-semantics 3.4).
    std::uint32_t next_callback_id();

    std::uint64_t next_connection_serial() { return ++last_connection_serial_; }
    std::uint64_t next_port_serial() { return ++last_port_serial_; }

    // For tokens of which nobody else has named an id; far from those that Wine gives out.
    std::uint64_t next_luid() { return ++last_luid_; }

    // Gives the process its secret. The reference returned keeps it known to find_process(); there is none
    // when its user has too many. `told` is how many bytes it said about itself.
    Ref<Process> add_process(ProcessFacts facts, security::Token token, std::size_t told = 0);
    Process* find_process(const Cookie& cookie) const;
    void remove_process(Process& process);
    const std::list<Process*>& processes() const { return processes_; }
    const std::map<std::uint32_t, Ref<QuotaAccount>>& users() const { return accounts_; }

    // Threads with a channel, in the order of those ids.
    using Threads = std::multimap<std::pair<std::uint64_t, std::uint64_t>, Thread*>;
    const Threads& threads() const { return threads_; }
    // Threads with a channel, by the ids that ClientId holds.
    void add_thread(Thread& thread);
    void remove_thread(const Thread& thread);
    // nullptr for a thread that has no channel.
    Thread* find_thread(std::uint64_t process_id, std::uint64_t thread_id) const;

    Nanoseconds now() const { return clock_(); }
    // When `relative` is kForever, the wait gets no deadline.
    void set_deadline(Wait& wait, Nanoseconds relative);
    // Ends the waits that are due. Returns the time of the next deadline, or kForever.
    Nanoseconds expire();

  private:
    const Clock clock_;
    Ref<QuotaAccount> account_of_user(std::uint32_t user);
    const Limits limits_;
    std::map<std::uint32_t, Ref<QuotaAccount>> accounts_;  // of Unix users
    std::list<Process*> processes_;
    Threads threads_;
    std::uint32_t last_callback_id_ = 0;
    std::uint64_t last_connection_serial_ = 0;
    std::uint64_t last_port_serial_ = 0;
    std::uint64_t last_luid_ = std::uint64_t{1} << 32;
};

}  // namespace ntalpc::server
