// SPDX-License-Identifier: LGPL-2.1-or-later
// A connection port of this process some of whose connections have leases: what it receives comes by those
// and by way of the server, in the order in which it was sent.
//
// A lease is either awake, and looked at whenever somebody receives, or asleep, and its client rings a bell.
// All of some may be awake, and few of many, so that a receive does not get slower with the number of
// connections. Before a thread sleeps all go to sleep, each with one more look afterwards; the bells, and the
// server's, end the sleep. A thread that leaves with a message while others sleep puts its leases to sleep
// too, since nobody looks until it comes back.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/server_lease.h"

namespace ntalpc::core {

class LeasedPort {
  public:
    // Watches the port with this number. nullptr when that cannot be done.
    static std::shared_ptr<LeasedPort> watch(CallScope& scope, std::uint64_t handle);
    ~LeasedPort();
    LeasedPort(const LeasedPort&) = delete;
    LeasedPort& operator=(const LeasedPort&) = delete;

    bool add(std::shared_ptr<ServerLease> lease);
    // All its leases have been taken back: what it receives comes by way of the server only.
    bool idle();
    // nullptr when it has been taken back.
    std::shared_ptr<ServerLease> find(std::uint32_t number);

    struct Received {
        NTSTATUS status = STATUS_SUCCESS;
        wire::SendWaitReceive::Reply reply;
        wire::Bytes data;
        Descriptors descriptors;
        std::shared_ptr<ServerLease> lease;  // in which the data may stand
    };
    // Of `terms` what is about receiving counts. False: there are no leases any more, so the thread is to
    // wait at the server.
    bool receive(CallScope& scope, const wire::SendWaitReceive::Request& terms, const Deadline& deadline,
                 Received* received);

  private:
    using Leases = std::vector<std::shared_ptr<ServerLease>>;
    using LeasesByNumber = std::map<std::uint32_t, std::shared_ptr<ServerLease>>;
    static constexpr std::uint64_t kServerTag = ~std::uint64_t{0}, kNudgeTag = kServerTag - 1;
    // With 100 connections that take turns this halves the round trip; with 1,000, where most messages come
    // by one that is asleep all the same, it would be a quarter longer (alpcbench, connections/N). So when
    // there are more, each look is at kFew only; as many are all woken after a sleep.
    static constexpr std::size_t kMostAwake = 128;
    static constexpr std::size_t kFew = 16;

    LeasedPort() = default;
    bool set_up(const UniqueFd& page, UniqueFd event);
    bool listen_to(int fd, std::uint64_t tag, std::uint32_t events);
    void stop_listening(const ServerLease& lease);

    // What comes first.
    enum class First : std::uint8_t { nothing, of_lease, of_server, no_leases };
    First find_first(std::shared_ptr<ServerLease>* lease);
    First find_oldest(std::int64_t since, std::shared_ptr<ServerLease>* first, bool* some_over);
    bool has_its_share(const ServerLease& lease, bool others);
    // What is found is taken; nothing means to wait.
    First look(CallScope& scope, const wire::SendWaitReceive::Request& terms, Received* received);
    bool take_from(CallScope& scope, std::shared_ptr<ServerLease> lease,
                   const wire::SendWaitReceive::Request& terms, Received* received);
    bool take_from_server(CallScope& scope, const wire::SendWaitReceive::Request& terms, Received* received);
    void forget(const ServerLease& lease);
    bool spin();
    bool rung() const;
    void sleep(host::CallGuard& guard, std::int64_t limit);
    // A thread goes away with a message.
    void leave();

    // All with mutex_ held.
    void drop_ended();
    void remove(LeasesByNumber::iterator entry);
    void hear_bells(std::span<const epoll_event> events);
    void limit_awake();
    void wake_all();
    bool put_to_sleep();
    // Nobody is to sleep here when there are no leases: those that come later may be another LeasedPort's.
    void send_away();

    UniqueFd epoll_;
    UniqueFd nudge_;   // wakes one sleeper each time that it is written to
    UniqueFd server_;  // readable while the server has something for the port, hung up when it is gone
    const lease::PortPage* page_ = nullptr;
    std::atomic<bool> ask_server_{false};
    Spinning spinning_;
    // Written to with mutex_ held, and read without it where a thread that sees an old value does what it
    // would have done a moment earlier.
    std::atomic<std::size_t> sleepers_{0};
    std::atomic<std::size_t> count_{0};    // of leases_
    std::atomic<std::uint64_t> ended_{0};  // of which the page has told
    std::mutex mutex_;
    // Guarded by mutex_.
    LeasesByNumber leases_;
    Leases awake_;
    // How many threads look at leases without the mutex, and what they may be looking at although it has been
    // removed.
    std::uint32_t spinners_ = 0;
    std::multimap<std::uint32_t, std::shared_ptr<ServerLease>> removed_;
    // How many messages of one lease have come first in a row although something else waited.
    std::uint32_t in_a_row_ = 0;
    std::uint32_t last_first_ = 0;
};

}  // namespace ntalpc::core
