// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/noted_handles.h"

#include "wine/recent_handles.h"

namespace ntalpc::wine {

namespace {

std::atomic<HandleKindByte*> notes;
std::atomic<std::size_t> noted;

}  // namespace

void share_handle_kinds(HandleKindByte* kinds, std::size_t count) {
    noted = count;
    notes = kinds;
}

HandleKind noted_kind(const void* handle) {
    const HandleKindByte* const kinds = notes;
    return kinds && place_of(handle) < noted ? kinds[place_of(handle)].load() : HandleKind::unknown;
}

void note_handle(const void* handle, HandleKind kind) {
    RecentHandles::instance().forget(handle);
    HandleKindByte* const kinds = notes;
    if (kinds && place_of(handle) < noted) kinds[place_of(handle)] = kind;
}

}  // namespace ntalpc::wine
