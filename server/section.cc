// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/section.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "ntalpc/status.h"
#include "server/log.h"
#include "server/process.h"
#include "server/sealed_memory.h"
#include "server/view.h"

namespace ntalpc::server {

namespace {

UniqueFd make_memory(std::uint64_t size) {
    return make_sealed_memory("view", size, MoreSeals::allowed);
}

}  // namespace

bool may_be_shared(const UniqueFd& memory, const ProcessFacts& owner, const ProcessFacts& user) {
    if (owner.unix_user == user.unix_user) return true;
    const int seals = fcntl(memory.get(), F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

std::int32_t PortSection::make(const Ref<QuotaAccount>& payer, std::uint64_t size, bool secure,
                               Ref<PortSection>* made) {
    const std::uint64_t actual = round_up(size, kSectionGranularity);
    Ref<PortSection> section(new PortSection(payer, actual, secure, UniqueFd()));
    if (!section->object_.charge(payer) || !section->charge_.charge(payer, actual))
        return STATUS_QUOTA_EXCEEDED;
    *made = std::move(section);
    return STATUS_SUCCESS;
}

std::int32_t PortSection::wrap(const Ref<QuotaAccount>& payer, UniqueFd memory, std::uint64_t size,
                               Ref<PortSection>* made) {
    struct stat found;
    if (fstat(memory.get(), &found) != 0 || !S_ISREG(found.st_mode)) return STATUS_OBJECT_TYPE_MISMATCH;
    const int mode = fcntl(memory.get(), F_GETFL);
    if (mode < 0 || (mode & O_ACCMODE) != O_RDWR || (mode & O_PATH)) return STATUS_ACCESS_DENIED;
    const std::uint64_t whole = round_up(static_cast<std::uint64_t>(found.st_size), kPageSize);
    const std::uint64_t actual = size == 0 ? whole : round_up(size, kPageSize);
    if (actual == 0 || actual > whole) return STATUS_SECTION_TOO_BIG;
    Ref<PortSection> section(new PortSection(payer, actual, false, std::move(memory)));
    if (!section->object_.charge(payer) || !section->descriptor_.charge(payer)) return STATUS_QUOTA_EXCEEDED;
    *made = std::move(section);
    return STATUS_SUCCESS;
}

// First fit. Regions begin where something can be mapped from.
bool PortSection::take_range(std::uint64_t size, std::uint64_t* offset) {
    std::uint64_t start = 0;
    for (const auto& [taken, taken_size] : taken_) {
        if (taken - start >= size) break;
        start = round_up(taken + taken_size, kSectionGranularity);
    }
    if (start > size_ || size > size_ - start) return false;
    taken_.emplace(start, size);
    *offset = start;
    return true;
}

std::int32_t Region::make(const Ref<PortSection>& section, std::uint64_t size, Ref<Region>* made) {
    std::uint64_t offset = 0;
    if (!section->take_range(size, &offset)) return STATUS_NO_MEMORY;
    Ref<Region> region(new Region(section, offset, size));
    if (!section->program_memory()) {
        if (!region->charge_.charge(section->payer_)) return STATUS_QUOTA_EXCEEDED;
        region->memory_ = make_memory(size);
        if (!region->memory_) return STATUS_INSUFFICIENT_RESOURCES;
    }
    *made = std::move(region);
    return STATUS_SUCCESS;
}

std::int32_t Region::make_read_only_memory() {
    if (read_only_memory_) return STATUS_SUCCESS;
    if (!read_only_charge_.charge(section_->payer_)) return STATUS_QUOTA_EXCEEDED;
    read_only_memory_ = open_for_reading(memory());
    if (read_only_memory_) return STATUS_SUCCESS;
    read_only_charge_ = {};
    log(LogLevel::always, "out of descriptors: a view cannot be sent; raise the limit on open files");
    return STATUS_INSUFFICIENT_RESOURCES;
}

bool Region::sealed() const {
    const int seals = fcntl(memory().get(), F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

std::int32_t Region::renew() {
    UniqueFd fresh = make_memory(size_);
    if (!fresh) return STATUS_INSUFFICIENT_RESOURCES;
    memory_ = std::move(fresh);
    read_only_memory_.reset();
    read_only_charge_ = {};
    return STATUS_SUCCESS;
}

RegionUse::RegionUse(Ref<Region> region, bool secured) : region_(std::move(region)), secured_(secured) {
    if (secured_) ++region_->secured_uses_;
}

RegionUse::~RegionUse() {
    if (!region_ || !secured_) return;
    if (--region_->secured_uses_ == 0 && region_->owner_) region_->owner_->restore();
}

}  // namespace ntalpc::server
