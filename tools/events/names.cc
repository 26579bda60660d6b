// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events/names.h"

namespace ntalpc {

void Names::note(const Event& event) {
    if (event.is(trace::Type::process_started)) {
        const std::string path = event.text("image");
        processes_[event.number("process")] = {path.substr(path.find_last_of("/\\") + 1),
                                               event.number("unix_process")};
    } else if (event.is(trace::Type::port_created)) {
        ports_[event.number("port")] = {event.text("name"), event.number("connection")};
    } else if (event.is(trace::Type::connect_requested)) {
        listeners_[event.number("connection")] = event.number("port");
    }
}

std::string Names::image(std::uint64_t id) const {
    const auto found = processes_.find(id);
    return found == processes_.end() ? std::string() : found->second.image;
}

std::uint64_t Names::unix_process(std::uint64_t id) const {
    const auto found = processes_.find(id);
    return found == processes_.end() ? 0 : found->second.unix_process;
}

std::string Names::process(std::uint64_t id) const {
    const std::string name = image(id);
    return name.empty() ? hex_of(id) : name + ' ' + hex_of(id);
}

std::string Names::port(std::uint64_t serial) const {
    const auto found = ports_.find(serial);
    if (found == ports_.end()) return "port " + std::to_string(serial);
    if (found->second.connection != 0) return connection(found->second.connection);
    return found->second.name.empty() ? "unnamed port " + std::to_string(serial) : found->second.name;
}

// Its listener is no port of a connection, whatever a damaged trace says.
std::string Names::connection(std::uint64_t serial) const {
    const auto found = listeners_.find(serial);
    const auto listener = found == listeners_.end() ? ports_.end() : ports_.find(found->second);
    if (found == listeners_.end() || (listener != ports_.end() && listener->second.connection != 0))
        return "connection " + std::to_string(serial);
    return port(found->second);
}

std::string Names::port_of(const Event& event) const {
    if (event.is(trace::Type::connect_failed)) return event.text("name");
    if (const auto serial = event.number("connection"); serial != 0) return connection(serial);
    if (const auto serial = event.number("port"); serial != 0) return port(serial);
    return {};
}

}  // namespace ntalpc
