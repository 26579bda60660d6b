// SPDX-License-Identifier: LGPL-2.1-or-later
// What a process has to do about its mappings because of something that happened elsewhere.
//
// Only the process itself can change its address space. It is told by packets that precede the answer to
// whatever request of its comes next, so that a call that returns has seen everything that happened before;
// and, so that nothing stays mapped for as long as a program is idle, by a packet to a thread that waits for
// an answer anyway. An order is repeated to every thread until one of them has confirmed it. Carrying it out
// twice does no harm.
#pragma once

#include <cstdint>
#include <deque>

#include "server/quota.h"

namespace ntalpc::server {

class Process;
class Thread;

class ViewOrders {
  public:
    explicit ViewOrders(Process& process) : process_(process) {}

    // The view with this number is no more. Its charge stays until the process has taken note.
    void unmap(std::uint64_t view, ObjectCharge charge);
    // The view can be written again.
    void restore(std::uint64_t view);

    // The thread is about to be answered, or begins to wait.
    void precede_answer(Thread& thread);
    void thread_waits(Thread& thread);
    // The thread has done what one packet said.
    void served(Thread& thread, std::uint64_t unmapped_serial, std::uint64_t restored_serial);
    void thread_gone(const Thread& thread);

  private:
    struct Order {
        std::uint64_t serial;
        std::uint64_t view;
        ObjectCharge charge;
    };
    bool empty() const { return unmaps_.empty() && restores_.empty(); }
    // False when there was nothing to say.
    bool send(Thread& thread);
    bool send_restore(Thread& thread, const Order& order);
    void drop_void_restores();
    void wake_waiting_thread();

    Process& process_;
    std::deque<Order> unmaps_;
    std::deque<Order> restores_;
    std::uint64_t last_serial_ = 0;
    const Thread* woken_ = nullptr;  // was sent orders while it waits and has not confirmed any yet
};

}  // namespace ntalpc::server
