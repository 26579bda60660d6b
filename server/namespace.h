// SPDX-License-Identifier: LGPL-2.1-or-later
// The object namespace: the standard tree, and the one place that decides what a path means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/directory.h"

namespace ntalpc::server {

class Namespace {
  public:
    Namespace();

    // Finds an existing object. STATUS_OBJECT_NAME_NOT_FOUND, _PATH_NOT_FOUND, _PATH_SYNTAX_BAD,
    // _NAME_INVALID, STATUS_OBJECT_TYPE_MISMATCH (a component that cannot have children) say what is wrong
    // with the path, STATUS_ACCESS_DENIED that the token may not pass through a directory of it.
    std::int32_t open(std::u16string_view path, CaseRule rule, const security::Token& token,
                      Ref<Object>* found) const;

    // Gives `object` a name. In addition to the above: STATUS_OBJECT_NAME_COLLISION, and STATUS_ACCESS_DENIED
    // when the token may not create objects there.
    std::int32_t insert(std::u16string_view path, CaseRule rule, const security::Token& token, Object& object);

    // Makes sure that the directories of a session exist.
    void add_session(std::uint32_t session);

    Directory& root() const { return *root_; }

  private:
    struct Place {
        Ref<Directory> directory;
        std::u16string last;  // empty when the path is the root itself
    };
    std::int32_t locate(std::u16string_view path, CaseRule rule, const security::Token& token,
                        Place* place) const;

    Ref<Directory> root_;
};

}  // namespace ntalpc::server
