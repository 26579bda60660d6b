// SPDX-License-Identifier: LGPL-2.1-or-later
// Directories and symbolic links of the object namespace.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/object.h"

namespace ntalpc::server {

extern const ObjectType kDirectoryType;
extern const ObjectType kSymbolicLinkType;

// Rights to a directory beside the standard ones: DIRECTORY_* of the NT headers.
inline constexpr std::uint32_t kDirectoryQuery = 0x1;
inline constexpr std::uint32_t kDirectoryTraverse = 0x2;
inline constexpr std::uint32_t kDirectoryCreateObject = 0x4;
inline constexpr std::uint32_t kDirectoryCreateSubdirectory = 0x8;

// Names differ by case, but may be looked up without regard to it.
enum class CaseRule {
    sensitive,
    insensitive,  // an exact match wins over another
};

class Directory final : public Object {
  public:
    enum class Kind {
        permanent,
        mirror,    // of one in the world of a client: lives as long as something is in it
        nameless,  // a mirror whose name is its id, and nobody's business
    };
    explicit Directory(Kind kind = Kind::permanent);

    const ObjectType& type() const override { return kDirectoryType; }

    Object* find(std::u16string_view name, CaseRule rule) const;
    // The name must be free under the rule it was looked up with.
    void insert(std::u16string_view name, Object& object);
    void remove(Object& object);
    Kind kind() const { return kind_; }
    // Who pays for it, where somebody does.
    ObjectCharge charge;
    // A permanent object belongs to its directory.
    void own(Ref<Object> object) { owned_.push_back(std::move(object)); }
    void adopt(std::u16string_view name, Ref<Object> object);
    // Nothing is permanent any more, here and below: a permanent object and its mirror keep each other.
    void let_go();

    std::size_t size() const;
    template <class Visitor>
    void for_each(Visitor visit) const {
        for (const auto& [key, same] : entries_) {
            for (const Object* const object : same) visit(*object);
        }
    }

  private:
    ~Directory() override;
    // The key is the name in upper case; names that differ only by case share it.
    std::map<std::u16string, std::vector<Object*>, std::less<>> entries_;
    std::vector<Ref<Object>> owned_;
    const Kind kind_;
};

class SymbolicLink final : public Object {
  public:
    explicit SymbolicLink(std::u16string target) : target_(std::move(target)) { make_permanent(); }
    const ObjectType& type() const override { return kSymbolicLinkType; }
    const std::u16string& target() const { return target_; }

  private:
    std::u16string target_;
};

std::u16string upcase(std::u16string_view name);

}  // namespace ntalpc::server
