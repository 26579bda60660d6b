// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/inspect_commands.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "alpcctl/snapshot.h"
#include "alpcctl/table.h"
#include "alpcctl/usage.h"
#include "ntalpc/status.h"

namespace ntalpc {

namespace {

using trace::Type;
using Words = std::vector<std::string>;

// Takes --json out of the arguments. The rest must be as many as the command wants.
bool take_json(Words& arguments, std::size_t wanted) {
    const auto found = std::ranges::find(arguments, "--json");
    const bool json = found != arguments.end();
    if (json) arguments.erase(found);
    if (arguments.size() > wanted) throw UsageError("'" + arguments[wanted] + "' is one argument too many");
    return json;
}

int print(const Table& table, bool json) {
    std::fputs((json ? table.json() : table.text()).c_str(), stdout);
    return 0;
}

std::string process_of(const Snapshot& now, const Event& event, const char* field) {
    return now.process(event.number(field));
}

}  // namespace

int run_ports_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_ports | wire::inspect_connections);
    Table table({"port", "name", "kind", "owner", "handles", "queued", "waiting", "sent", "max_length"});
    for (const Event* const port : now.all(Type::port_created)) {
        const std::uint64_t serial = port->number("port");
        const Event* const state = now.find(Type::port_state, serial);
        table.add({serial, now.port(serial), port->text("kind"), process_of(now, *port, "process"),
                   state->number("handles"), state->number("queued"), state->number("waiting"),
                   state->number("sent"), state->number("max_message_length")});
    }
    return print(table, json);
}

int run_connections_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_ports | wire::inspect_connections);
    Table table({"connection", "port", "state", "client", "server", "messages", "path", "reason"});
    for (const Event* const connection : now.all(Type::connection_state)) {
        const Event* const path = now.find(Type::connection_path, connection->number("connection"));
        table.add({connection->number("connection"), now.port(connection->number("listener")),
                   connection->text("state"), process_of(now, *connection, "client_process"),
                   process_of(now, *connection, "server_process"), connection->number("messages"),
                   path->number("direct") != 0 ? "direct" : "mediated", path->text("reason")});
    }
    return print(table, json);
}

int run_queues_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_ports | wire::inspect_connections |
                                   wire::inspect_messages);
    Table table({"message", "port", "where", "type", "size", "sender", "connection"});
    for (const Event* const message : now.all(Type::message_state)) {
        const Event* const connection = now.find(Type::connection_state, message->number("connection"));
        const bool queued = message->number("port") != 0;
        table.add({message->text("message"), connection ? now.port(connection->number("listener")) : "gone",
                   (queued ? "queued for the " : "to be answered by the ") + message->text("side"),
                   message->text("type"), message->number("size"), process_of(now, *message, "process"),
                   message->number("connection")});
    }
    return print(table, json);
}

int run_processes_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_threads);
    Table table(
        {"process", "unix_process", "user", "threads", "blocked", "objects", "queued_bytes", "image"});
    for (const Event* const process : now.all(Type::process_started)) {
        const std::uint64_t id = process->number("process");
        const Event* const state = now.find(Type::process_state, id);
        const auto blocked = std::ranges::count_if(now.all(Type::thread_state), [&](const Event* thread) {
            return thread->number("process") == id;
        });
        table.add({process->text("process"), process->number("unix_process"), state->number("unix_user"),
                   state->number("threads"), static_cast<std::uint64_t>(blocked), state->number("objects"),
                   state->number("queued"), process->text("image")});
    }
    return print(table, json);
}

// What nobody has any of is left out, unless all is wanted.
int run_limits_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool all = std::erase(arguments, "--all") != 0;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_limits);
    Table table({"owner", "limit", "used", "most"});
    for (const Event* const state : now.all(Type::limit_state)) {
        if (state->number("used") == 0 && !all) continue;
        const std::uint64_t most = state->number("limit");
        const bool of_user = state->number("of_user") != 0;
        const std::string owner =
            of_user ? "user " + state->text("unix_user") : process_of(now, *state, "process");
        table.add({owner, (of_user ? "user." : "process.") + state->text("name"), state->number("used"),
                   most == ~std::uint64_t{0} ? Table::Cell("unlimited") : Table::Cell(most)});
    }
    return print(table, json);
}

int run_tokens_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 0);
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_processes | wire::inspect_tokens);
    Table table({"process", "user", "integrity", "token_id", "authentication_id", "modified_id", "privileges",
                 "groups"});
    for (const Event* const token : now.all(Type::token_state)) {
        table.add({process_of(now, *token, "process"), token->text("user"), token->text("integrity"),
                   token->text("token_id"), token->text("authentication_id"), token->text("modified_id"),
                   token->number("privileges"), token->text("groups")});
    }
    return print(table, json);
}

namespace {

// The directory itself and what is below it. Names of the root's children begin with its own backslash.
bool is_below(const std::string& name, const std::string& directory) {
    if (name == directory || directory == "\\") return true;
    return name.starts_with(directory + '\\');
}

int print_objects(const std::string& directory, const Words& given, bool children) {
    Words arguments = given;
    const bool json = take_json(arguments, 1);
    if (arguments.empty() && !children) throw UsageError("the object's name is missing");
    const std::string wanted = arguments.empty() ? "\\" : arguments[0];
    ServerClient client(directory);
    const Snapshot now(client, wire::inspect_objects);
    Table table({"name", "type", "handles", "references"});
    for (const Event* const object : now.all(Type::object_state)) {
        const std::string name = object->text("name");
        if (children ? is_below(name, wanted) : name == wanted)
            table.add(
                {name, object->text("type_name"), object->number("handles"), object->number("references")});
    }
    if (!table.empty()) return print(table, json);
    std::fprintf(stderr, "alpcctl: there is no object %s; alpcctl tree shows what there is\n",
                 wanted.c_str());
    return 1;
}

}  // namespace

int run_object_command(const std::string& directory, const Words& arguments) {
    return print_objects(directory, arguments, false);
}

int run_tree_command(const std::string& directory, const Words& arguments) {
    return print_objects(directory, arguments, true);
}

int run_kill_connection_command(const std::string& directory, const Words& given) {
    Words arguments = given;
    const bool json = take_json(arguments, 1);
    if (arguments.size() != 1) throw UsageError("kill-connection takes the number of one connection");
    wire::EndConnection::Request request;
    const std::string& text = arguments[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), request.connection);
    if (error != std::errc() || end != text.data() + text.size())
        throw UsageError("'" + text + "' is no number of a connection");
    ServerClient client(directory);
    const std::int32_t status = client.try_call<wire::EndConnection>(request);
    Table ended({"connection"});
    if (status == STATUS_SUCCESS) ended.add({request.connection});
    if (json) return print(ended, true) == 0 && status == STATUS_SUCCESS ? 0 : 1;
    if (status == STATUS_SUCCESS) return 0;
    std::fprintf(stderr,
                 "alpcctl: there is no connection %s that could be ended; alpcctl connections lists them\n",
                 text.c_str());
    return 1;
}

}  // namespace ntalpc
