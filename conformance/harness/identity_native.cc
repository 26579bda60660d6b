// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef _WIN32

#include "conformance/harness/identity.h"

namespace ntalpc::conformance {

namespace {

const CannotTest no_tokens = {"a native process has one identity"};

}  // namespace

bool have_tokens() {
    return false;
}

ThreadIdentity thread_identity() {
    throw no_tokens;
}

LUID process_token_modified_id() {
    throw no_tokens;
}

void act_as_somebody(SECURITY_IMPERSONATION_LEVEL) {
    throw no_tokens;
}

void adjust_process_token(bool) {
    throw no_tokens;
}

void act_as_oneself() {}

}  // namespace ntalpc::conformance

#endif
