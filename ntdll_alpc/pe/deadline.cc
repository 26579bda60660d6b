// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/deadline.h"

extern "C" NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER counter, PLARGE_INTEGER frequency);

namespace ntalpc {
namespace {

// In units of 100 ns.
LONGLONG monotonic_now() {
    constexpr LONGLONG units = 10'000'000;
    LARGE_INTEGER counter, frequency;
    NtQueryPerformanceCounter(&counter, &frequency);
    return counter.QuadPart / frequency.QuadPart * units +
           counter.QuadPart % frequency.QuadPart * units / frequency.QuadPart;
}

// A hundred years: more than a wait lasts, and adding it to the counter does not overflow.
constexpr LONGLONG kLongest = LONGLONG{100} * 366 * 24 * 3600 * 10'000'000;

}  // namespace

Deadline::Deadline(const LARGE_INTEGER* timeout) : kind_(Kind::none) {
    if (!timeout) return;
    timeout_ = *timeout;
    kind_ = timeout_.QuadPart < 0 ? Kind::relative : Kind::absolute;
    if (kind_ == Kind::absolute) return;
    end_ = monotonic_now() + (timeout_.QuadPart < -kLongest ? kLongest : -timeout_.QuadPart);
}

const LARGE_INTEGER* Deadline::remaining() {
    if (kind_ == Kind::none) return nullptr;
    if (kind_ == Kind::relative) {
        const LONGLONG left = end_ - monotonic_now();
        timeout_.QuadPart = left > 0 ? -left : 0;
    }
    return &timeout_;
}

}  // namespace ntalpc
