// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/view_orders.h"

#include <algorithm>
#include <span>
#include <vector>

#include "generated/protocol.h"
#include "ntalpc/status.h"
#include "server/process.h"
#include "server/thread.h"

namespace ntalpc::server {

namespace {

// What goes to one thread at a time, well within the buffer of its socket; the rest follows when this has
// been confirmed.
constexpr std::size_t kMostUnmaps = 1024;
constexpr std::size_t kMostRestores = 16;

}  // namespace

void ViewOrders::unmap(std::uint64_t view, ObjectCharge charge) {
    std::erase_if(restores_, [view](const Order& order) { return order.view == view; });
    unmaps_.push_back({++last_serial_, view, std::move(charge)});
    wake_waiting_thread();
}

// A process that never confirms has one order per view.
void ViewOrders::restore(std::uint64_t view) {
    std::erase_if(restores_, [view](const Order& order) { return order.view == view; });
    restores_.push_back({++last_serial_, view, {}});
    wake_waiting_thread();
}

// A thread whose request is being handled is told anyway.
void ViewOrders::wake_waiting_thread() {
    const auto& threads = process_.threads();
    const bool handled = std::ranges::any_of(
        threads, [](const Thread* thread) { return thread->outstanding() && !thread->wait(); });
    if (woken_ || handled) return;
    const auto found =
        std::ranges::find_if(threads, [](const Thread* thread) { return thread->wait() != nullptr; });
    if (found != threads.end() && send(**found)) woken_ = *found;
}

void ViewOrders::precede_answer(Thread& thread) {
    if (!empty()) send(thread);
}

void ViewOrders::thread_waits(Thread& thread) {
    if (!empty() && !woken_ && send(thread)) woken_ = &thread;
}

// The view may have gone since, or have been sent once more.
void ViewOrders::drop_void_restores() {
    std::erase_if(restores_, [this](const Order& order) {
        const auto view = process_.views().find(order.view);
        return !view || view->region().secured();
    });
}

bool ViewOrders::send(Thread& thread) {
    drop_void_restores();
    std::size_t restored = 0;
    for (const Order& order : restores_) {
        if (restored == kMostRestores || !send_restore(thread, order)) break;
        ++restored;
    }
    if (unmaps_.empty()) return restored != 0;
    std::vector<std::uint64_t> views;
    wire::ServeViews::Reply body;
    for (const Order& order : unmaps_) {
        if (views.size() == kMostUnmaps) break;
        views.push_back(order.view);
        body.unmapped_serial = order.serial;
    }
    thread.send_unasked<wire::ServeViews>(body, {.unmapped = std::as_bytes(std::span(views))});
    return true;
}

// Sealed memory stays so for ever. Without a descriptor for fresh memory the view stays as it is, until the
// next answer.
bool ViewOrders::send_restore(Thread& thread, const Order& order) {
    const auto view = process_.views().find(order.view);
    if (view->region().sealed() && view->region().renew() != STATUS_SUCCESS) return false;
    wire::ServeViews::Reply body;
    body.restored = order.view;
    body.restored_serial = order.serial;
    thread.send_unasked<wire::ServeViews>(body, {}, std::span(&view->region().memory(), 1));
    return true;
}

void ViewOrders::served(Thread& thread, std::uint64_t unmapped_serial, std::uint64_t restored_serial) {
    while (!unmaps_.empty() && unmaps_.front().serial <= unmapped_serial) unmaps_.pop_front();
    std::erase_if(restores_, [&](const Order& order) { return order.serial == restored_serial; });
    if (woken_ == &thread) woken_ = nullptr;
    if (!empty()) wake_waiting_thread();
}

void ViewOrders::thread_gone(const Thread& thread) {
    if (woken_ != &thread) return;
    woken_ = nullptr;
    if (!empty()) wake_waiting_thread();
}

}  // namespace ntalpc::server
