// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/hints.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/associations.h"
#include "core/host.h"
#include "core/host_events.h"
#include "core/left_call.h"
#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

constexpr ACCESS_MASK kEventAllAccess = 0x1F0003;
constexpr int kSynchronizationEvent = 1;  // a wait resets it
constexpr ACCESS_MASK kEventModifyState = 2;
constexpr ULONG kThreadAmILastThread = 12;
constexpr ACCESS_MASK kThreadAllAccess = 0x1FFFFF;
constexpr ULONG kSkipThreadAttach = 2;  // the program's DLLs need not hear of the helper
constexpr SIZE_T kHelperStack = 0x10000;

NTALPC_IMPORT(nt_query_event, "NtQueryEvent", NTSTATUS,
              (HANDLE event, int information_class, void* buffer, ULONG size, ULONG* needed));

void announce(const wire::Note& note) {
    Targets::instance().announce(note);
}

bool take_pool_post(PoolPost* post) {
    const host::CallGuard guard;
    return Targets::instance().take_pool_post(post);
}

bool has_targets() {
    const host::CallGuard guard;
    return !Targets::instance().empty();
}

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
    if (requests_.empty() && sleeps_for_ever_) nudge();
}

void Hints::nudge() {
    eventfd_write(nudge_.get(), 1);
}

NTSTATUS Hints::begin_announcing() {
    const std::lock_guard lock(mutex_);
    if (!serving_) return start_helper();
    nudge();
    return STATUS_SUCCESS;
}

void Hints::look_around() {
    const std::lock_guard lock(mutex_);
    if (sleeps_for_ever_) nudge();
}

bool Hints::begin_serving() {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    if (serving_) return false;
    patience_ = kLingerMilliseconds;
    return serving_ = true;
}

