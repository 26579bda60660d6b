// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/directory.h"

#include <algorithm>
#include <clocale>
#include <cwctype>

namespace ntalpc::server {

namespace {

// DIRECTORY_QUERY, TRAVERSE, CREATE_OBJECT and CREATE_SUBDIRECTORY are bits 0 to 3; a link has only QUERY.
constexpr std::uint32_t kStandardRights = 0xF0000;

locale_t case_table() {
    static const locale_t table = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return table;
}

}  // namespace

const ObjectType kDirectoryType = {
    "Directory", 1, kStandardRights | 0xF, {0x20003, 0x2000C, 0x20003, kStandardRights | 0xF}};
const ObjectType kSymbolicLinkType = {
    "SymbolicLink", 2, kStandardRights | 0x1, {0x20001, 0x20000, 0x20001, kStandardRights | 0x1}};

// NT folds one UTF-16 unit at a time with a table of its own; the C library's simple mapping agrees with it
// for everything that occurs in port names.
std::u16string upcase(std::u16string_view name) {
    std::u16string result(name);
    for (char16_t& unit : result) {
        const auto upper = case_table() ? towupper_l(unit, case_table()) : std::towupper(unit);
        if (upper <= 0xFFFF) unit = static_cast<char16_t>(upper);
    }
    return result;
}

Directory::Directory(Kind kind) : kind_(kind) {
    if (kind == Kind::permanent) make_permanent();
}

Directory::~Directory() {
    for (auto& [key, objects] : entries_) {
        for (Object* object : objects) object->parent_ = nullptr;
    }
}

Object* Directory::find(std::u16string_view name, CaseRule rule) const {
    const auto found = entries_.find(upcase(name));
    if (found == entries_.end()) return nullptr;
    const auto& same = found->second;
    const auto exact = std::find_if(same.begin(), same.end(), [&](Object* o) { return o->name() == name; });
    if (exact != same.end()) return *exact;
    return rule == CaseRule::insensitive && !same.empty() ? same.front() : nullptr;
}

void Directory::insert(std::u16string_view name, Object& object) {
    std::u16string copy(name);
    entries_[upcase(name)].push_back(&object);
    object.name_ = std::move(copy);
    object.parent_ = this;
    if (!permanent()) object.kept_parent_ = this;
}

void Directory::remove(Object& object) {
    const Ref<Object> alive = std::move(object.kept_parent_);  // for a mirror possibly the last reference
    const auto found = entries_.find(upcase(object.name_));
    auto& same = found->second;
    same.erase(std::find(same.begin(), same.end(), &object));
    if (same.empty()) entries_.erase(found);
    object.parent_ = nullptr;
    object.name_.clear();
}

void Directory::adopt(std::u16string_view name, Ref<Object> object) {
    insert(name, *object);
    own(std::move(object));
}

void Directory::let_go() {
    const auto owned = std::move(owned_);
    std::vector<Ref<Directory>> below;
    for (const auto& [key, objects] : entries_) {
        for (Object* const object : objects) {
            if (auto* const directory = dynamic_cast<Directory*>(object)) below.emplace_back(directory);
        }
    }
    for (const Ref<Directory>& directory : below) directory->let_go();
}

std::size_t Directory::size() const {
    std::size_t total = 0;
    for (const auto& [key, objects] : entries_) total += objects.size();
    return total;
}

}  // namespace ntalpc::server
