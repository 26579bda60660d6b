// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/token_changes.h"

#include "core/host_tokens.h"
#include "wine/imports.h"
#include "wine/teb.h"

namespace ntalpc::wine {

namespace {

std::atomic<TokenChangeCounter*> shared;
TokenChangeCounter unshared;

TokenChangeCounter& own_counter(TokenChangeCounter* counters) {
    const auto id = reinterpret_cast<std::uintptr_t>(teb_field<CLIENT_ID>(kTebClientId).UniqueThread);
    return counters[token_change_place(id)];
}

}  // namespace

void share_token_changes(TokenChangeCounter* counters) {
    shared = counters;
}

void note_own_token_change() {
    if (TokenChangeCounter* const counters = shared) ++own_counter(counters);
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

// Where nobody counts, everything may have changed each time.
std::uint32_t token_changes() {
    TokenChangeCounter* const counters = wine::shared;
    if (!counters) return ++wine::unshared;
    return counters[0] + wine::own_counter(counters);
}

}  // namespace ntalpc::host
