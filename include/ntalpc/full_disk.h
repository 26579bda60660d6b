// SPDX-License-Identifier: LGPL-2.1-or-later
// For programs with a command line: what they write may find a full disk, or a file that must not grow any
// more. Neither ends them before they have said so.
#pragma once

#include <csignal>
#include <cstdio>

namespace ntalpc {

// A write beyond the limit on the size of files fails with EFBIG from now on. Programs that are started do
// not inherit it.
inline void fail_writes_beyond_limit() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGXFSZ, &action, nullptr);
}

// The exit code of a program that would end with `result`: 1 when what it has printed got lost on the way.
inline int finish_output(const char* program, int result) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return result;
    std::fprintf(stderr,
                 "%s: not all of the output could be written; make room for it or write it elsewhere\n",
                 program);
    return 1;
}

}  // namespace ntalpc
