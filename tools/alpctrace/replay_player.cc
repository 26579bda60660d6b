// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/replay_player.h"

#include <algorithm>
#include <set>
#include <thread>

#include "events/event.h"
#include "ntalpc/status.h"

namespace ntalpc {

namespace {

using Kind = ReplayStep::Kind;

bool has_text(std::uint32_t type) {
    return type == LPC_REQUEST || type == LPC_REPLY || type == LPC_DATAGRAM || type == LPC_CONNECTION_REQUEST;
}

std::string said(std::uint32_t type, wire::Bytes data) {
    std::string text = message_type_text(type);
    if (has_text(type)) text += ", " + std::to_string(data.size()) + " bytes \"" + printable_text(data) + '"';
    return text;
}

std::string outcome(std::int32_t status, wire::Bytes answer) {
    return status == STATUS_SUCCESS
               ? "accepted with " + std::to_string(answer.size()) + " bytes \"" + printable_text(answer) + '"'
               : status_text(status);
}

}  // namespace

ReplayPlayer::~ReplayPlayer() {
    for (const auto& [serial, connection] : connections_) {
        if (connection.port) ports_.close(connection.port);
    }
    for (const auto& [name, port] : listeners_) ports_.close(port);
}

void ReplayPlayer::play() {
    for (const ReplayStep& step : script_) perform(step);
    nothing_more();
}

void ReplayPlayer::perform(const ReplayStep& step) {
    switch (step.kind) {
        case Kind::create:
            return create(step);
        case Kind::connect:
            return connect(step);
        case Kind::accept:
        case Kind::refuse:
            return decide(step);
        case Kind::send:
            return send(step);
        case Kind::receive:
            return receive(step);
        case Kind::cancel:
            return cancel(step);
        case Kind::given_up:
            connections_[step.connection].given_up.push_back(step.data);
            return;
        case Kind::close:
            return close(step);
        case Kind::disconnected:
            return disconnected(step);
    }
}

void ReplayPlayer::differ(const ReplayStep& step, const std::string& recorded, const std::string& now) const {
    std::set<std::uint64_t> before;
    for (const ReplayStep& other : script_) {
        if (other.port == step.port && other.connection != 0 && other.connection <= step.connection)
            before.insert(other.connection);
    }
    const auto place = &step - script_.data() + 1;
    std::string where = step.port;
    if (step.connection != 0) where += ", connection " + std::to_string(before.size());
    throw ReplayDifference(where + ", step " + std::to_string(place) + " of " +
                           std::to_string(script_.size()) + ":\n  - recorded: " + recorded +
                           "\n  + now:      " + now);
}

void ReplayPlayer::create(const ReplayStep& step) {
    HANDLE port = nullptr;
    const std::int32_t status = ports_.create(step.port, step.port_flags, &port);
    if (status != STATUS_SUCCESS) differ(step, "the port was created", status_text(status));
    listeners_[step.port] = port;
}

void ReplayPlayer::connect(const ReplayStep& step) {
    std::vector<std::byte> data(step.data.begin(), step.data.end());
    HANDLE port = nullptr;
    const std::int32_t status = ports_.connect(step.port, &data, &port);
    if (status == STATUS_SUCCESS) connections_[step.connection].port = port;
    if (status != step.status || (status == STATUS_SUCCESS && !std::ranges::equal(data, step.answer)))
        differ(step, outcome(step.status, step.answer), outcome(status, data));
}

void ReplayPlayer::decide(const ReplayStep& step) {
    Connection& connection = connections_[step.connection];
    HANDLE port = nullptr;
    const bool accept = step.kind == Kind::accept;
    const std::int32_t status =
        ports_.decide(listeners_[step.port], connection.request, accept, step.connection, step.data, &port);
    if (status != STATUS_SUCCESS) differ(step, accept ? "accepted" : "refused", status_text(status));
    connection.port = port;
}

void ReplayPlayer::send(const ReplayStep& step) {
    const auto answered = live_.find(step.message);
    const bool answers = step.type == LPC_REPLY && answered != live_.end();
    LiveId live = answers ? answered->second : LiveId{0, 0};
    // A server answers where it has received.
    const HANDLE port = answers ? receiving_port(step) : connections_[step.connection].port;
    const std::int32_t status = ports_.send(port, step.type, step.data, live.callback, &live.id);
    if (status != STATUS_SUCCESS) differ(step, "sent " + said(step.type, step.data), status_text(status));
    if (answers) return;
    live.since = std::chrono::steady_clock::now();
    live_[step.message] = live;
    recorded_[live.id] = step.message;
}

HANDLE ReplayPlayer::receiving_port(const ReplayStep& step) {
    return side_ == ReplaySide::server ? listeners_[step.port] : connections_[step.connection].port;
}

std::deque<LiveMessage>& ReplayPlayer::inbox_for(const ReplayStep& step, const LiveMessage& message) {
    if (message.type == LPC_CONNECTION_REQUEST) return newcomers_[step.port];
    return connections_[side_ == ReplaySide::server ? message.context : step.connection].inbox;
}

// What the step expects, out of what has come already.
bool ReplayPlayer::take(const ReplayStep& step, LiveMessage* message) {
    const bool newcomer = step.type == LPC_CONNECTION_REQUEST;
    auto& inbox = newcomer ? newcomers_[step.port] : connections_[step.connection].inbox;
    const auto fits = [&](const LiveMessage& came) {
        if (step.type != LPC_REPLY) return came.type != LPC_REPLY;
        const auto request = recorded_.find(came.id);
        return came.type == LPC_REPLY && request != recorded_.end() && request->second == step.message;
    };
    const auto found = std::ranges::find_if(inbox, fits);
    if (found == inbox.end()) return false;
    *message = std::move(*found);
    inbox.erase(found);
    return true;
}

bool ReplayPlayer::is_no_news(const ReplayStep& step, const LiveMessage& message) {
    if (message.type == LPC_CANCEL_MESSAGE) return true;
    if (message.type != LPC_REQUEST || std::ranges::equal(step.data, message.data)) return false;
    auto& given_up = connections_[side_ == ReplaySide::server ? message.context : step.connection].given_up;
    const auto found = std::ranges::find_if(
        given_up, [&](wire::Bytes data) { return std::ranges::equal(data, message.data); });
    if (found == given_up.end()) return false;
    given_up.erase(found);
    return true;
}

void ReplayPlayer::compare(const ReplayStep& step, const LiveMessage& message) const {
    const bool same_text = !has_text(step.type) || std::ranges::equal(step.data, message.data);
    if (step.type == message.type && same_text) return;
    differ(step, said(step.type, step.data), said(message.type, message.data));
}

void ReplayPlayer::receive(const ReplayStep& step) {
    LiveMessage message;
    while (!take(step, &message)) {
        LiveMessage came;
        const std::int32_t status = ports_.receive(receiving_port(step), limit_, &came);
        if (status == STATUS_TIMEOUT)
            differ(step, said(step.type, step.data),
                   "nothing within " + std::to_string(limit_ / 1000) + " s");
        if (status != STATUS_SUCCESS) differ(step, said(step.type, step.data), status_text(status));
        if (!is_no_news(step, came)) inbox_for(step, came).push_back(std::move(came));
    }
    compare(step, message);
    live_[step.message] = {message.id, message.callback};
    recorded_[message.id] = step.message;
    if (step.type == LPC_CONNECTION_REQUEST) connections_[step.connection].request = std::move(message);
}

// As late as then: a sender gives up after a time.
void ReplayPlayer::cancel(const ReplayStep& step) {
    const auto found = live_.find(step.message);
    if (found == live_.end()) return;
    std::this_thread::sleep_until(found->second.since + std::chrono::nanoseconds(step.after));
    ports_.cancel(connections_[step.connection].port, found->second.id);
}

void ReplayPlayer::disconnected(const ReplayStep& step) {
    LiveMessage message;
    const std::int32_t status = ports_.receive(receiving_port(step), limit_, &message);
    if (status == STATUS_SUCCESS) differ(step, "the connection was ended", said(message.type, message.data));
    if (status != STATUS_PORT_DISCONNECTED) differ(step, "the connection was ended", status_text(status));
}

void ReplayPlayer::close(const ReplayStep& step) {
    HANDLE& port = connections_[step.connection].port;
    if (port) ports_.close(port);
    port = nullptr;
}

void ReplayPlayer::nothing_more() {
    for (const ReplayStep& step : script_) {
        const auto found = connections_.find(step.connection);
        const HANDLE port = step.kind == Kind::create ? listeners_[step.port]
                            : step.kind == Kind::connect && found != connections_.end() ? found->second.port
                                                                                        : nullptr;
        LiveMessage came;
        while (port && ports_.receive(port, 0, &came) == STATUS_SUCCESS) {
            if (!is_no_news(step, came)) inbox_for(step, came).push_back(std::move(came));
        }
    }
    for (const ReplayStep& step : script_) {
        const auto found = connections_.find(step.connection);
        if (step.connection == 0 || found == connections_.end()) continue;
        for (const LiveMessage& came : found->second.inbox) {
            if (came.type != LPC_PORT_CLOSED)
                differ(script_.back(), "(nothing more)", said(came.type, came.data));
        }
    }
}

}  // namespace ntalpc
