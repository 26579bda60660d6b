// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing in other people's programs: where a file must not grow any more (RLIMIT_FSIZE), Linux sends a
// signal that ends the program.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace ntalpc::core {

// While there is one, what this thread writes fails with EFBIG instead. errno stays what it is.
class NoFileSizeSignal {
  public:
    NoFileSizeSignal() {
        sigemptyset(&only_);
        sigaddset(&only_, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &only_, &before_);
    }
    NoFileSizeSignal(const NoFileSizeSignal&) = delete;
    NoFileSizeSignal& operator=(const NoFileSizeSignal&) = delete;
    // A program that had blocked the signal itself keeps one that was sent to it.
    ~NoFileSizeSignal() {
        if (sigismember(&before_, SIGXFSZ) != 0) return;
        const int error = errno;
        const timespec at_once{};
        while (sigtimedwait(&only_, nullptr, &at_once) < 0 && errno == EINTR) continue;
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }

  private:
    sigset_t only_;
    sigset_t before_;
};

}  // namespace ntalpc::core
