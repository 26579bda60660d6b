// SPDX-License-Identifier: LGPL-2.1-or-later
// An object of static storage that is never destroyed, because threads may call while the process exits. It
// takes no memory that could be lacking: the child of a fork uses such objects where no exception may be
// thrown.
#pragma once

#include <cstddef>
#include <new>

namespace ntalpc::core {

template <class Type>
class Immortal {
  public:
    Immortal() noexcept { renew(); }
    Immortal(const Immortal&) = delete;
    Immortal& operator=(const Immortal&) = delete;

    Type& operator*() { return *std::launder(reinterpret_cast<Type*>(place_)); }
    // Forgets what is there without looking at it: in the child of a fork another thread may have been at
    // work on it.
    void renew() noexcept { new (place_) Type; }

  private:
    alignas(Type) std::byte place_[sizeof(Type)];
};

}  // namespace ntalpc::core
