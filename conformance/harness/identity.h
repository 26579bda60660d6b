// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom a thread acts as. Tokens are for Windows programs: a native process has one identity, so natively all
// functions here but the first throw CannotTest, and only statuses can be tested.
#pragma once

#include <memory>

#include "conformance/harness/test.h"

namespace ntalpc::conformance {

bool have_tokens();

// What the thread's own token says.
struct ThreadIdentity {
    NTSTATUS opened = STATUS_UNSUCCESSFUL;  // STATUS_NO_TOKEN: the thread acts as its process
    bool same_user = false;                 // as the process
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    // Whether it holds the privilege that is disabled in everybody's token (SeShutdownPrivilege), and one
    // that is enabled in everybody's (SeChangeNotifyPrivilege).
    bool holds_disabled = false;
    bool holds_enabled = false;
};
ThreadIdentity thread_identity();
LUID process_token_modified_id();

// Makes the thread act with a copy of the process's token, of the given level, which can be recognised by its
// lack of SeChangeNotifyPrivilege.
void act_as_somebody(SECURITY_IMPERSONATION_LEVEL level);
inline bool is_somebody(const ThreadIdentity& identity) {
    return !identity.holds_enabled;
}
// Enables or disables SeShutdownPrivilege in the process's token.
void adjust_process_token(bool enable);
void act_as_oneself();

// The end of a scope, with or without a failed assertion, ends every impersonation.
class Reverting {
  public:
    ~Reverting() {
        if (have_tokens()) act_as_oneself();
    }
};

}  // namespace ntalpc::conformance
