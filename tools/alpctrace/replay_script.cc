// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/replay_script.h"

#include <map>
#include <set>
#include <utility>

#include "ntalpc/status.h"

namespace ntalpc {

namespace {

using trace::Type;
using Kind = ReplayStep::Kind;

constexpr std::uint64_t kServerSide = 1;  // `side` in events

std::uint32_t type_of(const Event& event) {
    return static_cast<std::uint32_t>(event.number("type") & 0xFF);
}

// Notices come from the server of all, not from a side.
bool is_said(std::uint32_t type) {
    return type == LPC_REQUEST || type == LPC_REPLY || type == LPC_DATAGRAM;
}

class ScriptWriter {
  public:
    ScriptWriter(ReplaySide side) : side_(side) {}

    void write(const Event& event);
    std::vector<ReplayStep> finish();

  private:
    struct Connection {
        std::uint64_t listener = 0;
        std::size_t connect = 0;  // the place of its step
        bool decided = false;
        std::uint64_t own_port = 0;
        bool over = false;  // for this side
    };
    struct Port {
        std::string name;
        std::uint32_t flags = 0;
    };

    bool is_own(const Event& event) const {
        return (event.number("side") == kServerSide) == (side_ == ReplaySide::server);
    }
    ReplayStep step(Kind kind, std::uint64_t connection) const;
    ReplayStep message_step(Kind kind, const Event& event) const;
    void add(ReplayStep step) { steps_.push_back(std::move(step)); }
    void port_created(const Event& event);
    void port_closed(const Event& event);
    void connect_requested(const Event& event);
    void connect_failed(const Event& event);
    void decided(const Event& event, bool accepted);
    void sent(const Event& event);
    void received(const Event& event);
    void canceled(const Event& event);
    void ended(const Event& event);
    void check(const Event& event) const;

