// SPDX-License-Identifier: LGPL-2.1-or-later
// For fuzz targets that have the server in them: it says nothing, or what FUZZ_LOG asks for. FUZZ_LOG=3 shows
// the requests of an input that is run by itself.
#include <cstdlib>

#include "server/log.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    const char* const level = std::getenv("FUZZ_LOG");
    ntalpc::server::set_log_level(level ? std::atoi(level) : -1);
    return 0;
}
