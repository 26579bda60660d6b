// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/hints.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

constexpr ACCESS_MASK kEventAllAccess = 0x1F0003;
constexpr int kSynchronizationEvent = 1;  // a wait resets it

}  // namespace

Hints& Hints::instance() {
    static Hints* const hints = new Hints;  // threads may call while the process exits
    return *hints;
}

Hints::Hints() : poller_(epoll_create1(EPOLL_CLOEXEC)), nudge_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event interest = {EPOLLIN | EPOLLET, {.fd = nudge_.get()}};
    epoll_ctl(poller_.get(), EPOLL_CTL_ADD, nudge_.get(), &interest);
}

NTSTATUS Hints::take_event(Event* event) {
    if (idle_events_.empty()) {
        event->set = false;
        return nt_create_event(&event->handle, kEventAllAccess, nullptr, kSynchronizationEvent,
                               BOOLEAN{FALSE});
    }
    *event = idle_events_.back();
    idle_events_.pop_back();
    if (event->set) nt_reset_event(event->handle, nullptr);
    event->set = false;
    return STATUS_SUCCESS;
}

NTSTATUS Hints::request(int socket, HANDLE* event, bool* needs_helper) {
    withdraw(socket);
    const std::lock_guard lock(mutex_);
    Event taken;
    if (const NTSTATUS status = take_event(&taken); status != STATUS_SUCCESS) return status;
    epoll_event interest = {EPOLLIN | EPOLLONESHOT, {.fd = socket}};
    if (epoll_ctl(poller_.get(), EPOLL_CTL_ADD, socket, &interest) != 0) {
        idle_events_.push_back(taken);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    requests_.emplace(socket, taken);
    *event = taken.handle;
    *needs_helper = !serving_;
    return STATUS_SUCCESS;
}

void Hints::withdraw(int socket) {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(socket);
    if (found == requests_.end()) return;
    epoll_ctl(poller_.get(), EPOLL_CTL_DEL, socket, nullptr);
    idle_events_.push_back(found->second);
    requests_.erase(found);
    if (requests_.empty() && sleeps_for_ever_) eventfd_write(nudge_.get(), 1);
}

bool Hints::begin_serving() {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    if (serving_) return false;
    return serving_ = true;
}

bool Hints::may_stop() {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    sleeps_for_ever_ = !requests_.empty();
    serving_ = sleeps_for_ever_;
    return !serving_;
}

void Hints::set_event_of(int socket) {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(socket);
    if (found == requests_.end()) return;
    found->second.set = true;
    nt_set_event(found->second.handle, nullptr);
}

void Hints::serve() {
    if (!begin_serving()) return;
    int patience = kLingerMilliseconds;
    for (;;) {
        std::array<epoll_event, 16> events;
        const int count = epoll_wait(poller_.get(), events.data(), static_cast<int>(events.size()), patience);
        if (count < 0 && errno == EINTR) continue;
        for (int i = 0; i < count; ++i) set_event_of(events[static_cast<std::size_t>(i)].data.fd);
        if (count > 0) {
            patience = kLingerMilliseconds;
        } else if (may_stop()) {
            return;
        } else {
            patience = -1;
        }
    }
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

bool can_leave_calls() {
    return true;
}

void forget_left_call(int fd) {
    wine::Hints::instance().withdraw(fd);
}

}  // namespace ntalpc::host
