// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: the echo service, with the calls imported from ntdll.
#include "echo_service.h"

int main(void) {
    return run_echo_service("server");
}
