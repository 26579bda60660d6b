// SPDX-License-Identifier: LGPL-2.1-or-later
// The sections of one port, by the number that the program knows as ALPC_HANDLE, and the port's limits.
#pragma once

#include <cstdint>
#include <map>

#include "generated/protocol.h"
#include "server/section.h"

namespace ntalpc::server {

class PortSections {
  public:
    // Whether the attributes of the port allow one more section: STATUS_SECTION_TOO_BIG,
    // STATUS_QUOTA_EXCEEDED.
    std::int32_t check(const wire::PortAttributes& limits, std::uint64_t size) const;
    std::uint64_t add(Ref<PortSection> section);
    // nullptr for none.
    Ref<PortSection> find(std::uint64_t number) const;
    bool remove(std::uint64_t number);
    void clear();

  private:
    std::map<std::uint64_t, Ref<PortSection>> sections_;
    std::uint64_t last_number_ = 0;
    std::uint64_t total_size_ = 0;
};

// A size limit of a port: what a limit of zero, or a port without attributes, allows is not known, and
// programs leave them zero on ports that views arrive at.
bool exceeds(const wire::PortAttributes& limits, std::uint64_t wire::PortAttributes::*limit,
             std::uint64_t size);

}  // namespace ntalpc::server
