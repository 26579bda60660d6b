// SPDX-License-Identifier: LGPL-2.1-or-later
// Events of Wine that say that something has happened to a socket.
//
// A thread that has left a call (core/left_call.h) waits in Wine, together with other handles or alertably,
// and Wine's waits know nothing of sockets. One helper thread per process sleeps on all such sockets and sets
// an event for each. An event is only a hint: whoever is woken looks at the socket itself.
//
// The same helper sets events of the program for messages with the direct attribute
// (core/direct_attribute.h).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "core/direct_attribute.h"
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

    // To be called within a CallGuard. Has the event set and closed when the message has been processed.
    NTSTATUS watch(HANDLE event, UniqueFd socket);
    // What a helper thread runs: code of the PE half that calls serve().
    void set_helper(void* start) { helper_ = start; }

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

    struct DirectEvent {
        core::DirectWatch message;
        HANDLE event;
    };

    Hints();
    NTSTATUS take_event(Event* event);
    NTSTATUS start_helper();
    bool begin_serving();
    int next_patience();
    void look_at(int socket);
    void look_at_message(std::map<int, DirectEvent>::iterator watched);

    std::mutex mutex_;
    UniqueFd poller_;
    UniqueFd nudge_;                  // wakes the helper when it should begin to linger
    std::map<int, Event> requests_;   // guarded by mutex_, by socket
    std::vector<Event> idle_events_;  // guarded by mutex_
    std::map<int, DirectEvent> direct_events_;  // guarded by mutex_, by socket
    void* helper_ = nullptr;
    bool serving_ = false;            // guarded by mutex_
    bool sleeps_for_ever_ = false;    // guarded by mutex_
};

}  // namespace ntalpc::wine
