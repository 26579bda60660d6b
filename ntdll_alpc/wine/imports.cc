// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding out how the functions of the running Wine are called.
#include "wine/imports.h"

#include "ntalpc/status.h"
#include "wine/teb.h"

namespace ntalpc::wine {

bool imports_use_ms_abi = false;

#if defined(__x86_64__)

extern "C" void status_to_dos_error() __asm__("RtlNtStatusToDosError");

namespace {

constexpr std::uint32_t kErrorAccessDenied = 5;  // what STATUS_ACCESS_DENIED becomes

// Calls a function of one argument with one value where the Windows convention looks for it (rcx) and another
// where the Unix convention does (rdi). The stack has the home area that a Windows callee may write to, and
// everything that either convention lets a callee change is declared as changed.
std::uint32_t call_both_ways(void (*function)(), std::uint64_t windows_value, std::uint64_t unix_value) {
    std::uint64_t result = reinterpret_cast<std::uintptr_t>(function);
    asm volatile(
        "movq %%rsp, %%rbx\n\t"
        "subq $192, %%rsp\n\t"  // past the red zone of the enclosing function
        "andq $-16, %%rsp\n\t"
        "call *%%rax\n\t"
        "movq %%rbx, %%rsp"
        : "+a"(result), "+c"(windows_value), "+D"(unix_value)
        :
        : "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3",
          "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
          "xmm15");
    return static_cast<std::uint32_t>(result);
}

}  // namespace

void detect_calling_convention() {
    // The conversion remembers the status in the TEB, which the program must not notice. NtCurrentTeb takes
    // no argument, so it can be called before the convention is known.
    auto& last_status = teb_field<std::uint32_t>(kTebLastStatusValue);
    const std::uint32_t saved = last_status;
    const std::uint32_t answer =
        call_both_ways(status_to_dos_error, static_cast<std::uint32_t>(STATUS_ACCESS_DENIED),
                       static_cast<std::uint32_t>(STATUS_INVALID_HANDLE));
    last_status = saved;
    imports_use_ms_abi = answer == kErrorAccessDenied;
}

#else

void detect_calling_convention() {}

#endif

}  // namespace ntalpc::wine
