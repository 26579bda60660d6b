// SPDX-License-Identifier: LGPL-2.1-or-later
// What a native process says about itself.
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <thread>

#include "core/host.h"

namespace ntalpc::host {
namespace {

// 100 ns units since 1601.
std::int64_t now() {
    return (static_cast<std::int64_t>(std::time(nullptr)) + 11644473600) * 10'000'000;
}
constexpr std::int64_t kHour = 36'000'000'000;

TEST(Identity, TheProcess) {
    const ProcessFacts facts = process_facts();
    EXPECT_EQ(facts.process_id, static_cast<std::uint64_t>(getpid()));
    EXPECT_EQ(facts.image_path, std::filesystem::read_symlink("/proc/self/exe"));
    EXPECT_LT(facts.creation_time, now() + 20'000'000);
    EXPECT_GT(facts.creation_time, now() - kHour);
    EXPECT_EQ(facts.creation_time / 10'000'000, process_facts().creation_time / 10'000'000);
}

TEST(Identity, EachThreadHasItsOwn) {
    const ThreadFacts main = thread_facts();
    ThreadFacts other;
    std::thread([&] { other = thread_facts(); }).join();
    EXPECT_EQ(main.thread_id, static_cast<std::uint64_t>(gettid()));
    EXPECT_NE(other.thread_id, main.thread_id);
    EXPECT_GE(other.creation_time + 20'000'000, main.creation_time);
    EXPECT_GT(other.creation_time, now() - kHour);
}

}  // namespace
}  // namespace ntalpc::host
