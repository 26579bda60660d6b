// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/object.h"

#include "server/directory.h"

namespace ntalpc::server {

Object::~Object() {
    drop_name();
}

void Object::handle_closed() {
    if (--handles_ != 0) return;
    Ref<Object> alive(this);  // what follows may drop the reference that kept us
    if (!permanent_) drop_name();
    last_handle_closed();
}

void Object::drop_name() {
    if (parent_) parent_->remove(*this);
}

std::u16string Object::path() const {
    if (!parent_) return {};
    const auto* const directory = dynamic_cast<const Directory*>(this);
    if (directory && directory->kind() == Directory::Kind::nameless) return {};
    // The root has no name of its own and contributes only the separator.
    return parent_->path() + u'\\' + name_;
}

}  // namespace ntalpc::server