NTSTATUS Hints::watch(HANDLE event, UniqueFd socket) {
    const std::lock_guard lock(mutex_);
    if (!serving_) {
        if (const NTSTATUS status = start_helper(); status != STATUS_SUCCESS) return status;
    }
    epoll_event interest = {EPOLLIN | EPOLLRDHUP, {.fd = socket.get()}};
    if (epoll_ctl(poller_.get(), EPOLL_CTL_ADD, socket.get(), &interest) != 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    const int key = socket.get();
    direct_events_.emplace(key, DirectEvent{core::DirectWatch(std::move(socket)), event});
    // A helper that sleeps for the sake of others' calls must learn that there is more to stay for.
    if (sleeps_for_ever_) nudge();
    return STATUS_SUCCESS;
}

NTSTATUS Hints::start_helper() {
    HANDLE thread = nullptr;
    const NTSTATUS status =
        nt_create_thread(&thread, kThreadAllAccess, nullptr, kCurrentProcess, helper_, nullptr,
                         kSkipThreadAttach, ULONG_PTR{0}, kHelperStack, kHelperStack, nullptr);
    if (NT_SUCCESS(status)) nt_close(thread);
    return status;
}

// How long the helper sleeps next when it has found nothing to do for a while; 0 when it is to end. Calls
// that have been left belong to threads that wait; messages under way and completion ports do not keep a
// process alive.
int Hints::next_patience() {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    sleeps_for_ever_ = !requests_.empty();
    if (sleeps_for_ever_) return -1;
    // What the server is asked for must not be left to a helper that ends: its answer would be lost.
    const bool announces = notes_socket_ >= 0 || !Targets::instance().empty();
    ULONG last_thread = 0;
    if (announces || !direct_events_.empty())
        nt_query_information_thread(kCurrentThread, kThreadAmILastThread, &last_thread, sizeof(last_thread),
                                    nullptr);
    serving_ = (announces || !direct_events_.empty()) && !last_thread;
    if (!serving_) return 0;
    sleeps_for_ever_ = direct_events_.empty() && !Targets::instance().empty();
    return sleeps_for_ever_ ? -1 : kLingerMilliseconds;
}

void Hints::look_at_message(std::map<int, DirectEvent>::iterator watched) {
    const auto news = watched->second.message.look();
    if (news == core::DirectWatch::News::none) return;
    if (news == core::DirectWatch::News::processed) nt_set_event(watched->second.event, nullptr);
    nt_close(watched->second.event);
    direct_events_.erase(watched);
}

void Hints::look_at(int socket) {
    const host::CallGuard guard;
    const std::lock_guard lock(mutex_);
    if (const auto watched = direct_events_.find(socket); watched != direct_events_.end())
        return look_at_message(watched);
    const auto found = requests_.find(socket);
    if (found == requests_.end()) return;
    found->second.set = true;
    nt_set_event(found->second.handle, nullptr);
}

// As long as there is a target, the helper is left waiting for notes; the socket is watched until then.
void Hints::begin_notes() {
    if (notes_socket_ < 0 && has_targets()) go_on_with_notes(core::take_notes(&announce));
}

void Hints::go_on_with_notes(NTSTATUS status) {
    while (status == STATUS_SUCCESS && has_targets()) status = core::take_notes(&announce);
    if (status == core::kCallLeft) {
        if (notes_socket_ >= 0) return;
        notes_socket_ = core::left_call_answers();
        epoll_event interest = {EPOLLIN, {.fd = notes_socket_}};
        epoll_ctl(poller_.get(), EPOLL_CTL_ADD, notes_socket_, &interest);
        return;
    }
    const int socket = std::exchange(notes_socket_, -1);
    if (status == STATUS_SUCCESS || status == STATUS_CANCELLED) {
        // Nobody is left to be told.
        if (socket >= 0) epoll_ctl(poller_.get(), EPOLL_CTL_DEL, socket, nullptr);
        return;
    }
    // The server has ended, and with it the socket, whose number may be another's by now.
    const host::CallGuard guard;
    Targets::instance().announce_end();
}

void Hints::end_notes() {
    if (notes_socket_ >= 0 && !has_targets())
        go_on_with_notes(core::take_up_call(STATUS_CANCELLED));
}

// What the sockets have to say, or what there is to do when they have kept silent. False when it is time to
// end.
bool Hints::sleep_once() {
    std::array<epoll_event, 16> events;
    const int count = epoll_wait(poller_.get(), events.data(), static_cast<int>(events.size()), patience_);
    if (count < 0 && errno == EINTR) return true;
    for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (socket == notes_socket_) {
            go_on_with_notes(core::take_up_call(STATUS_SUCCESS));
        } else {
            look_at(socket);
        }
    }
    patience_ = count > 0 ? kLingerMilliseconds : next_patience();
    return patience_ != 0;
}

bool Hints::serve(bool begin, PoolPost* post) {
    if (begin && !begin_serving()) return false;
    for (;;) {
        begin_notes();
        end_notes();
        if (take_pool_post(post)) return true;
        if (!sleep_once()) return false;
    }
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

// Asking for its state with a handle that may not do so tells an event from everything else too.
NtStatus set_event_when_processed(NtHandle event, UniqueFd socket) {
    struct {
        LONG type, state;
    } unused;
    NtStatus status = wine::nt_query_event(event, 0, &unused, sizeof(unused), nullptr);
    if (status != STATUS_SUCCESS && status != STATUS_ACCESS_DENIED) return status;
    HANDLE own = nullptr;
    status = wine::nt_duplicate_object(wine::kCurrentProcess, event, wine::kCurrentProcess, &own,
                                       wine::kEventModifyState, 0, 0);
    if (status != STATUS_SUCCESS) return status;
    status = wine::Hints::instance().watch(own, std::move(socket));
    if (status != STATUS_SUCCESS) wine::nt_close(own);
    return status;
}

bool can_leave_calls() {
    return true;
}

void forget_left_call(int fd) {
    wine::Hints::instance().withdraw(fd);
}

}  // namespace ntalpc::host
