// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/failing_calls.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <cerrno>

namespace ntalpc::faults {

namespace {

// Not brk(), whose failure is no error number; allocations fail in another way.
bool makes_memory(unsigned long long call) {
    switch (call) {
        case SYS_mmap:
        case SYS_mremap:
        case SYS_mprotect:
        case SYS_epoll_ctl:
        case SYS_ftruncate:
        case SYS_fallocate:
            return true;
        default:
            return false;
    }
}

bool makes_descriptor(unsigned long long call) {
    switch (call) {
        case SYS_socket:
        case SYS_socketpair:
        case SYS_accept4:
        case SYS_pipe2:
        case SYS_openat:
        case SYS_memfd_create:
        case SYS_eventfd2:
        case SYS_epoll_create1:
        case SYS_dup:
        case SYS_dup2:
        case SYS_dup3:
            return true;
        default:
            return false;
    }
}

bool duplicates(const __ptrace_syscall_info& call) {
    return call.entry.nr == SYS_fcntl &&
           (call.entry.args[1] == F_DUPFD || call.entry.args[1] == F_DUPFD_CLOEXEC);
}

}  // namespace

int possible_error(pid_t thread) {
    __ptrace_syscall_info call{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(call), &call) <= 0) return 0;
    if (call.op != PTRACE_SYSCALL_INFO_ENTRY) return 0;
    if (makes_memory(call.entry.nr)) return ENOMEM;
    if (makes_descriptor(call.entry.nr) || duplicates(call)) return EMFILE;
    return call.entry.nr == SYS_clone || call.entry.nr == SYS_clone3 ? EAGAIN : 0;
}

void skip_call(pid_t thread) {
    user_regs_struct registers{};
    ptrace(PTRACE_GETREGS, thread, 0, &registers);
    registers.orig_rax = ~0ULL;
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
}

void fail_call(pid_t thread, int error) {
    user_regs_struct registers{};
    ptrace(PTRACE_GETREGS, thread, 0, &registers);
    registers.rax = static_cast<unsigned long long>(-error);
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
}

}  // namespace ntalpc::faults
