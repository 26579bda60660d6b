// SPDX-License-Identifier: LGPL-2.1-or-later
// What a server says of its present.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/server_client.h"
#include "events/names.h"
#include "ntalpc/inspection.h"

namespace ntalpc {

class Snapshot {
  public:
    // `what` has wire::InspectionPart bits. Throws ServerError.
    Snapshot(ServerClient& client, std::uint32_t what);
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    const std::vector<Event>& events() const { return events_; }
    // The events of one type.
    std::vector<const Event*> all(trace::Type type) const;
    // The event of that type about the process, port or connection of that number, which is the first of its
    // fields; nullptr when there is none.
    const Event* find(trace::Type type, std::uint64_t number) const;

    // "image id (Unix process)", and the name of a port.
    std::string process(std::uint64_t id) const;
    std::string port(std::uint64_t serial) const;

  private:
    std::vector<std::byte> data_;
    std::vector<Event> events_;
    std::map<std::pair<std::uint16_t, std::uint64_t>, std::size_t> places_;  // by type and first field
    Names names_;
};

}  // namespace ntalpc
