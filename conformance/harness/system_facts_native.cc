// SPDX-License-Identifier: LGPL-2.1-or-later
// A native program has the calls from libntalpc, whatever Linux it runs on.
#ifndef _WIN32

#include <sys/utsname.h>
#include <unistd.h>

#include "conformance/harness/system_facts.h"

namespace ntalpc::conformance {

SystemFacts system_facts() {
    SystemFacts facts;
    facts.kind = "Linux";
    facts.layer = "libntalpc";
    facts.elevated = geteuid() == 0;
    utsname name;
    if (uname(&name) == 0) {
        facts.version = name.release;
        facts.machine = name.machine;
    }
    return facts;
}

}  // namespace ntalpc::conformance

#endif
