// SPDX-License-Identifier: LGPL-2.1-or-later
// The helper thread of a process, which sleeps on sockets for those who cannot.
//
// A thread that has left a call (core/left_call.h) waits in Wine, together with other handles or alertably,
// and Wine's waits know nothing of sockets. The helper sleeps on all such sockets and sets an event for each.
// An event is only a hint: whoever is woken looks at the socket itself.
//
// The same helper sets events of the program for messages with the direct attribute
// (core/direct_attribute.h).
//
// Threads that wait at a completion port have made no call at all. For them the helper takes the server's
// notes about associated ports (core/associations.h) and passes them to the targets (targets.h).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "core/direct_attribute.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"
#include "wine/targets.h"

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
    // To be called within a CallGuard when there is a target.
    NTSTATUS begin_announcing();
    // To be called within a CallGuard: there may be less to do, or a thread of the process is about to end.
    void look_around();
    // What a helper thread runs: code of the PE half that calls serve().
    void set_helper(void* start) { helper_ = start; }

    // The helper's work, which may be suspended or terminated while it sleeps. Returns when another thread
    // does it already, or when there has been nothing to wait for during a while, or when only the helper is
    // left: it must not keep a process alive whose own threads have ended. It also returns, with true, when
    // there is something to post to a thread pool, which user mode does before it calls again.
    bool serve(bool begin, PoolPost* post);

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
    bool sleep_once();
    void nudge();
    void begin_notes();
    void go_on_with_notes(NTSTATUS status);
    void end_notes();

    std::mutex mutex_;
    UniqueFd poller_;
    UniqueFd nudge_;                            // wakes the helper when it should look around
    std::map<int, Event> requests_;             // guarded by mutex_, by socket
    std::vector<Event> idle_events_;            // guarded by mutex_
    std::map<int, DirectEvent> direct_events_;  // guarded by mutex_, by socket
    void* helper_ = nullptr;
    bool serving_ = false;                // guarded by mutex_
    bool sleeps_for_ever_ = false;        // guarded by mutex_
    int patience_ = kLingerMilliseconds;  // the helper's: for how long it sleeps
    int notes_socket_ = -1;               // the helper's: where it is left waiting for notes
};

}  // namespace ntalpc::wine
