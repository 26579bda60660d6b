// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Linux program: the echo service, with the calls from libntalpc.
#include "echo_service.h"

int main(void) {
    return run_echo_service("linux server");
}
