// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port_sections.h"

#include <utility>

#include "ntalpc/status.h"

namespace ntalpc::server {

// Sizes have been rounded up by the time they are compared, so a limit that is not round must not count for
// less than it says.
bool exceeds(const wire::PortAttributes& limits, std::uint64_t wire::PortAttributes::*limit,
             std::uint64_t size) {
    const std::uint64_t most = limits.*limit;
    if (!limits.given || most == 0 || most > kLargestSize) return false;
    return size > round_up(most, kSectionGranularity);
}

std::int32_t PortSections::check(const wire::PortAttributes& limits, std::uint64_t size) const {
    if (exceeds(limits, &wire::PortAttributes::max_section_size, size)) return STATUS_SECTION_TOO_BIG;
    if (exceeds(limits, &wire::PortAttributes::max_total_section_size, total_size_ + size)) {
        return STATUS_QUOTA_EXCEEDED;
    }
    return STATUS_SUCCESS;
}

std::uint64_t PortSections::add(Ref<PortSection> section) {
    total_size_ += section->size();
    sections_.emplace(++last_number_, std::move(section));
    return last_number_;
}

Ref<PortSection> PortSections::find(std::uint64_t number) const {
    const auto found = sections_.find(number);
    return found == sections_.end() ? Ref<PortSection>() : found->second;
}

bool PortSections::remove(std::uint64_t number) {
    const auto found = sections_.find(number);
    if (found == sections_.end()) return false;
    total_size_ -= found->second->size();
    sections_.erase(found);
    return true;
}

void PortSections::clear() {
    sections_.clear();
    total_size_ = 0;
}

}  // namespace ntalpc::server
