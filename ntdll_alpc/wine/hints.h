// SPDX-License-Identifier: LGPL-2.1-or-later
// Events of Wine that say that a socket has something to read.
//
// A thread that has left a call (core/left_call.h) waits in Wine, together with other handles or alertably,
// and Wine's waits know nothing of sockets. One helper thread per process sleeps on all such sockets and sets
// an event for each. An event is only a hint: whoever is woken looks at the socket itself.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::wine {

class Hints {
  public:
    static Hints& instance();

    // To be called within a CallGuard. Has `event` set when `socket` becomes readable. `needs_helper` tells
    // that nobody runs serve(). An earlier request for the same socket is replaced.
    NTSTATUS request(int socket, HANDLE* event, bool* needs_helper);
    // To be called within a CallGuard, or when the thread ends.
    void withdraw(int socket);

    // The helper's work, which may be suspended or terminated while it sleeps. Returns when another thread
    // does it already, or when there has been nothing to wait for during a while: a helper that waits for
    // nobody would keep a process alive whose own threads have ended.
    void serve();

  private:
    static constexpr int kLingerMilliseconds = 500;

    struct Event {
        HANDLE handle;
        bool set;  // at some time since it was last reset
    };

    Hints();
    NTSTATUS take_event(Event* event);
    bool begin_serving();
    bool may_stop();
    void set_event_of(int socket);

    std::mutex mutex_;
    UniqueFd poller_;
    UniqueFd nudge_;                  // wakes the helper when it should begin to linger
    std::map<int, Event> requests_;   // guarded by mutex_, by socket
    std::vector<Event> idle_events_;  // guarded by mutex_
    bool serving_ = false;            // guarded by mutex_
    bool sleeps_for_ever_ = false;    // guarded by mutex_
};

}  // namespace ntalpc::wine
