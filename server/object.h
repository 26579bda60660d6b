// SPDX-License-Identifier: LGPL-2.1-or-later
// The base of everything that can have a name or a handle.
//
// An object lives while something refers to it. Handles are counted apart: when the last handle anywhere is
// closed, user mode has let go and last_handle_closed() says what that means for the type, although other
// objects may still refer to it. A temporary object loses its name at that moment; a permanent one keeps it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/quota.h"
#include "server/ref.h"
#include "server/security/access.h"
#include "server/security/security_descriptor.h"
#include "server/security/token.h"

namespace ntalpc::server {

class Directory;

using security::GenericMapping;

struct ObjectType {
    const char* name;    // as NtQueryObject tells it
    std::uint32_t code;  // as adopt_handle tells it
    std::uint32_t valid_access;
    GenericMapping mapping;
};

class Object : public RefCounted {
  public:
    virtual const ObjectType& type() const = 0;

    void handle_opened() { ++handles_; }
    void handle_closed();
    std::size_t handles() const { return handles_; }

    Directory* parent() const { return parent_; }
    const std::u16string& name() const { return name_; }
    void set_name_charge(MessageCharge charge) { name_charge_ = std::move(charge); }
    // The absolute path, or an empty string for an unnamed object.
    std::u16string path() const;

    // Who may do what with it (object_security.h). nullptr until it is assigned: for an object that everybody
    // may use, or one whose descriptor follows from who made it.
    const security::SecurityDescriptor* descriptor() const { return descriptor_.get(); }
    void set_descriptor(std::unique_ptr<const security::SecurityDescriptor> descriptor,
                        MessageCharge charge) {
        descriptor_ = std::move(descriptor);
        descriptor_charge_ = std::move(charge);
    }
    // Of whoever made an object that has not been given a descriptor.
    virtual const security::Token* creator_token() const { return nullptr; }

    // Keeps its name, and itself, without handles.
    void make_permanent() { permanent_ = true; }
    bool permanent() const { return permanent_; }

  protected:
    ~Object() override;
    virtual void last_handle_closed() {}
    void drop_name();

  private:
    friend class Directory;
    std::size_t handles_ = 0;
    Directory* parent_ = nullptr;  // not owned: a directory forgets its children before it dies
    Ref<Object> kept_parent_;      // the same, where the children are what keeps the directory
    std::u16string name_;
    MessageCharge name_charge_;
    std::unique_ptr<const security::SecurityDescriptor> descriptor_;
    MessageCharge descriptor_charge_;
    bool permanent_ = false;
};

}  // namespace ntalpc::server
