// SPDX-License-Identifier: LGPL-2.1-or-later
// Load: many processes, many connections, all sorts of traffic, and an account of every message.
//
// Services have a port each, clients have many connections each. Every message that must arrive carries the
// number of its place among those that its sender sends through the connection, so that its receiver notices
// when one is lost, duplicated or out of order. Processes come and go meanwhile, some by SIGKILL.
//
// All processes are forked from one that makes no calls itself, and share a page with it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "conformance/load/event.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::load {

enum class Kind : std::uint32_t {
    request,     // its sender waits for the answer
    large,       // the same with much data
    later,       // a request whose answer is received some time
    datagram,    // wants nothing
    push,        // a datagram that wants some back, through the service's communication port
    view,        // a request with a view of a section
    handle,      // a request with the end of a pipe
    canceled,    // a request that its sender may cancel, and that is not counted
    bye,         // a request: its sender will close the connection, and says what it has sent
    legacy,      // NtRequestWaitReplyPort
    event_pair,  // within one process
};
inline constexpr std::array kKindNames = {
    "requests", "large requests", "requests answered later", "datagrams",  "pushes", "views", "handles",
    "canceled", "ends",           "legacy requests",         "event pairs"};
inline constexpr std::size_t kKinds = kKindNames.size();

inline constexpr std::size_t kMostProcesses = 1000;
inline constexpr std::int64_t kPatience = 180;  // seconds: what takes longer is lost

struct Process {
    std::atomic<std::uint32_t> generation;  // changes when one is killed and when the next one comes
    std::atomic<std::uint32_t> open;        // connections that a client has
    Event serves;                           // a service: its port is there
};

// Shared by all processes.
struct Board {
    std::atomic<bool> clients_stop, services_stop;
    Event clients_stopped;  // set with clients_stop
    Event connected;        // a client has one connection more
    std::array<std::atomic<std::uint64_t>, kKinds> done;
    std::atomic<std::uint64_t> connections, pushed;
    std::atomic<std::uint64_t> abandoned;  // connections whose client was killed
    std::atomic<std::uint32_t> failures;
    std::array<std::array<char, 240>, 20> texts;
    std::array<Process, kMostProcesses> services, clients;
};

// Says what went wrong; only the first few are kept.
void fail(Board& board, const std::string& what);

// Of both sides.
constexpr bool has_several_threads(std::uint32_t service) {
    return service % 4 == 3;
}

// The roles; they return when the board says so.
void run_service(Board& board, std::uint32_t number, const std::string& prefix);
void run_client(Board& board, std::uint32_t number, std::uint32_t services, std::uint32_t connections,
                const std::string& prefix);

}  // namespace ntalpc::load
