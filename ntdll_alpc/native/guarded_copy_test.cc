// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies from and to bad addresses, and the signals of faults that are not ours.
#include "native/guarded_copy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "core/bad_memory_test_support.h"
#include "ntalpc/sanitized.h"

namespace ntalpc::native {
namespace {

TEST(GuardedCopy, CopiesWhatIsThere) {
    const BadMemory memory;
    char text[] = "some text";
    EXPECT_TRUE(guarded_copy(memory.last_writable(sizeof(text)), text, sizeof(text)));
    EXPECT_STREQ(memory.last_writable<char>(sizeof(text)), "some text");
    EXPECT_TRUE(guarded_copy(nullptr, nullptr, 0));
}

// Short and long ones are copied in different ways.
TEST(GuardedCopy, CopiesEverySize) {
    const BadMemory memory;
    std::vector<char> from(600), to(600);
    std::iota(from.begin(), from.end(), '\1');
    for (std::size_t size = 0; size < from.size(); ++size) {
        std::ranges::fill(to, 'x');
        ASSERT_TRUE(guarded_copy(to.data(), from.data(), size));
        ASSERT_TRUE(std::equal(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size), to.begin()))
            << size;
        ASSERT_TRUE(std::all_of(to.begin() + static_cast<std::ptrdiff_t>(size), to.end(), [](char byte) {
            return byte == 'x';
        })) << size;
        ASSERT_TRUE(guarded_copy(memory.last_writable(size), from.data(), size)) << size;
        ASSERT_FALSE(guarded_copy(memory.last_writable(size), from.data(), size + 1)) << size;
        ASSERT_FALSE(guarded_copy(to.data(), memory.straddling(size), size + 1)) << size;
    }
}

TEST(GuardedCopy, ReportsWhatIsNotThere) {
    const BadMemory memory;
    std::array<char, 16> own{};
    EXPECT_FALSE(guarded_copy(own.data(), nullptr, 1));
    EXPECT_FALSE(guarded_copy(own.data(), memory.missing(), 1));
    EXPECT_FALSE(guarded_copy(own.data(), memory.straddling(8), 16));
    EXPECT_FALSE(guarded_copy(memory.read_only(), own.data(), 1));
    EXPECT_FALSE(guarded_copy(memory.last_writable(8), own.data(), 16));
    EXPECT_FALSE(guarded_copy(nullptr, own.data(), 1));
    EXPECT_TRUE(guarded_copy(own.data(), memory.read_only(), own.size()));
}

TEST(GuardedProbe, FindsOutAboutEachPage) {
    const BadMemory memory;
    std::vector<char> own(5 * BadMemory::kPage, 'x');
    EXPECT_TRUE(guarded_probe(own.data() + 1, own.size() - 1));
    EXPECT_TRUE(std::ranges::all_of(own, [](char byte) { return byte == 'x'; }));
    EXPECT_TRUE(guarded_probe(memory.last_writable(8), 8));
    EXPECT_FALSE(guarded_probe(memory.last_writable(8), 9));
    EXPECT_FALSE(guarded_probe(memory.read_only(), 1));
    EXPECT_FALSE(guarded_probe(memory.missing(), 1));
    EXPECT_FALSE(guarded_probe(nullptr, 1));
    EXPECT_FALSE(guarded_probe(reinterpret_cast<void*>(~std::uintptr_t{0}), 1));
}

TEST(GuardedExchange, ChangesAWordThatIsAsExpected) {
    const BadMemory memory;
    auto* const word = memory.writable<std::uint64_t>();
    std::uint64_t expected = 0;
    EXPECT_TRUE(guarded_exchange(word, &expected, 7));
    EXPECT_EQ(expected, 0u);
    EXPECT_TRUE(guarded_exchange(word, &expected, 8));
    EXPECT_EQ(expected, 7u);
    EXPECT_EQ(*word, 7u);
}

TEST(GuardedExchange, ReportsWhatCannotBeWritten) {
    const BadMemory memory;
    std::uint64_t expected = 0;
    EXPECT_FALSE(guarded_exchange(nullptr, &expected, 7));
    EXPECT_FALSE(guarded_exchange(memory.missing<std::uint64_t>(), &expected, 7));
    EXPECT_FALSE(guarded_exchange(memory.read_only<std::uint64_t>(), &expected, 7));
}

TEST(GuardedCopy, AddressesThatNobodyCanHave) {
    char byte = 0;
    EXPECT_FALSE(guarded_copy(&byte, reinterpret_cast<const void*>(0x8000000000000000), 1));
    EXPECT_FALSE(guarded_copy(reinterpret_cast<void*>(~std::uintptr_t{0}), &byte, 1));
}

TEST(GuardedCopy, AMappingWithoutItsFileIsReported) {
    const int file = memfd_create("empty", MFD_CLOEXEC);
    void* const beyond_end = mmap(nullptr, BadMemory::kPage, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    ASSERT_NE(beyond_end, MAP_FAILED);
    char byte;
    EXPECT_FALSE(guarded_copy(&byte, beyond_end, 1)) << "SIGBUS";
    munmap(beyond_end, BadMemory::kPage);
}

TEST(GuardedCopy, FaultsInManyThreads) {
    const BadMemory memory;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&memory] {
            char byte;
            for (int j = 0; j < 1000; ++j) EXPECT_FALSE(guarded_copy(&byte, memory.missing(), 1));
        });
    }
    for (std::thread& thread : threads) thread.join();
}

// ---- Faults elsewhere. Each test runs in a process of its own, in which the copy's handlers are installed
// anew. ----

void fault() {
    volatile char* volatile nowhere = nullptr;  // the compiler must not know
    *nowhere = 1;
}

extern "C" void say_and_leave(int) {
    constexpr char text[] = "the program's own handler\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(3);
}

extern "C" void say_address_and_leave(int, siginfo_t* info, void*) {
    _exit(info->si_addr == nullptr ? 4 : 5);
}

class GuardedCopyDeath : public testing::Test {
  protected:
    void SetUp() override {
        if (kSanitized) GTEST_SKIP() << "a sanitizer handles faults itself";
        // The handlers are installed once in a process: each death needs one that has not copied yet.
        GTEST_FLAG_SET(death_test_style, "threadsafe");
    }
    static void copy_something() {
        char from = 1, to;
        guarded_copy(&to, &from, 1);
    }
};

TEST_F(GuardedCopyDeath, TheDefaultStillEndsTheProcess) {
    EXPECT_EXIT(
        {
            copy_something();
            fault();
        },
        testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(GuardedCopyDeath, AnEarlierHandlerIsCalled) {
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, say_and_leave);
            copy_something();
            fault();
        },
        testing::ExitedWithCode(3), "the program's own handler");
}

TEST_F(GuardedCopyDeath, AnEarlierHandlerWithDetailsGetsThem) {
    EXPECT_EXIT(
        {
            struct sigaction action {};
            action.sa_sigaction = say_address_and_leave;
            action.sa_flags = SA_SIGINFO;
            sigaction(SIGSEGV, &action, nullptr);
            copy_something();
            fault();
        },
        testing::ExitedWithCode(4), "");
}

TEST_F(GuardedCopyDeath, AnIgnoredFaultEndsTheProcessAllTheSame) {
    EXPECT_EXIT(
        {
            std::signal(SIGSEGV, SIG_IGN);
            copy_something();
            fault();
        },
        testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace ntalpc::native