    const ReplaySide side_;
    std::vector<ReplayStep> steps_;
    std::map<std::uint64_t, Port> ports_;
    std::set<std::uint64_t> created_;
    std::map<std::uint64_t, Connection> connections_;
    // What was said, for those who receive it: by message and type.
    std::map<std::pair<std::uint64_t, std::uint32_t>, const Event*> said_;
    std::set<std::uint64_t> received_;  // messages
};

ReplayStep ScriptWriter::step(Kind kind, std::uint64_t connection) const {
    ReplayStep made{.kind = kind, .connection = connection};
    const auto found = connections_.find(connection);
    const auto port = found == connections_.end() ? ports_.end() : ports_.find(found->second.listener);
    if (port != ports_.end()) made.port = port->second.name;
    return made;
}

ReplayStep ScriptWriter::message_step(Kind kind, const Event& event) const {
    ReplayStep made = step(kind, event.number("connection"));
    made.type = type_of(event);
    made.message = static_cast<std::uint32_t>(event.number("message"));
    made.data = event.data("data");
    return made;
}

void ScriptWriter::check(const Event& event) const {
    if (event.data("data").size() < event.number("size"))
        throw TraceError("the trace lacks the data of messages; record it with --payload");
}

void ScriptWriter::write(const Event& event) {
    if (event.is(Type::port_created)) return port_created(event);
    if (event.is(Type::port_closed)) return port_closed(event);
    if (event.is(Type::connect_requested)) return connect_requested(event);
    if (event.is(Type::connect_failed)) return connect_failed(event);
    if (event.is(Type::connection_accepted)) return decided(event, true);
    if (event.is(Type::connection_refused)) return decided(event, false);
    if (event.is(Type::connection_ended)) return ended(event);
    if (event.is(Type::message_sent)) return sent(event);
    if (event.is(Type::message_received)) return received(event);
    if (event.is(Type::message_canceled)) return canceled(event);
}

void ScriptWriter::port_created(const Event& event) {
    const auto flags = static_cast<std::uint32_t>(event.number("flags"));
    ports_[event.number("port")] = {event.text("name"), flags};
    const auto found = connections_.find(event.number("connection"));
    const bool server_port = event.number("kind") == 2;
    if (found != connections_.end() && server_port == (side_ == ReplaySide::server))
        found->second.own_port = event.number("port");
}

void ScriptWriter::port_closed(const Event& event) {
    for (auto& [serial, connection] : connections_) {
        if (connection.own_port != event.number("port") || connection.over) continue;
        connection.over = true;
        if (connection.decided) add(step(Kind::close, serial));
    }
}

// A client's port is there before its request.
void ScriptWriter::connect_requested(const Event& event) {
    const std::uint64_t serial = event.number("connection"), listener = event.number("port");
    connections_[serial].listener = listener;
    const Port& port = ports_[listener];
    if (port.flags & ALPC_PORFLG_LPC_MODE)
        throw TraceError(port.name +
                         " was made by the legacy calls, which cannot be played yet; leave it out "
                         "of the recording");
    if (side_ == ReplaySide::server) {
        if (!created_.insert(listener).second) return;
        ReplayStep made = step(Kind::create, serial);
        made.connection = 0;
        made.port_flags = port.flags;
        return add(std::move(made));
    }
    connections_[serial].connect = steps_.size();
    add(step(Kind::connect, serial));
}

void ScriptWriter::connect_failed(const Event& event) {
    if (side_ != ReplaySide::client) return;
    ReplayStep made = step(Kind::connect, 0);
    made.port = event.text("name");
    made.status = event.status();
    add(std::move(made));
}

void ScriptWriter::decided(const Event& event, bool accepted) {
    const auto found = connections_.find(event.number("connection"));
    if (found == connections_.end()) return;
    found->second.decided = accepted;
    if (side_ == ReplaySide::server) return add(step(accepted ? Kind::accept : Kind::refuse, found->first));
    if (!accepted) steps_[found->second.connect].status = STATUS_PORT_CONNECTION_REFUSED;
}

void ScriptWriter::sent(const Event& event) {
    const std::uint32_t type = type_of(event);
    const auto found = connections_.find(event.number("connection"));
    if (found == connections_.end()) return;
    check(event);
    const bool first = said_.insert_or_assign({event.number("message"), type}, &event).second;
    if (type == LPC_REQUEST && !first)
        throw TraceError("message " + event.text("message") + " is a callback, which cannot be played");
    if (type == LPC_CONNECTION_REQUEST && side_ == ReplaySide::client) {
        steps_[found->second.connect].data = event.data("data");
    } else if (type == LPC_INTERNAL_CONNECTION_REPLY && side_ == ReplaySide::client) {
        steps_[found->second.connect].answer = event.data("data");
    } else if (type == LPC_INTERNAL_CONNECTION_REPLY) {
        // The accept has just been recorded.
        if (!steps_.empty() && steps_.back().kind == Kind::accept) steps_.back().data = event.data("data");
    } else if (is_said(type) && is_own(event)) {
        add(message_step(Kind::send, event));
    }
}

void ScriptWriter::received(const Event& event) {
    const std::uint32_t type = type_of(event);
    if (!connections_.contains(event.number("connection"))) return;
    const auto said = said_.find({event.number("message"), type});
    if (said == said_.end() || is_own(*said->second)) return;
    if (type == LPC_INTERNAL_CONNECTION_REPLY || type == LPC_CLIENT_DIED) return;
    received_.insert(event.number("message"));
    ReplayStep made = message_step(Kind::receive, *said->second);
    if (!is_said(type) && type != LPC_CONNECTION_REQUEST) made.data = {};  // the time of an end
    add(std::move(made));
}

void ScriptWriter::canceled(const Event& event) {
    const auto said = said_.find({event.number("message"), LPC_REQUEST});
    if (said == said_.end() || !connections_.contains(event.number("connection"))) return;
    if (is_own(event)) {
        ReplayStep made = message_step(Kind::cancel, *said->second);
        made.after = time_between(static_cast<std::uint64_t>(said->second->time()), event.time());
        add(std::move(made));
    } else if (!received_.contains(event.number("message"))) {
        add(message_step(Kind::given_up, *said->second));
    }
}

void ScriptWriter::ended(const Event& event) {
    const auto found = connections_.find(event.number("connection"));
    if (found == connections_.end() || is_own(event) || side_ == ReplaySide::server) return;
    if (!std::exchange(found->second.over, true)) add(step(Kind::disconnected, found->first));
}

// A client that nobody had answered when the recording ended, or that gave up, has nothing to compare.
std::vector<ReplayStep> ScriptWriter::finish() {
    std::erase_if(steps_, [&](const ReplayStep& made) {
        return made.kind == Kind::connect && made.connection != 0 && made.status == STATUS_SUCCESS &&
               !connections_[made.connection].decided;
    });
    return std::move(steps_);
}

}  // namespace

std::vector<ReplayStep> replay_script(const TraceFile& file, ReplaySide side) {
    ScriptWriter writer(side);
    for (const Event& event : file.events()) writer.write(event);
    return writer.finish();
}

}  // namespace ntalpc
