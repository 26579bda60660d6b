// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/stage.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <new>
#include <system_error>

namespace ntalpc::faults {

namespace {

void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value) {
    while (word.load() == value) syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

void set(std::atomic<std::uint32_t>& word, std::uint32_t value) {
    word.store(value);
    syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

Stage::Stage() {
    void* const memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    shared_ = new (memory) Shared{};
}

Stage::~Stage() {
    munmap(shared_, sizeof(Shared));
}

void Stage::clear() {
    new (shared_) Shared{};
}

void Stage::open() {
    set(shared_->is_open, 1);
}

void Stage::wait_until_open() {
    wait_while(shared_->is_open, 0);
}

void Stage::party_ended(std::size_t index) {
    party(index).has_ended = true;
    const bool announced = party(index).announcement == static_cast<std::uint32_t>(Announcement::made);
    set_announcement(index, announced ? Announcement::made : Announcement::never);
}

void Stage::set_announcement(std::size_t index, Announcement what) {
    set(shared_->parties[index].announcement, static_cast<std::uint32_t>(what));
}

bool Stage::wait_for(std::size_t index) {
    std::atomic<std::uint32_t>& word = shared_->parties[index].announcement;
    wait_while(word, static_cast<std::uint32_t>(Announcement::none));
    return word.load() == static_cast<std::uint32_t>(Announcement::made);
}

}  // namespace ntalpc::faults
