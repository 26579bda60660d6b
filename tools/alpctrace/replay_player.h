// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a script against whoever is on the other side now, and compares what they say with what was recorded.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "alpctrace/replay_port.h"
#include "alpctrace/replay_script.h"

namespace ntalpc {

// The first thing that is not as it was recorded, for the user.
class ReplayDifference : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// All of it happens on one thread: requests are sent without waiting, so that what was said at the same time
// by several threads can be said again. To the other side they are requests like any other. Replies are known
// by the message that they answer, everything else on a connection must come in the recorded order.
class ReplayPlayer {
  public:
    // Waits so many milliseconds for each thing that must come.
    ReplayPlayer(const std::vector<ReplayStep>& script, ReplaySide side, int limit)
        : script_(script), side_(side), limit_(limit) {}
    ~ReplayPlayer();
    ReplayPlayer(const ReplayPlayer&) = delete;
    ReplayPlayer& operator=(const ReplayPlayer&) = delete;

    // Throws ReplayDifference.
    void play();

  private:
    struct Connection {
        HANDLE port = nullptr;
        LiveMessage request;  // what asked for it
        std::deque<LiveMessage> inbox;
        std::vector<wire::Bytes> given_up;  // what may come although it was not received then
    };

    void perform(const ReplayStep& step);
    void create(const ReplayStep& step);
    void connect(const ReplayStep& step);
    void decide(const ReplayStep& step);
    void send(const ReplayStep& step);
    void receive(const ReplayStep& step);
    void cancel(const ReplayStep& step);
    void disconnected(const ReplayStep& step);
    void close(const ReplayStep& step);
    void nothing_more();

    HANDLE receiving_port(const ReplayStep& step);
    // Where a message that has come in belongs.
    std::deque<LiveMessage>& inbox_for(const ReplayStep& step, const LiveMessage& message);
    bool take(const ReplayStep& step, LiveMessage* message);
    // Whether nobody needs to know of it: a notice of a cancellation, or what was given up then.
    bool is_no_news(const ReplayStep& step, const LiveMessage& message);
    [[noreturn]] void differ(const ReplayStep& step, const std::string& recorded,
                             const std::string& now) const;
    void compare(const ReplayStep& step, const LiveMessage& message) const;

    ReplayPorts ports_;
    const std::vector<ReplayStep>& script_;
    const ReplaySide side_;
    const int limit_;
    std::map<std::string, HANDLE> listeners_;
    std::map<std::string, std::deque<LiveMessage>> newcomers_;  // requests for a connection, by port
    std::map<std::uint64_t, Connection> connections_;           // by recorded number
    struct LiveId {
        std::uint32_t id, callback;
        std::chrono::steady_clock::time_point since = {};
    };
    std::map<std::uint32_t, LiveId> live_;             // by recorded id
    std::map<std::uint32_t, std::uint32_t> recorded_;  // by live id
};

}  // namespace ntalpc
