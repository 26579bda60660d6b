// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/confinement.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "ntalpc/sanitized.h"
#include "server/log.h"

namespace ntalpc::server {

namespace {

// The names are the kernel's; libseccomp knows those that this processor lacks.
constexpr std::initializer_list<int> kAllowed = {
    // Clients.
    SCMP_SYS(accept4),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(getsockopt),
    SCMP_SYS(shutdown),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(pipe2),
    SCMP_SYS(eventfd2),
    // Descriptors and memory of views.
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(memfd_create),
    SCMP_SYS(ftruncate),
    // The end: the socket's file goes.
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // What the C library does by itself.
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(lseek),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
};

struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

int add(const Filter& filter, int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    return seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call,
                                  static_cast<unsigned>(conditions.size()), conditions.begin());
}

scmp_arg_cmp without(unsigned argument, std::uint64_t bits) {
    return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, 0);
}

int add_limited(const Filter& filter, std::uint64_t self) {
    constexpr std::uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    int failed = add(filter, SCMP_SYS(openat), {without(2, writing)});
    if (!failed) failed = add(filter, SCMP_SYS(open), {without(1, writing)});
    if (!failed) failed = add(filter, SCMP_SYS(mmap), {without(2, PROT_EXEC)});
    if (!failed) failed = add(filter, SCMP_SYS(mprotect), {without(2, PROT_EXEC)});
    if (!failed) failed = add(filter, SCMP_SYS(socketpair), {SCMP_CMP64(0, SCMP_CMP_EQ, AF_UNIX, 0)});
    // To end by abort().
    if (!failed) failed = add(filter, SCMP_SYS(tgkill), {SCMP_CMP64(0, SCMP_CMP_EQ, self, 0)});
    return failed;
}

}  // namespace

void confine_process() {
    if constexpr (kSanitized) return;
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    int failed = filter ? add_limited(filter, static_cast<std::uint64_t>(getpid())) : -ENOMEM;
    for (const int call : kAllowed) {
        if (!failed) failed = add(filter, call);
    }
    // It also takes away the way to more privileges by execve().
    if (!failed) failed = seccomp_load(filter.get());
    if (failed) log(LogLevel::always, "the server is not confined: %s", std::strerror(-failed));
}

}  // namespace ntalpc::server
