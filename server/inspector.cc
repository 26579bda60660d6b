// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/inspector.h"

#include <set>

#include "ntalpc/inspection.h"
#include "server/port.h"
#include "server/trace_points.h"

namespace ntalpc::server {

namespace {

std::uint32_t narrow(std::size_t count) {
    return static_cast<std::uint32_t>(count);
}

void inspect_process(const Kernel& kernel, const Process& process, TraceBuffer& buffer) {
    const ProcessFacts& facts = process.facts();
    trace_point::describe(process, buffer);
    trace::ProcessState::Event state;
    state.process = facts.id;
    state.unix_user = facts.unix_user;
    for (const auto& [ids, thread] : kernel.threads()) {
        if (&thread->process() == &process) ++state.threads;
    }
    state.objects = process.account()->objects();
    state.queued = process.account()->message_bytes();
    Tracer::emit_to<trace::ProcessState>(buffer, state);
}

void inspect_port(Port& port, TraceBuffer& buffer) {
    trace_point::describe(port, buffer);
    trace::PortState::Event state;
    state.port = port.serial();
    state.handles = narrow(port.handles());
    state.references = narrow(port.references());
    state.queued = narrow(port.queued());
    state.waiting = narrow(port.receivers().size());
    state.sent = port.sent();
    state.max_message_length = port.max_message_length();
    Tracer::emit_to<trace::PortState>(buffer, state);
}

// Those that a port knows. A connection without any port is only waiting for its last message to go.
void for_each_connection(const Kernel& kernel, auto visit) {
    std::set<std::uint64_t> seen;
    const auto once = [&](Connection& connection) {
        if (seen.insert(connection.serial()).second) visit(connection);
    };
    for (Port* const port : kernel.ports) {
        if (port->connection()) once(*port->connection());
        for (Connection* const connection : port->connections()) once(*connection);
    }
}

void inspect_connection(const Connection& connection, TraceBuffer& buffer) {
    const auto serial_of = [](const Port* port) { return port ? port->serial() : 0; };
    const Port* const server = connection.port(Side::server);
    trace::ConnectionState::Event state;
    state.connection = connection.serial();
    state.listener = serial_of(connection.listener());
    state.client_port = serial_of(connection.port(Side::client));
    state.server_port = serial_of(server);
    state.client_process = connection.client_facts().id;
    state.server_process = server                  ? server->owner().id
                           : connection.listener() ? connection.listener()->owner().id
                                                   : 0;
    state.messages = narrow(connection.messages().size());
    state.state = static_cast<std::uint32_t>(connection.state());
    Tracer::emit_to<trace::ConnectionState>(buffer, state);
    trace::ConnectionPath::Event path;
    path.connection = connection.serial();
    path.direct = connection.has_lease();
    const std::string reason = connection.path_reason();
    Tracer::emit_to<trace::ConnectionPath>(buffer, path, {.reason = std::as_bytes(std::span(reason))});
}

void inspect_messages_of(const Connection& connection, TraceBuffer& buffer) {
    for (const Ref<Message>& message : connection.messages()) {
        const Message::Step& step = message->step();
        trace::MessageState::Event state;
        state.connection = connection.serial();
        const bool queued = message->state() == Message::State::queued;
        const Port* const port = queued ? connection.queue_port(peer_of(step.from)) : nullptr;
        state.port = port ? port->serial() : 0;
        state.process = step.process_id;
        state.thread = step.thread_id;
        state.message = message->id();
        state.type = step.type;
        state.side = static_cast<std::uint32_t>(peer_of(step.from));
        state.size = narrow(step.data.size());
        Tracer::emit_to<trace::MessageState>(buffer, state);
    }
}

void inspect_thread(const Thread& thread, TraceBuffer& buffer) {
    const Wait::Target target = thread.wait()->target();
    trace::ThreadState::Event state;
    state.process = thread.process().facts().id;
    state.thread = thread.id();
    state.port = target.port;
    state.message = target.message;
    state.request = thread.request();
    Tracer::emit_to<trace::ThreadState>(buffer, state);
}

void inspect_token(const Process& process, TraceBuffer& buffer) {
    const security::Token& token = process.token()->facts();
    trace::TokenState::Event state;
    state.process = process.facts().id;
    state.token_id = token.token_id;
    state.authentication_id = token.authentication_id;
    state.modified_id = token.modified_id;
    state.integrity = token.integrity;
    state.privileges = narrow(token.privileges.size());
    const std::string user = token.user.to_string();
    std::string groups;
    for (const auto& group : token.groups) {
        if (!(group.attributes & security::group::kEnabled)) continue;
        groups += (groups.empty() ? "" : " ") + group.sid.to_string();
    }
    Tracer::emit_to<trace::TokenState>(
        buffer, state, {.user = std::as_bytes(std::span(user)), .groups = std::as_bytes(std::span(groups))});
}

void inspect_object(const Object& object, TraceBuffer& buffer) {
    const std::u16string path = object.path();
    const std::string_view type = object.type().name;
    Tracer::emit_to<trace::ObjectState>(
        buffer, {.handles = narrow(object.handles()), .references = narrow(object.references())},
        {.type_name = std::as_bytes(std::span(type)), .name = std::as_bytes(std::span(path))});
    const auto* const directory = dynamic_cast<const Directory*>(&object);
    if (!directory) return;
    directory->for_each([&](const Object& child) { inspect_object(child, buffer); });
}

// Without what belongs to the `inspector`, if that is charged to the account too.
void inspect_limits(const QuotaAccount& account, const QuotaAccount* inspector,
                    trace::LimitState::Event state, TraceBuffer& buffer) {
    for (std::size_t i = 0; i < kResources; ++i) {
        if (!state.of_user && !kLimitNames[i].of_process) continue;
        const auto resource = static_cast<Resource>(i);
        state.used = account.used(resource) - (inspector ? inspector->used(resource) : 0);
        state.limit = account.limit(resource);
        const std::string_view name = kLimitNames[i].name;
        Tracer::emit_to<trace::LimitState>(buffer, state, {.name = std::as_bytes(std::span(name))});
    }
}

void inspect_limits_of_users(const Kernel& kernel, const Process& inspector, TraceBuffer& buffer) {
    for (const auto& [user, account] : kernel.users()) {
        const QuotaAccount* const own =
            user == inspector.facts().unix_user ? inspector.account().get() : nullptr;
        inspect_limits(*account, own, {.unix_user = user, .of_user = 1}, buffer);
    }
}

}  // namespace

void inspect(const Kernel& kernel, const Process& inspector, std::uint32_t what, TraceBuffer& buffer) {
    for (const Process* const process : kernel.processes()) {
        if (process == &inspector) continue;
        if (what & wire::inspect_processes) inspect_process(kernel, *process, buffer);
        if (what & wire::inspect_tokens) inspect_token(*process, buffer);
        if (what & wire::inspect_limits) {
            const ProcessFacts& facts = process->facts();
            inspect_limits(*process->account(), nullptr, {.process = facts.id, .unix_user = facts.unix_user},
                           buffer);
        }
    }
    if (what & wire::inspect_limits) inspect_limits_of_users(kernel, inspector, buffer);
    if (what & wire::inspect_ports) {
        for (Port* const port : kernel.ports) inspect_port(*port, buffer);
    }
    if (what & (wire::inspect_connections | wire::inspect_messages)) {
        for_each_connection(kernel, [&](const Connection& connection) {
            if (what & wire::inspect_connections) inspect_connection(connection, buffer);
            if (what & wire::inspect_messages) inspect_messages_of(connection, buffer);
        });
    }
    if (what & wire::inspect_threads) {
        for (const auto& [ids, thread] : kernel.threads()) {
            if (thread->wait() && &thread->process() != &inspector) inspect_thread(*thread, buffer);
        }
    }
    if (what & wire::inspect_objects) inspect_object(kernel.names.root(), buffer);
}

Connection* find_connection(const Kernel& kernel, std::uint64_t serial) {
    Connection* found = nullptr;
    for_each_connection(kernel, [&](Connection& connection) {
        if (connection.serial() == serial) found = &connection;
    });
    return found;
}

}  // namespace ntalpc::server
