// SPDX-License-Identifier: LGPL-2.1-or-later
// Two processes that share a page: by futex, and by looking at it without pause.
#ifndef _WIN32

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "bench/floors.h"
#include "bench/role.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::bench {

namespace {

using Word = std::atomic<std::uint32_t>;

struct Words {
    alignas(64) Word there;
    alignas(64) Word back;
    alignas(64) Word playing;
};

Words& map_words(int descriptor) {
    void* const page = mmap(nullptr, sizeof(Words), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (page == MAP_FAILED) fail("cannot map a page of shared memory");
    return *static_cast<Words*>(page);
}

void futex_wait(Word& word, std::uint32_t value) {
    syscall(SYS_futex, &word, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

void futex_wake(Word& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void set(Word& word) {
    word.store(1);
    futex_wake(word);
}

void wait(Word& word) {
    while (word.exchange(0) == 0) futex_wait(word, 0);
}

void play_futex(const RoleArguments&) {
    Words& words = map_words(kInheritedDescriptor);
    end_with_parent();
    for (;;) {
        wait(words.there);
        set(words.back);
    }
}

void play_spin(const RoleArguments&) {
    Words& words = map_words(kInheritedDescriptor);
    end_with_parent();
    std::uint32_t last = 0;
    for (;;) {
        futex_wait(words.playing, 0);
        while (words.playing.load(std::memory_order_relaxed)) {
            const std::uint32_t now = words.there.load(std::memory_order_acquire);
            if (now == last) continue;
            words.back.store(now, std::memory_order_release);
            last = now;
        }
    }
}

const Role futex_role("futex", play_futex);
const Role spin_role("spin", play_spin);

class SharedWords : public Contestant {
  public:
    SharedWords(const char* role, const Placement& placement)
        : memory_(make_memory()),
          words_(map_words(memory_.get())),
          child_(role, {}, placement.server, {memory_.get()}) {}
    ~SharedWords() override { munmap(&words_, sizeof(Words)); }

  protected:
    Words& words() { return words_; }

  private:
    static int make_memory() {
        const int made = memfd_create("alpcbench", MFD_CLOEXEC);
        if (made < 0 || ftruncate(made, sizeof(Words)) != 0) fail("cannot make shared memory");
        return made;
    }
    UniqueFd memory_;
    Words& words_;
    Child child_;
};

class FutexRoundTrip final : public SharedWords {
  public:
    explicit FutexRoundTrip(const Placement& placement) : SharedWords("futex", placement) {}
    void round() override {
        set(words().there);
        wait(words().back);
    }
};

class SpinRoundTrip final : public SharedWords {
  public:
    explicit SpinRoundTrip(const Placement& placement) : SharedWords("spin", placement) {}
    void begin_turn() override {
        words().playing.store(1);
        futex_wake(words().playing);
        round();
    }
    void end_turn() override { words().playing.store(0); }
    void round() override {
        words().there.store(++last_, std::memory_order_release);
        while (words().back.load(std::memory_order_acquire) != last_) continue;
    }

  private:
    std::uint32_t last_ = 0;
};

}  // namespace

std::vector<Entrant> futex_floor() {
    return {
        {"futex", [](const Placement& placement) { return std::make_unique<FutexRoundTrip>(placement); }}};
}

std::vector<Entrant> spin_floor() {
    return {{"spin", [](const Placement& placement) { return std::make_unique<SpinRoundTrip>(placement); }}};
}

}  // namespace ntalpc::bench

#endif
