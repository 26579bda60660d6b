// SPDX-License-Identifier: LGPL-2.1-or-later
// Setting events when messages with the direct attribute have been processed. One thread per process does so;
// it exists from the first such message on and sleeps while nothing happens.
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "core/direct_attribute.h"
#include "core/host_events.h"
#include "core/immortal.h"
#include "native/events.h"
#include "native/handle_table.h"

namespace ntalpc::native {

namespace {

class DirectEvents {
  public:
    static DirectEvents& instance() {
        static core::Immortal<DirectEvents> events;
        return *events;
    }

    NTSTATUS watch(UniqueFd event, UniqueFd socket) {
        const std::lock_guard lock(mutex_);
        if (const NTSTATUS status = start_helper(); status != STATUS_SUCCESS) return status;
        epoll_event interest = {EPOLLIN | EPOLLRDHUP, {.fd = socket.get()}};
        if (epoll_ctl(poller_.get(), EPOLL_CTL_ADD, socket.get(), &interest) != 0)
            return STATUS_INSUFFICIENT_RESOURCES;
        const int key = socket.get();
        watched_.emplace(key, Watched{core::DirectWatch(std::move(socket)), std::move(event)});
        return STATUS_SUCCESS;
    }

    void forget() {
        new (&mutex_) std::mutex;
        watched_.clear();
        poller_.reset();
    }

  private:
    struct Watched {
        core::DirectWatch message;
        UniqueFd event;
    };

    // The program's signals are not for the helper.
    NTSTATUS start_helper() {
        if (poller_) return STATUS_SUCCESS;
        UniqueFd poller(epoll_create1(EPOLL_CLOEXEC));
        if (!poller) return STATUS_INSUFFICIENT_RESOURCES;
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pthread_t helper;
        const auto run = [](void* self) -> void* {
            return static_cast<DirectEvents*>(self)->serve(), nullptr;
        };
        poller_ = std::move(poller);
        const int failure = pthread_create(&helper, nullptr, run, this);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        if (failure == 0) return pthread_detach(helper), STATUS_SUCCESS;
        poller_.reset();
        return STATUS_INSUFFICIENT_RESOURCES;
    }

    void serve() {
        int poller;
        {
            const std::lock_guard lock(mutex_);
            poller = poller_.get();
        }
        for (;;) {
            epoll_event ready;
            const int count = epoll_wait(poller, &ready, 1, -1);
            if (count == 1) look_at(ready.data.fd);
            if (count < 0 && errno != EINTR) return;
        }
    }

    void look_at(int socket) {
        const std::lock_guard lock(mutex_);
        const auto found = watched_.find(socket);
        if (found == watched_.end()) return;
        const auto news = found->second.message.look();
        if (news == core::DirectWatch::News::none) return;
        if (news == core::DirectWatch::News::processed) eventfd_write(found->second.event.get(), 1);
        watched_.erase(found);
    }

    std::mutex mutex_;
    UniqueFd poller_;                 // guarded by mutex_; there is a helper when it is open
    std::map<int, Watched> watched_;  // guarded by mutex_, by socket
};

}  // namespace

void forget_direct_events() {
    DirectEvents::instance().forget();
}

}  // namespace ntalpc::native

namespace ntalpc::host {

NtStatus set_event_when_processed(NtHandle event, UniqueFd socket) {
    UniqueFd descriptor;
    const NtStatus status = duplicate_descriptor(event, &descriptor);
    if (status != STATUS_SUCCESS) return status;
    if (!native::is_event(descriptor.get())) return STATUS_OBJECT_TYPE_MISMATCH;
    return native::DirectEvents::instance().watch(std::move(descriptor), std::move(socket));
}

}  // namespace ntalpc::host
