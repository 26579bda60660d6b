// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/snapshot.h"

#include "events/records.h"

namespace ntalpc {

Snapshot::Snapshot(ServerClient& client, std::uint32_t what) {
    wire::Inspect::Request request;
    request.what = what;
    wire::Inspect::ReplyBlobs first;
    bool more = client.call<wire::Inspect>(request, {}, &first).more != 0;
    data_.assign(first.data.begin(), first.data.end());
    while (more) {
        wire::InspectMore::ReplyBlobs next;
        more = client.call<wire::InspectMore>({}, {}, &next).more != 0;
        data_.insert(data_.end(), next.data.begin(), next.data.end());
    }
    RecordSplitter::split(data_, [&](const Event& event) {
        names_.note(event);
        if (!event.fields().empty())
            places_.emplace(std::pair(event.type(), event.fields()[0].number), events_.size());
        events_.push_back(event);
    });
}

std::vector<const Event*> Snapshot::all(trace::Type type) const {
    std::vector<const Event*> found;
    for (const Event& event : events_) {
        if (event.is(type)) found.push_back(&event);
    }
    return found;
}

const Event* Snapshot::find(trace::Type type, std::uint64_t number) const {
    const auto found = places_.find({static_cast<std::uint16_t>(type), number});
    return found == places_.end() ? nullptr : &events_[found->second];
}

std::string Snapshot::process(std::uint64_t id) const {
    const std::string text = names_.process(id);
    const std::uint64_t unix_process = names_.unix_process(id);
    return unix_process == 0 ? text : text + " (" + std::to_string(unix_process) + ')';
}

std::string Snapshot::port(std::uint64_t serial) const {
    if (serial == 0) return "gone";
    const Event* const created = find(trace::Type::port_created, serial);
    if (!created) return "port " + std::to_string(serial);
    if (const std::string name = created->text("name"); !name.empty()) return name;
    const Event* const connection = find(trace::Type::connection_state, created->number("connection"));
    const std::uint64_t listener = connection ? connection->number("listener") : 0;
    return listener != 0 && listener != serial ? port(listener) : "unnamed port " + std::to_string(serial);
}

}  // namespace ntalpc
