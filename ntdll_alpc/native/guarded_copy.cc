// SPDX-License-Identifier: LGPL-2.1-or-later
// Kernels copy from user memory with an instruction whose faults have a known way out; so do we. The handler
// for SIGSEGV and SIGBUS looks at where the fault happened: in the copy, it continues at the way out;
// anywhere else, it passes the signal on to whoever had it before. A system call that copies would do the
// same job, at ten times the cost and several times per message.
#include "native/guarded_copy.h"

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace ntalpc::native {

#ifdef __x86_64__

extern "C" {
int ntalpc_copy(void* to, const void* from, std::size_t size);
int ntalpc_exchange(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired);
extern const char ntalpc_copy_at[], ntalpc_exchange_at[], ntalpc_fault_out[];
}

// rep movsb faults with the instruction pointer on itself, as every instruction does that has not been
// completed.
asm(R"(
    .text
    .hidden ntalpc_copy, ntalpc_copy_at, ntalpc_exchange, ntalpc_exchange_at, ntalpc_fault_out
    .globl ntalpc_copy, ntalpc_copy_at, ntalpc_exchange, ntalpc_exchange_at, ntalpc_fault_out
    .type ntalpc_copy, @function
ntalpc_copy:
    movq %rdx, %rcx
ntalpc_copy_at:
    rep movsb
    xorl %eax, %eax
    ret
ntalpc_fault_out:
    movl $1, %eax
    ret
    .size ntalpc_copy, . - ntalpc_copy
    .type ntalpc_exchange, @function
ntalpc_exchange:
    movq (%rsi), %rax
ntalpc_exchange_at:
    lock cmpxchgq %rdx, (%rdi)
    movq %rax, (%rsi)
    xorl %eax, %eax
    ret
    .size ntalpc_exchange, . - ntalpc_exchange
)");

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS};
struct sigaction previous[2];

void pass_on(int number, siginfo_t* info, void* context, const struct sigaction& before) {
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
        // Returning repeats the fault, which then ends the process as it would have without us.
        std::signal(number, SIG_DFL);
    } else {
        before.sa_handler(number);
    }
}

void on_fault(int number, siginfo_t* info, void* context) {
    auto& place = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
    if (place == reinterpret_cast<greg_t>(ntalpc_copy_at) ||
        place == reinterpret_cast<greg_t>(ntalpc_exchange_at)) {
        place = reinterpret_cast<greg_t>(ntalpc_fault_out);
    } else {
        pass_on(number, info, context, previous[number == SIGSEGV ? 0 : 1]);
    }
}

void install_handlers() {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    // A fault in a handler of the program's may come from a call of ours.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &previous[i]);
}

void need_handlers() {
    static std::once_flag once;
    std::call_once(once, install_handlers);
}

}  // namespace

bool guarded_copy(void* to, const void* from, std::size_t size) {
    need_handlers();
    return ntalpc_copy(to, from, size) == 0;
}

bool guarded_exchange(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired) {
    need_handlers();
    return ntalpc_exchange(word, expected, desired) == 0;
}

#else

// Other processors: let the kernel copy. It reports what it cannot reach.
bool guarded_copy(void* to, const void* from, std::size_t size) {
    if (size == 0) return true;
    const iovec local{to, size};
    const iovec remote{const_cast<void*>(from), size};
    // `to` is checked like `from`: the call writes it as this process's own memory.
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

// The kernel has no such step on another's word for us, so the memory is only tried out before.
bool guarded_exchange(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired) {
    std::uint64_t unused;
    if (!guarded_copy(&unused, word, sizeof(unused))) return false;
    std::atomic_ref<std::uint64_t>(*word).compare_exchange_strong(*expected, desired);
    return true;
}

#endif

}  // namespace ntalpc::native
