// SPDX-License-Identifier: LGPL-2.1-or-later
// What clients can and cannot do with memory that the server has made.
#include "server/sealed_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

namespace ntalpc::server {
namespace {

constexpr std::uint64_t kSize = 8192;

TEST(SealedMemory, KeepsItsSize) {
    for (const MoreSeals more : {MoreSeals::never, MoreSeals::allowed}) {
        const UniqueFd memory = make_sealed_memory("test", kSize, more);
        struct stat found;
        ASSERT_EQ(fstat(memory.get(), &found), 0);
        EXPECT_EQ(found.st_size, off_t{kSize});
        EXPECT_NE(ftruncate(memory.get(), kSize / 2), 0);
        EXPECT_NE(ftruncate(memory.get(), kSize * 2), 0);
    }
}

TEST(SealedMemory, TakesMoreSealsOnlyIfAllowed) {
    const UniqueFd usual = make_sealed_memory("test", kSize);
    EXPECT_NE(fcntl(usual.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    const UniqueFd open = make_sealed_memory("test", kSize, MoreSeals::allowed);
    EXPECT_EQ(fcntl(open.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

TEST(SealedMemory, CannotBeWrittenToByWhoMayRead) {
    const UniqueFd memory = make_sealed_memory("test", kSize);
    const UniqueFd reading = open_for_reading(memory);
    ASSERT_EQ(write(memory.get(), "seen", 4), 4);
    char found[4];
    ASSERT_EQ(read(reading.get(), found, sizeof(found)), 4);
    EXPECT_EQ(std::string_view(found, sizeof(found)), "seen");
    EXPECT_LT(write(reading.get(), "more", 4), 0);
    EXPECT_EQ(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, reading.get(), 0), MAP_FAILED);
}

TEST(SealedMemory, IsEmptyWhenThereIsNothingToOpen) {
    EXPECT_FALSE(open_for_reading(UniqueFd()));
}

}  // namespace
}  // namespace ntalpc::server
