// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/leased_port.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "ntalpc/lease_memory.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// What a thread hears of at a time.
using Bells = std::array<epoll_event, 32>;

}  // namespace

std::shared_ptr<LeasedPort> LeasedPort::watch(CallScope& scope, std::uint64_t handle) {
    wire::WatchPort::Request request;
    wire::WatchPort::Reply reply;
    wire::WatchPort::ReplyBlobs blobs;
    std::array<UniqueFd, 2> descriptors;
    request.handle = handle;
    if (scope.call<wire::WatchPort>(Blocking::no, request, {}, &reply, &blobs, descriptors) != STATUS_SUCCESS)
        return nullptr;
    std::shared_ptr<LeasedPort> port(new LeasedPort);
    return port->set_up(descriptors[0], std::move(descriptors[1])) ? port : nullptr;
}

bool LeasedPort::set_up(const UniqueFd& page, UniqueFd event) {
    epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    nudge_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    server_ = std::move(event);
    void* const place = mmap(nullptr, lease::kPage, PROT_READ, MAP_SHARED, page.get(), 0);
    if (place != MAP_FAILED) page_ = static_cast<const lease::PortPage*>(place);
    return epoll_ && nudge_ && page_ && listen_to(server_.get(), kServerTag, EPOLLIN) &&
           listen_to(nudge_.get(), kNudgeTag, EPOLLIN | EPOLLET);
}

LeasedPort::~LeasedPort() {
    if (page_) munmap(const_cast<lease::PortPage*>(page_), lease::kPage);
}

bool LeasedPort::listen_to(int fd, std::uint64_t tag, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.u64 = tag}};
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// It begins awake.
bool LeasedPort::add(std::shared_ptr<ServerLease> lease) {
    const std::lock_guard lock(mutex_);
    if (!listen_to(lease->bell(), lease->number(), EPOLLIN | EPOLLET)) return false;
    leases_[lease->number()] = lease;
    awake_.push_back(std::move(lease));
    limit_awake();
    if (sleepers_ != 0 && !put_to_sleep()) eventfd_write(nudge_.get(), 1);
    return true;
}

std::shared_ptr<ServerLease> LeasedPort::find(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(number);
    return found == leases_.end() ? nullptr : found->second;
}

void LeasedPort::hear_bells(std::span<const epoll_event> events) {
    for (const epoll_event& event : events) {
        if (event.data.u64 == kServerTag) ask_server_ = true;
        const auto found = leases_.find(static_cast<std::uint32_t>(event.data.u64));
        if (event.data.u64 >= kNudgeTag || found == leases_.end()) continue;
        if (std::ranges::find(awake_, found->second) != awake_.end()) continue;
        found->second->wake_up();
        awake_.push_back(found->second);
    }
}

// Nobody rings the bell of one that is asleep.
void LeasedPort::drop_ended() {
    const std::uint64_t ended = page_->ended.load();
    if (ended == ended_) return;
    ended_ = ended;
    std::erase_if(awake_, [](const auto& lease) { return lease->over(); });
    std::erase_if(leases_, [](const auto& entry) { return entry.second->over(); });
}

bool LeasedPort::idle() {
    const std::lock_guard lock(mutex_);
    drop_ended();
    return leases_.empty();
}

