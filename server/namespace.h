// SPDX-License-Identifier: LGPL-2.1-or-later
// The object namespace: the standard tree, and the one place that decides what a path means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/directory.h"

namespace ntalpc::server {

struct ObjectPath {
    std::u16string text;
    CaseRule rule = CaseRule::sensitive;
    // Directories of the client's world (wire::NameRoot): how much of the text leads to one, and which one it
    // begins at (empty: the root).
    std::size_t known = 0;
    std::u16string nameless{};
};

// Who wants to do something with a name, and pays for it.
struct NameUser {
    const security::Token& token;
    const Ref<QuotaAccount>& account;
};

class Namespace {
  public:
    Namespace();
    Namespace(Namespace&&) = default;
    ~Namespace();

    // Finds an existing object. STATUS_OBJECT_NAME_NOT_FOUND, _PATH_NOT_FOUND, _PATH_SYNTAX_BAD,
    // _NAME_INVALID, STATUS_OBJECT_TYPE_MISMATCH (a component that cannot have children) say what is wrong
    // with the path, STATUS_ACCESS_DENIED that the token may not pass through a directory of it.
    std::int32_t open(const ObjectPath& path, const security::Token& token, Ref<Object>* found) const;

    // Gives `object` a name, in directories that are made for it where the client has them. In addition to
    // the above: STATUS_OBJECT_NAME_COLLISION, STATUS_QUOTA_EXCEEDED, and STATUS_ACCESS_DENIED when the token
    // may not create objects there.
    std::int32_t insert(const ObjectPath& path, const NameUser& user, Object& object);

    // Makes sure that the directories of a session exist.
    void add_session(std::uint32_t session);

    Directory& root() const { return *root_; }

  private:
    struct Place {
        Ref<Directory> directory;
        std::u16string last;  // empty when the path is the root itself
    };
    std::int32_t locate(ObjectPath path, const security::Token& token, const NameUser* maker,
                        Place* place) const;
    std::int32_t find_start(const ObjectPath& path, const NameUser* maker, Ref<Directory>* start) const;

    Ref<Directory> root_;
    Ref<Directory> nameless_;  // has the nameless ones; it stands nowhere in the tree
};

}  // namespace ntalpc::server
