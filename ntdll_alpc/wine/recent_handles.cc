// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/recent_handles.h"

#include "core/immortal.h"
#include "wine/noted_handles.h"

namespace ntalpc::wine {

RecentHandles& RecentHandles::instance() {
    static core::Immortal<RecentHandles> only;
    return *only;
}

RecentHandles::Place& RecentHandles::place_for(const void* handle) {
    return places_[place_of(handle) % places_.size()];
}

// NtClose and its kin take the note away first of all.
std::uint64_t RecentHandles::find(const void* handle) {
    if (noted_kind(handle) != HandleKind::ours) return 0;
    Place& place = place_for(handle);
    const std::lock_guard lock(place.mutex);
    return place.handle == handle && Clock::now() < place.until ? place.cookie : 0;
}

void RecentHandles::store(const void* handle, std::uint64_t cookie, std::uint64_t changes) {
    Place& place = place_for(handle);
    const auto until = Clock::now() + kMoment;
    const std::lock_guard lock(place.mutex);
    if (changes_ != changes) return;
    place.handle = handle;
    place.cookie = cookie;
    place.until = until;
}

// Whoever stores afterwards sees the change, and what has been stored before is found here.
void RecentHandles::forget(const void* handle) {
    ++changes_;
    Place& place = place_for(handle);
    const std::lock_guard lock(place.mutex);
    if (place.handle == handle) place.handle = nullptr;
}

}  // namespace ntalpc::wine
