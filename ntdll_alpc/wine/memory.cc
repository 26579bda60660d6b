// SPDX-License-Identifier: LGPL-2.1-or-later
// Copying between the core's memory and memory that the program named, which may be anything: absent,
// read-only, a guard page, or watched by Wine for writes. Wine resolves watched pages in its fault handler,
// so the fast way is to touch the memory with that handler told where to go on when it cannot. A Wine without
// that interface leaves system calls, which fail instead of faulting, and NtRead/WriteVirtualMemory, which
// touch the pages as Wine does.
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "core/host.h"
#include "wine/imports.h"
#include "wine/memory.h"

// Both are absent in some versions of Wine. A version that has the first has it with the Windows convention
// and restores its buffer on a fault; the second has always been an ordinary Unix function.
extern "C" {
int wine_setjmpex(void* buffer, void* frame) __asm__("__wine_setjmpex")
    __attribute__((weak, returns_twice)) NTALPC_MS_ABI;
void set_exception_jmp_buf(void* buffer) __asm__("ntdll_set_exception_jmp_buf") __attribute__((weak));
}

namespace ntalpc::wine {

namespace {

// The offset at which the next page begins.
std::size_t next_page(const volatile char* first, std::size_t offset) {
    constexpr std::size_t page = 4096;
    return offset + page - reinterpret_cast<std::uintptr_t>(first + offset) % page;
}

}  // namespace

bool can_copy_catching_faults() {
    return wine_setjmpex && set_exception_jmp_buf;
}

[[gnu::noinline]] bool copy_catching_faults(void* to, const void* from, std::size_t size) {
    alignas(16) unsigned char jump_buffer[256];
    if (wine_setjmpex(jump_buffer, nullptr)) return false;  // the handler has dropped the buffer already
    set_exception_jmp_buf(jump_buffer);
    std::memcpy(to, from, size);
    asm volatile("" ::: "memory");  // the copy is complete before faults count as crashes again
    set_exception_jmp_buf(nullptr);
    return true;
}

// One byte of each page.
[[gnu::noinline]] bool probe_catching_faults(volatile char* first, std::size_t size) {
    alignas(16) unsigned char jump_buffer[256];
    if (wine_setjmpex(jump_buffer, nullptr)) return false;
    set_exception_jmp_buf(jump_buffer);
    for (std::size_t at = 0; at < size; at = next_page(first, at)) first[at] = first[at];
    asm volatile("" ::: "memory");
    set_exception_jmp_buf(nullptr);
    return true;
}

[[gnu::noinline]] bool exchange_catching_faults(std::uint64_t* word, std::uint64_t* expected,
                                                std::uint64_t desired) {
    alignas(16) unsigned char jump_buffer[256];
    if (wine_setjmpex(jump_buffer, nullptr)) return false;
    set_exception_jmp_buf(jump_buffer);
    __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    asm volatile("" ::: "memory");
    set_exception_jmp_buf(nullptr);
    return true;
}

bool read_by_system_call(void* to, const void* program_memory, std::size_t size) {
    const iovec local = {to, size};
    const iovec remote = {const_cast<void*>(program_memory), size};
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size)) return true;
    SIZE_T done = 0;
    return NT_SUCCESS(nt_write_virtual_memory(kCurrentProcess, to, program_memory, size, &done)) &&
           done == size;
}

bool write_by_system_call(void* program_memory, const void* from, std::size_t size) {
    const iovec local = {const_cast<void*>(from), size};
    const iovec remote = {program_memory, size};
    if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size)) return true;
    SIZE_T done = 0;
    return NT_SUCCESS(nt_read_virtual_memory(kCurrentProcess, from, program_memory, size, &done)) &&
           done == size;
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

bool copy_from_program(void* to, const void* program_memory, std::size_t size) {
    if (size == 0) return true;
    if (wine::can_copy_catching_faults()) return wine::copy_catching_faults(to, program_memory, size);
    return wine::read_by_system_call(to, program_memory, size);
}

bool copy_to_program(void* program_memory, const void* from, std::size_t size) {
    if (size == 0) return true;
    if (wine::can_copy_catching_faults()) return wine::copy_catching_faults(program_memory, from, size);
    return wine::write_by_system_call(program_memory, from, size);
}

bool probe_program(void* program_memory, std::size_t size) {
    char* const first = static_cast<char*>(program_memory);
    if (wine::can_copy_catching_faults()) return wine::probe_catching_faults(first, size);
    for (std::size_t at = 0; at < size; at = wine::next_page(first, at)) {
        char byte;
        if (!wine::read_by_system_call(&byte, first + at, 1) ||
            !wine::write_by_system_call(first + at, &byte, 1))
            return false;
    }
    return true;
}

// No system call does this on a word, so without the fast way the memory is only tried out before.
bool exchange_in_program(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired) {
    if (wine::can_copy_catching_faults()) return wine::exchange_catching_faults(word, expected, desired);
    std::uint64_t unused;
    if (!wine::read_by_system_call(&unused, word, sizeof(unused))) return false;
    __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return true;
}

}  // namespace ntalpc::host
