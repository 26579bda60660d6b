// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/list_registrations.h"

#include <algorithm>
#include <new>

#include "core/immortal.h"

namespace ntalpc::core {

ListRegistrations& ListRegistrations::instance() {
    static Immortal<ListRegistrations> only;
    return *only;
}

void ListRegistrations::add(std::shared_ptr<ListRegistration> list) {
    const std::lock_guard lock(mutex_);
    lists_.push_back(std::move(list));
    count_ = lists_.size();
}

void ListRegistrations::remove(const ListRegistration& list) {
    const std::lock_guard lock(mutex_);
    std::erase_if(lists_, [&](const auto& known) { return known.get() == &list; });
    count_ = lists_.size();
}

template <class Is>
std::shared_ptr<ListRegistration> ListRegistrations::find_if(const Is& is) {
    if (count_ == 0) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(lists_.begin(), lists_.end(), is);
    return found == lists_.end() ? nullptr : *found;
}

std::shared_ptr<ListRegistration> ListRegistrations::find(std::uint32_t generation, std::uint64_t handle) {
    return find_if(
        [&](const auto& known) { return known->generation == generation && known->handle == handle; });
}

std::shared_ptr<ListRegistration> ListRegistrations::find(const void* base) {
    return find_if([&](const auto& known) { return known->base == base; });
}

// The parent's lock, and what it holds, are nobody's here.
void ListRegistrations::forget_after_fork() {
    new (this) ListRegistrations;
}

}  // namespace ntalpc::core
