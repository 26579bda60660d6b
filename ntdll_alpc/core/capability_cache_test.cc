// SPDX-License-Identifier: LGPL-2.1-or-later
// What a process knows about its handles takes memory for those that are open, and never for more than a
// limit.
#include "core/capability_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace ntalpc::core {
namespace {

constexpr std::size_t kMost = 128;
using Cache = CapabilityCache<std::shared_ptr<int>, kMost>;

TEST(CapabilityCacheTest, FindsWhatWasStored) {
    Cache cache;
    std::shared_ptr<int> found;
    EXPECT_FALSE(cache.find(7, &found));
    cache.store(7, std::make_shared<int>(1));
    cache.store(7, std::make_shared<int>(2));
    ASSERT_TRUE(cache.find(7, &found));
    EXPECT_EQ(*found, 2);
    EXPECT_EQ(cache.size(), 1u);
}

TEST(CapabilityCacheTest, HandlesThatComeAndGoTakeNoMemory) {
    Cache cache;
    std::weak_ptr<int> last;
    for (std::uint64_t cookie = 1; cookie < 10000; ++cookie) {
        auto meaning = std::make_shared<int>(1);
        last = meaning;
        cache.store(cookie, std::move(meaning));
        EXPECT_EQ(cache.size(), 1u);
        cache.forget(cookie);
    }
    EXPECT_TRUE(last.expired());
    EXPECT_EQ(cache.size(), 0u);
    cache.forget(1);
}

TEST(CapabilityCacheTest, HandlesWhoseEndIsNotHeardOfDisplaceEachOther) {
    Cache cache;
    for (std::uint64_t cookie = 1; cookie < 10000; ++cookie) cache.store(cookie, std::make_shared<int>(1));
    EXPECT_LE(cache.size(), kMost);
    EXPECT_GT(cache.size(), kMost / 2);
    std::shared_ptr<int> found;
    EXPECT_TRUE(cache.find(9999, &found)) << "the newest is there";
}

TEST(CapabilityCacheTest, ManyThreadsMayUseIt) {
    Cache cache;
    std::vector<std::thread> threads;
    for (std::uint64_t first = 0; first < 4; ++first) {
        threads.emplace_back([&cache, first] {
            for (std::uint64_t i = 0; i < 5000; ++i) {
                const std::uint64_t cookie = 1 + first + 4 * i;
                cache.store(cookie, std::make_shared<int>(static_cast<int>(cookie)));
                std::shared_ptr<int> found;
                if (cache.find(cookie, &found)) {
                    EXPECT_EQ(*found, static_cast<int>(cookie));
                }
                cache.forget(cookie);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace ntalpc::core