// Those without a message go first.
void LeasedPort::limit_awake() {
    for (std::size_t i = awake_.size(); i-- > 0 && awake_.size() > kMostAwake;) {
        if (awake_[i]->anything()) continue;
        awake_[i]->go_to_sleep();
        if (awake_[i]->anything()) {
            awake_[i]->wake_up();
        } else {
            awake_.erase(awake_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

// False when there is something to receive.
bool LeasedPort::put_to_sleep() {
    Leases restless;
    for (auto& lease : awake_) {
        lease->go_to_sleep();
        if (!lease->anything()) continue;
        lease->wake_up();
        restless.push_back(std::move(lease));
    }
    awake_ = std::move(restless);
    return awake_.empty();
}

LeasedPort::First LeasedPort::find_first(std::shared_ptr<ServerLease>* first) {
    first->reset();
    const std::lock_guard lock(mutex_);
    if (awake_.size() < leases_.size() && (awake_.empty() || ++looks_ % kLooksPerPoll == 0)) {
        Bells bells;
        const int heard = epoll_wait(epoll_.get(), bells.data(), bells.size(), 0);
        if (heard > 0) hear_bells(std::span(bells).first(static_cast<std::size_t>(heard)));
        limit_awake();
    }
    drop_ended();
    if (leases_.empty()) return First::no_leases;
    std::int64_t first_at = 0;
    const std::int64_t now = Spinning::now();
    for (const auto& lease : awake_) {
        const std::int64_t at = lease->first_at(now);
        if (at == 0 || (first_at != 0 && at >= first_at)) continue;
        first_at = at;
        *first = lease;
    }
    const std::int64_t since = page_->since.load(std::memory_order_acquire);
    const bool from_server =
        (since != 0 && (first_at == 0 || since <= first_at)) || ask_server_.exchange(false);
    if (from_server) return First::of_server;
    return *first ? First::of_lease : First::nothing;
}

bool LeasedPort::take_from_server(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                                  Received* received) {
    wire::SendWaitReceive::Request request = terms;
    wire::SendWaitReceive::ReplyBlobs blobs;
    request.has_send = 0;
    request.timeout = 0;
    request.message = {};
    request.send_attributes = {};
    received->reply = {};
    received->status = scope.call<wire::SendWaitReceive>(Blocking::no, request, {}, &received->reply, &blobs,
                                                         received->descriptors);
    received->data = blobs.data;
    return received->status != STATUS_TIMEOUT;
}

bool LeasedPort::take_from(CallScope& scope, ServerLease& lease, const wire::SendWaitReceive::Request& terms,
                           Received* received) {
    received->reply = {};
    switch (lease.take(scope, terms, &received->reply, &received->data)) {
        case LeaseResult::done:
            spinning_.seen_on(lease.processor());
            received->status = received->reply.has_message ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
            return true;
        case LeaseResult::garbage:
            report_garbage(scope, lease.number());
            forget(lease);
            return false;
        default:
            return false;
    }
}

void LeasedPort::forget(const ServerLease& lease) {
    const std::lock_guard lock(mutex_);
    std::erase_if(awake_, [&](const auto& other) { return other.get() == &lease; });
    leases_.erase(lease.number());
}

LeasedPort::First LeasedPort::look(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                                   Received* received) {
    for (;;) {
        std::shared_ptr<ServerLease> lease;
        const First first = find_first(&lease);
        if (first == First::nothing || first == First::no_leases) return first;
        if (first == First::of_lease ? take_from(scope, *lease, terms, received)
                                     : take_from_server(scope, terms, received))
            return first;
    }
}

bool LeasedPort::spin() {
    Leases awake;
    {
        const std::lock_guard lock(mutex_);
        awake = awake_;
    }
    return spinning_.wait([&] {
        return page_->since.load(std::memory_order_relaxed) != 0 ||
               std::ranges::any_of(awake, [](const auto& lease) { return lease->anything(); });
    });
}

void LeasedPort::sleep(host::CallGuard& guard, std::int64_t limit) {
    {
        const std::lock_guard lock(mutex_);
        if (!put_to_sleep()) return;
        ++sleepers_;
    }
    Bells bells;
    const std::size_t heard = guard.wait_events(epoll_.get(), bells, limit);
    const std::lock_guard lock(mutex_);
    --sleepers_;
    hear_bells(std::span(bells).first(heard));
}

void LeasedPort::leave() {
    const std::lock_guard lock(mutex_);
    if (sleepers_ == 0) return;
    if (!put_to_sleep()) eventfd_write(nudge_.get(), 1);
}

bool LeasedPort::receive(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                         const Deadline& deadline, Received* received) {
    First found = First::nothing;
    while ((found = look(scope, terms, received)) == First::nothing) {
        const std::int64_t left = deadline.left();
        if (left == 0) {
            received->status = STATUS_TIMEOUT;
            break;
        }
        if (!spin()) sleep(scope.guard(), left);
    }
    leave();
    return found != First::no_leases;
}

}  // namespace ntalpc::core
