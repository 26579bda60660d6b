// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <span>
#include <system_error>

namespace ntalpc::server {

namespace {

constexpr std::uint64_t kHangupsReady = 0;  // not the number of any watcher

UniqueFd make_epoll() {
    UniqueFd made(epoll_create1(EPOLL_CLOEXEC));
    if (!made) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return made;
}

}  // namespace

EventLoop::EventLoop() : epoll_(make_epoll()), hangups_(make_epoll()) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kHangupsReady;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, hangups_.get(), &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

std::uint64_t EventLoop::add(int fd, std::uint32_t events, Watcher& watcher) {
    return add_to(epoll_.get(), fd, events, watcher);
}

std::uint64_t EventLoop::add_hangup(int fd, Watcher& watcher) {
    return add_to(hangups_.get(), fd, 0, watcher);
}

std::uint64_t EventLoop::add_to(int epoll, int fd, std::uint32_t events, Watcher& watcher) {
    const std::uint64_t number = ++last_number_;
    watchers_.emplace(number, Entry{&watcher, epoll});
    epoll_event event{};
    event.events = events;
    event.data.u64 = number;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return number;
    watchers_.erase(number);
    return 0;
}

void EventLoop::remove(std::uint64_t number, int fd) {
    const auto found = watchers_.find(number);
    if (found == watchers_.end()) return;
    epoll_ctl(found->second.epoll, EPOLL_CTL_DEL, fd, nullptr);
    watchers_.erase(found);
}

bool EventLoop::change(std::uint64_t number, int fd, std::uint32_t events) {
    const auto found = watchers_.find(number);
    if (found == watchers_.end()) return false;
    epoll_event event{};
    event.events = events;
    event.data.u64 = number;
    return epoll_ctl(found->second.epoll, EPOLL_CTL_MOD, fd, &event) == 0;
}

void EventLoop::tell(std::uint64_t number, std::uint32_t events) {
    const auto found = watchers_.find(number);
    if (found != watchers_.end()) found->second.watcher->ready(events);
}

void EventLoop::drain_hangups() {
    std::array<epoll_event, 64> events;
    int count;
    while ((count = epoll_wait(hangups_.get(), events.data(), events.size(), 0)) > 0) {
        for (int i = 0; i < count; ++i)
            tell(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    }
}

void EventLoop::run_once(Nanoseconds deadline) {
    timespec limit{};
    timespec* timeout = nullptr;
    if (deadline != kForever) {
        const Nanoseconds left = std::max<Nanoseconds>(deadline - monotonic_now(), 0);
        limit.tv_sec = left / 1'000'000'000;
        limit.tv_nsec = left % 1'000'000'000;
        timeout = &limit;
    }
    std::array<epoll_event, 64> events;
    const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), timeout, nullptr);
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    const std::span ready(events.data(), static_cast<std::size_t>(std::max(count, 0)));
    // With a full batch the hang-ups may be ready without being in it.
    const bool hangups =
        ready.size() == events.size() ||
        std::any_of(ready.begin(), ready.end(), [](auto& e) { return e.data.u64 == kHangupsReady; });
    if (hangups) drain_hangups();
    for (const epoll_event& event : ready) tell(event.data.u64, event.events);
}

Nanoseconds monotonic_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return Nanoseconds{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace ntalpc::server
