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

namespace ntalpc::native {

namespace {

constexpr std::size_t kPage = 4096;

}  // namespace

#ifdef __x86_64__

extern "C" {
int ntalpc_copy(void* to, const void* from, std::size_t size);
int ntalpc_probe(void* first, std::size_t pages);
int ntalpc_exchange(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired);
extern const char ntalpc_copied[], ntalpc_exchange_at[], ntalpc_fault_out[];
}

// An instruction that faults leaves the instruction pointer on itself, and nothing but the return address is
// on the stack. rep movsb takes longer to begin than a few words take to copy, and waits for the caches where
// plain stores do not, so what is short goes by words, the last of which overlaps the one before.
asm(R"(
    .text
    .hidden ntalpc_copy, ntalpc_probe, ntalpc_copied, ntalpc_exchange, ntalpc_exchange_at, ntalpc_fault_out
    .globl ntalpc_copy, ntalpc_probe, ntalpc_copied, ntalpc_exchange, ntalpc_exchange_at, ntalpc_fault_out
    .type ntalpc_copy, @function
ntalpc_copy:
    cmpq $16, %rdx
    jb 2f
    cmpq $256, %rdx
    ja 4f
1:  movups (%rsi), %xmm0
    movups %xmm0, (%rdi)
    addq $16, %rsi
    addq $16, %rdi
    subq $16, %rdx
    cmpq $16, %rdx
    jae 1b
    testq %rdx, %rdx
    jz ntalpc_copied
    movups -16(%rsi,%rdx), %xmm0
    movups %xmm0, -16(%rdi,%rdx)
    jmp ntalpc_copied
2:  cmpq $8, %rdx
    jb 3f
    movq (%rsi), %rax
    movq -8(%rsi,%rdx), %rcx
    movq %rax, (%rdi)
    movq %rcx, -8(%rdi,%rdx)
    jmp ntalpc_copied
3:  cmpq $4, %rdx
    jb 4f
    movl (%rsi), %eax
    movl -4(%rsi,%rdx), %ecx
    movl %eax, (%rdi)
    movl %ecx, -4(%rdi,%rdx)
    jmp ntalpc_copied
4:  movq %rdx, %rcx
    rep movsb
    jmp ntalpc_copied
    .size ntalpc_copy, . - ntalpc_copy
    .type ntalpc_probe, @function
ntalpc_probe:
    movb (%rdi), %al
    movb %al, (%rdi)
    orq $4095, %rdi
    incq %rdi
    decq %rsi
    jnz ntalpc_probe
ntalpc_copied:
    xorl %eax, %eax
    ret
ntalpc_fault_out:
    movl $1, %eax
    ret
    .size ntalpc_probe, . - ntalpc_probe
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
    const bool copying =
        place >= reinterpret_cast<greg_t>(&ntalpc_copy) && place < reinterpret_cast<greg_t>(ntalpc_copied);
    if (copying || place == reinterpret_cast<greg_t>(ntalpc_exchange_at)) {
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

// std::call_once would cost more than the copy.
void need_handlers() {
    [[maybe_unused]] static const bool installed = [] {
        install_handlers();
        return true;
    }();
}

}  // namespace

bool guarded_copy(void* to, const void* from, std::size_t size) {
    need_handlers();
    return ntalpc_copy(to, from, size) == 0;
}

bool guarded_probe(void* memory, std::size_t size) {
    need_handlers();
    const auto first = reinterpret_cast<std::uintptr_t>(memory);
    return ntalpc_probe(memory, (first + size - 1) / kPage - first / kPage + 1) == 0;
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

bool guarded_probe(void* memory, std::size_t size) {
    char* const first = static_cast<char*>(memory);
    for (std::size_t at = 0; at < size; at += kPage - reinterpret_cast<std::uintptr_t>(first + at) % kPage) {
        char byte;
        if (!guarded_copy(&byte, first + at, 1) || !guarded_copy(first + at, &byte, 1)) return false;
    }
    return true;
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
