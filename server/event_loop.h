// SPDX-License-Identifier: LGPL-2.1-or-later
// Waits for descriptors and deadlines.
//
// A watcher may be removed, and destroyed, while events are being handed out: events carry a number that is
// never reused, and one whose watcher is gone is dropped.
//
// Hang-ups of capabilities go before everything else that is ready: a program that closes a handle and then
// makes a call expects the close to have happened first, although the two reach us on different sockets.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "ntalpc/unique_fd.h"
#include "server/thread.h"

namespace ntalpc::server {

class Watcher {
  public:
    virtual ~Watcher() = default;
    virtual void ready(std::uint32_t events) = 0;  // EPOLL*
};

class EventLoop {
  public:
    EventLoop();

    // Level-triggered; hang-ups are always reported. Returns the number to remove it by, 0 when the kernel is
    // out of resources.
    std::uint64_t add(int fd, std::uint32_t events, Watcher& watcher);
    // Watches for nothing but the hang-up, and goes first.
    std::uint64_t add_hangup(int fd, Watcher& watcher);
    void remove(std::uint64_t number, int fd);
    // Watches for other events from now on. False when that is not possible, and everything is as before.
    bool change(std::uint64_t number, int fd, std::uint32_t events);

    // Waits until something is ready, at most until `deadline` (kForever: no limit), and tells the watchers.
    void run_once(Nanoseconds deadline);

  private:
    struct Entry {
        Watcher* watcher;
        int epoll;
    };
    std::uint64_t add_to(int epoll, int fd, std::uint32_t events, Watcher& watcher);
    void tell(std::uint64_t number, std::uint32_t events);
    void drain_hangups();

    UniqueFd epoll_;
    UniqueFd hangups_;  // an epoll of its own, watched by the first
    std::unordered_map<std::uint64_t, Entry> watchers_;
    std::uint64_t last_number_ = 0;
};

Nanoseconds monotonic_now();

}  // namespace ntalpc::server
