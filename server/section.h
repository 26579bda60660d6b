// SPDX-License-Identifier: LGPL-2.1-or-later
// Port sections and their regions.
//
// A section is what a program makes to send views from; a region is the part of it that one view shows. The
// region is what travels: it lives while a view shows it or a message carries it, long after its section and
// the process that made it.
//
// In a section of the server's own making each region has memory of its own, so that who is given a region
// can reach nothing beside it, and so that a region can be sealed by itself. In a section that the program
// brought all regions are parts of the program's memory.
//
// In the secured form a region's memory is sealed against writing, by the sender's library before it sends;
// the server only looks whether the seal is there. No process whatever can take it off, so what the receiver
// checks is what it uses. When nobody holds the region in its secured form any more, the view it was made for
// gets fresh memory that can be written (View::restore).
#pragma once

#include <cstdint>
#include <map>

#include "ntalpc/unique_fd.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

class View;
struct ProcessFacts;

// Sections are handed out in these units, views in pages: observed on Windows (csandker's article).
inline constexpr std::uint64_t kSectionGranularity = 0x10000;
inline constexpr std::uint64_t kPageSize = 0x1000;
constexpr std::uint64_t round_up(std::uint64_t size, std::uint64_t unit) {
    return (size + unit - 1) / unit * unit;
}
// More than any address space; sizes above it are refused before anything is computed from them.
inline constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 46;

// Whether a process may map memory that another one brought. Who shrinks memory that somebody else has mapped
// makes him fault, so between users it must be sealed against that; one user's processes can end each other
// anyway.
bool may_be_shared(const UniqueFd& memory, const ProcessFacts& owner, const ProcessFacts& user);

class PortSection final : public RefCounted, public Counted<PortSection> {
  public:
    // Of own memory, `size` bytes of which will be handed out at most. STATUS_QUOTA_EXCEEDED.
    static std::int32_t make(const Ref<QuotaAccount>& payer, std::uint64_t size, bool secure,
                             Ref<PortSection>* made);
    // Of the program's memory; size 0 means all of it. STATUS_OBJECT_TYPE_MISMATCH for what is no memory,
    // STATUS_ACCESS_DENIED for what cannot be written, STATUS_SECTION_TOO_BIG.
    static std::int32_t wrap(const Ref<QuotaAccount>& payer, UniqueFd memory, std::uint64_t size,
                             Ref<PortSection>* made);

    std::uint64_t size() const { return size_; }
    bool secure() const { return secure_; }
    // The program's memory, if it is that.
    const UniqueFd& program_memory() const { return program_memory_; }

  private:
    friend class Region;
    PortSection(const Ref<QuotaAccount>& payer, std::uint64_t size, bool secure, UniqueFd program_memory)
        : size_(size), secure_(secure), program_memory_(std::move(program_memory)), payer_(payer) {}
    // A free range, which is then taken; false when there is none.
    bool take_range(std::uint64_t size, std::uint64_t* offset);
    void give_back(std::uint64_t offset) { taken_.erase(offset); }

    const std::uint64_t size_;
    const bool secure_;
    const UniqueFd program_memory_;
    const Ref<QuotaAccount> payer_;
    DescriptorCharge descriptor_;  // of the program's memory
    SectionCharge charge_;
    ObjectCharge object_;
    std::map<std::uint64_t, std::uint64_t> taken_;  // offset and size
};

class Region final : public RefCounted {
  public:
    // A free part of the section. STATUS_NO_MEMORY when there is none, STATUS_QUOTA_EXCEEDED, or
    // STATUS_INSUFFICIENT_RESOURCES when the server has run out of descriptors or memory.
    static std::int32_t make(const Ref<PortSection>& section, std::uint64_t size, Ref<Region>* made);

    const PortSection& section() const { return *section_; }
    std::uint64_t size() const { return size_; }
    // Where in its memory it begins.
    std::uint64_t memory_offset() const { return section_->program_memory() ? offset_ : 0; }
    const UniqueFd& memory() const { return memory_ ? memory_ : section_->program_memory(); }
    // The same to be read only, for whoever receives it in its secured form. It is made before the region is
    // sent so, and then can be given away whatever happens. STATUS_QUOTA_EXCEEDED,
    // STATUS_INSUFFICIENT_RESOURCES.
    std::int32_t make_read_only_memory();
    const UniqueFd& read_only_memory() const { return read_only_memory_; }
    bool sealed() const;
    // Whether somebody holds it in its secured form.
    bool secured() const { return secured_uses_ != 0; }
    // Replaces sealed memory by fresh, empty one.
    std::int32_t renew();

    // The view of the process that made it, which is told when it can be written again; nullptr once that is
    // gone.
    void set_owner(View* owner) { owner_ = owner; }

  private:
    friend class RegionUse;
    Region(Ref<PortSection> section, std::uint64_t offset, std::uint64_t size)
        : section_(std::move(section)), offset_(offset), size_(size) {}
    ~Region() override { section_->give_back(offset_); }

    const Ref<PortSection> section_;
    const std::uint64_t offset_;
    const std::uint64_t size_;
    UniqueFd memory_;
    DescriptorCharge charge_;  // of that memory
    UniqueFd read_only_memory_;
    DescriptorCharge read_only_charge_;
    View* owner_ = nullptr;
    std::size_t secured_uses_ = 0;
};

// That a message or a view holds a region, and whether in its secured form.
class RegionUse {
  public:
    RegionUse() = default;
    RegionUse(Ref<Region> region, bool secured);
    RegionUse(RegionUse&&) noexcept = default;
    RegionUse& operator=(RegionUse&& other) noexcept {
        std::swap(region_, other.region_);
        std::swap(secured_, other.secured_);
        return *this;
    }
    ~RegionUse();

    explicit operator bool() const { return static_cast<bool>(region_); }
    Region& region() const { return *region_; }
    bool secured() const { return secured_; }

  private:
    Ref<Region> region_;
    bool secured_ = false;
};

}  // namespace ntalpc::server
