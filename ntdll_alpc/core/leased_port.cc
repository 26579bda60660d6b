// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/leased_port.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

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

// The client may keep its end of the bell open.
void LeasedPort::stop_listening(const ServerLease& lease) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, lease.bell(), nullptr);
}

// It begins awake.
bool LeasedPort::add(std::shared_ptr<ServerLease> lease) {
    const std::lock_guard lock(mutex_);
    if (lease->over()) return true;      // and perhaps nobody is told of that any more
    awake_.reserve(leases_.size() + 1);  // whoever wakes one later needs no memory
    if (const auto older = leases_.find(lease->number()); older != leases_.end()) remove(older);
    leases_[lease->number()] = lease;
    if (!listen_to(lease->bell(), lease->number(), EPOLLIN | EPOLLET)) {
        leases_.erase(lease->number());
        return false;
    }
    count_ = leases_.size();
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

void LeasedPort::wake_all() {
    awake_.clear();
    for (const auto& [number, lease] : leases_) {
        lease->wake_up();
        awake_.push_back(lease);
    }
}

// Nobody rings the bell of one that is asleep, and an alpcserver that is killed tells of nothing any more.
void LeasedPort::drop_ended() {
    ended_ = page_->ended.load();
    for (auto next = leases_.begin(); next != leases_.end();) {
        const auto entry = next++;
        if (entry->second->over()) remove(entry);
    }
}

// What is awake is among leases_, so those that somebody may be looking at are kept here until nobody does.
void LeasedPort::remove(LeasesByNumber::iterator entry) {
    std::erase(awake_, entry->second);
    stop_listening(*entry->second);
    auto removed = leases_.extract(entry);
    if (spinners_ != 0) removed_.insert(std::move(removed));
    count_ = leases_.size();
}

bool LeasedPort::idle() {
    if (count_ != 0 && page_->ended.load() == ended_) return false;
    const std::lock_guard lock(mutex_);
    drop_ended();
    if (leases_.empty()) send_away();
    return leases_.empty();
}

// Each one that goes wakes the next.
void LeasedPort::send_away() {
    if (sleepers_ != 0) eventfd_write(nudge_.get(), 1);
}

// Those without a message go first.
void LeasedPort::limit_awake() {
    const std::size_t most = leases_.size() <= kMostAwake ? kMostAwake : kFew;
    for (std::size_t i = awake_.size(); i-- > 0 && awake_.size() > most;) {
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
    std::erase_if(awake_, [](const auto& lease) {
        lease->go_to_sleep();
        if (!lease->anything()) return true;
        lease->wake_up();
        return false;
    });
    return awake_.empty();
}

// Of a lease no more messages than it has slots can be older than what waits elsewhere. A client that has
// more lies about their time, and waits.
bool LeasedPort::has_its_share(const ServerLease& lease, bool others) {
    if (!others || lease.number() != last_first_) {
        last_first_ = lease.number();
        in_a_row_ = 0;
    }
    return ++in_a_row_ > lease::kSlots;
}

// `since` is when the first message came that waits at the server. Sets `some_over` when it comes across a
// lease that is.
LeasedPort::First LeasedPort::find_oldest(std::int64_t since, std::shared_ptr<ServerLease>* first,
                                          bool* some_over) {
    // Only where there are several does it matter when something came.
    const bool one = since == 0 && awake_.size() == 1;
    const std::int64_t now = one ? std::numeric_limits<std::int64_t>::max() : Spinning::now();
    // Pointers into awake_: only the one that comes first is copied, which counts references.
    const std::shared_ptr<ServerLease>* oldest = nullptr;
    const std::shared_ptr<ServerLease>* second = nullptr;
    std::int64_t oldest_at = 0, second_at = 0;
    for (const auto& lease : awake_) {
        const std::int64_t at = lease->first_at(now);
        if (at == ServerLease::kOver) *some_over = true;
        if (at <= 0) continue;
        if (!oldest || at < oldest_at) {
            second = std::exchange(oldest, &lease);
            second_at = std::exchange(oldest_at, at);
        } else if (!second || at < second_at) {
            second = &lease;
            second_at = at;
        }
    }
    if (oldest && has_its_share(**oldest, second || since != 0)) {
        oldest = second;
        oldest_at = second_at;
        in_a_row_ = 0;
    }
    if (since != 0 && (!oldest || since <= oldest_at)) return First::of_server;
    if (!oldest) return First::nothing;
    *first = *oldest;
    return First::of_lease;
}

LeasedPort::First LeasedPort::find_first(std::shared_ptr<ServerLease>* first) {
    first->reset();
    const std::lock_guard lock(mutex_);
    if (awake_.size() < leases_.size()) {
        Bells bells;
        const int heard = epoll_wait(epoll_.get(), bells.data(), bells.size(), 0);
        if (heard > 0) hear_bells(std::span(bells).first(static_cast<std::size_t>(heard)));
        limit_awake();
    }
    if (page_->ended.load() != ended_) drop_ended();
    const bool asked = ask_server_.exchange(false);
    bool some_over = false;
    std::int64_t since = page_->since.load(std::memory_order_acquire);
    First found = find_oldest(since, first, &some_over);
    // A client may just have changed over: what it had sent by way of the server came before this.
    const bool late =
        found == First::of_lease && since == 0 && (since = page_->since.load(std::memory_order_acquire)) != 0;
    if (some_over) drop_ended();
    if (leases_.empty()) return First::no_leases;
    if (late || some_over) {
        first->reset();
        found = find_oldest(since, first, &some_over);
    }
    return found == First::nothing && asked ? First::of_server : found;
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

bool LeasedPort::take_from(CallScope& scope, std::shared_ptr<ServerLease> lease,
                           const wire::SendWaitReceive::Request& terms, Received* received) {
    switch (lease->take(scope, terms, &received->reply, &received->data)) {
        case LeaseResult::done:
            spinning_.seen_on(lease->processor());
            received->status = received->reply.has_message ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
            received->lease = std::move(lease);
            return true;
        case LeaseResult::garbage:
            report_garbage(scope, lease->number());
            forget(*lease);
            return false;
        default:
            return false;
    }
}

void LeasedPort::forget(const ServerLease& lease) {
    const std::lock_guard lock(mutex_);
    const auto entry = leases_.find(lease.number());
    if (entry != leases_.end() && entry->second.get() == &lease) remove(entry);
}

LeasedPort::First LeasedPort::look(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                                   Received* received) {
    for (;;) {
        std::shared_ptr<ServerLease> lease;
        const First first = find_first(&lease);
        if (first == First::nothing || first == First::no_leases) return first;
        if (first == First::of_lease && take_from(scope, std::move(lease), terms, received)) return first;
        if (first == First::of_lease) continue;
        // When the server has nothing after all it is asked again, with the time that is left: the page may
        // say so for ever to a process that has spoilt its own memory.
        return take_from_server(scope, terms, received) ? first : First::no_leases;
    }
}

// Whether a bell has been rung; it can be heard afterwards.
bool LeasedPort::rung() const {
    pollfd bells{.fd = epoll_.get(), .events = POLLIN, .revents = 0};
    return poll(&bells, 1, 0) > 0;
}

bool LeasedPort::spin() {
    std::array<const ServerLease*, kMostAwake> awake;
    std::size_t count = 0;
    bool some_asleep = false;
    {
        const std::lock_guard lock(mutex_);
        for (; count < std::min(awake_.size(), awake.size()); ++count) awake[count] = awake_[count].get();
        some_asleep = count < leases_.size();
        ++spinners_;
    }
    // A look at the bells costs as much as some looks at the leases.
    constexpr std::uint32_t kLooksPerBell = 4;
    std::uint32_t looks = 0;
    const bool seen = spinning_.wait([&] {
        return page_->since.load(std::memory_order_relaxed) != 0 ||
               std::any_of(awake.begin(), awake.begin() + count,
                           [](const auto& lease) { return lease->anything(); }) ||
               (some_asleep && ++looks % kLooksPerBell == 0 && rung());
    });
    decltype(removed_) unseen;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    if (--spinners_ == 0) unseen.swap(removed_);
    return seen;
}

void LeasedPort::sleep(host::CallGuard& guard, std::int64_t limit) {
    {
        const std::lock_guard lock(mutex_);
        if (leases_.empty() || !put_to_sleep()) return;
        ++sleepers_;
    }
    Bells bells;
    const std::size_t heard = guard.wait_events(epoll_.get(), bells, limit);
    const std::lock_guard lock(mutex_);
    --sleepers_;
    hear_bells(std::span(bells).first(heard));
    // A few are looked at without bells, which also tells in which order their messages came.
    if (leases_.size() <= kFew && sleepers_ == 0) wake_all();
}

// A thread that goes to sleep after the look has every bell rung for it.
void LeasedPort::leave() {
    if (sleepers_ == 0) return;
    const std::lock_guard lock(mutex_);
    if (leases_.empty()) return send_away();
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
