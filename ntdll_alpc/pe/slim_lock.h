// SPDX-License-Identifier: LGPL-2.1-or-later
// A lock of ntdll's that needs no making and no end.
#pragma once

#include "ntalpc/ntbase.h"

extern "C" {
void NTAPI RtlAcquireSRWLockExclusive(PVOID* lock);
void NTAPI RtlReleaseSRWLockExclusive(PVOID* lock);
}

namespace ntalpc {

class SlimLock {
  public:
    void lock() { RtlAcquireSRWLockExclusive(&word_); }
    void unlock() { RtlReleaseSRWLockExclusive(&word_); }

  private:
    PVOID word_ = nullptr;
};

class SlimGuard {
  public:
    explicit SlimGuard(SlimLock& lock) : lock_(lock) { lock_.lock(); }
    ~SlimGuard() { lock_.unlock(); }
    SlimGuard(const SlimGuard&) = delete;
    SlimGuard& operator=(const SlimGuard&) = delete;

  private:
    SlimLock& lock_;
};

}  // namespace ntalpc
