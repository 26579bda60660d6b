// SPDX-License-Identifier: LGPL-2.1-or-later
// What learns of the messages of associated ports: completion ports of the program, and objects of its thread
// pool.
//
// A completion port is held by a handle of our own, so that the program may close its. A completion port of
// which only ours is left would never tell its waiting threads that it has been closed, so ours is closed
// together with the last one of the program.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "core/host_targets.h"
#include "generated/protocol.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

// So many callbacks of a pool object are due.
struct PoolPost {
    host::Target target;
    std::uint32_t count;
};

class Targets {
  public:
    static Targets& instance();

    // All to be called within a CallGuard.
    NTSTATUS add_completion_port(HANDLE completion_port, void* key, host::Target* target);
    host::Target add_pool_object();
    void remove(host::Target target);
    bool empty();

    void announce(const wire::Note& note);
    // The server is gone, and with it what all ports were connected to: each target is told once, the last
    // time.
    void announce_end();
    // What has been announced to a pool object and is to be posted to it; false when there is nothing. Only
    // for the thread that announces.
    bool take_pool_post(PoolPost* post);

    // The program is about to close a handle.
    void handle_closes(HANDLE handle);

  private:
    // A completion port, however many ports are associated with it.
    struct CompletionPort {
        HANDLE given;  // the program's handle; null once that has been closed
        HANDLE own;    // null once the program has closed its last
        unsigned users;
    };
    using CompletionPorts = std::list<CompletionPort>;

    struct Destination {
        bool pool_object = false;
        CompletionPorts::iterator completion_port{};
        void* key = nullptr;
    };

    NTSTATUS find_or_add(HANDLE given, CompletionPorts::iterator* found);
    void post(host::Target target, const Destination& destination, std::uint32_t count);
    void let_go(const Destination& destination);

    std::mutex mutex_;
    CompletionPorts completion_ports_;             // guarded by mutex_
    std::map<host::Target, Destination> targets_;  // guarded by mutex_
    std::vector<PoolPost> pool_posts_;             // guarded by mutex_
    host::Target last_target_ = 0;                 // guarded by mutex_
};

}  // namespace ntalpc::wine
