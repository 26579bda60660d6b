// SPDX-License-Identifier: LGPL-2.1-or-later
// The numbers that stand for a native process's handles.
#include "native/handle_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>
#include <vector>

#include "ntalpc/status.h"

namespace ntalpc::native {
namespace {

UniqueFd some_descriptor() {
    return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

HANDLE add(HandleTable& table) {
    HANDLE handle = nullptr;
    EXPECT_EQ(table.add(some_descriptor(), &handle), STATUS_SUCCESS);
    return handle;
}

TEST(HandleTable, HandlesAreDistinctMultiplesOfFour) {
    HandleTable table;
    std::set<HANDLE> seen;
    for (int i = 0; i < 100; ++i) {
        const HANDLE handle = add(table);
        EXPECT_NE(handle, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(handle) % 4, 0u);
        EXPECT_TRUE(seen.insert(handle).second);
    }
}

TEST(HandleTable, ADuplicateOutlivesTheHandle) {
    HandleTable table;
    const HANDLE handle = add(table);
    UniqueFd duplicate;
    EXPECT_EQ(table.duplicate(handle, &duplicate), STATUS_SUCCESS);
    EXPECT_TRUE(fcntl(duplicate.get(), F_GETFD) & FD_CLOEXEC);
    EXPECT_EQ(table.close(handle), STATUS_SUCCESS);
    struct stat found;
    EXPECT_EQ(fstat(duplicate.get(), &found), 0);
}

TEST(HandleTable, AClosedHandleIsInvalidAndItsNumberUsedAgain) {
    HandleTable table;
    const HANDLE first = add(table), second = add(table);
    EXPECT_EQ(table.close(first), STATUS_SUCCESS);
    EXPECT_EQ(table.close(first), STATUS_INVALID_HANDLE);
    UniqueFd duplicate;
    EXPECT_EQ(table.duplicate(first, &duplicate), STATUS_INVALID_HANDLE);
    EXPECT_EQ(table.duplicate(second, &duplicate), STATUS_SUCCESS);
    EXPECT_EQ(add(table), first);
}

TEST(HandleTable, NumbersThatAreNoHandles) {
    HandleTable table;
    add(table);
    UniqueFd duplicate;
    for (const std::uintptr_t bad : {0ul, 1ul, 5ul, 8ul, ~0ul, ~3ul}) {
        EXPECT_EQ(table.duplicate(reinterpret_cast<HANDLE>(bad), &duplicate), STATUS_INVALID_HANDLE) << bad;
        EXPECT_EQ(table.close(reinterpret_cast<HANDLE>(bad)), STATUS_INVALID_HANDLE) << bad;
    }
}

TEST(HandleTable, ForgettingClosesEverything) {
    HandleTable table;
    const HANDLE handle = add(table);
    table.forget();
    EXPECT_EQ(table.close(handle), STATUS_INVALID_HANDLE);
    EXPECT_EQ(add(table), handle);
}

TEST(HandleTable, ManyThreadsMayUseIt) {
    HandleTable table;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&table] {
            for (int j = 0; j < 500; ++j) {
                const HANDLE handle = add(table);
                UniqueFd duplicate;
                EXPECT_EQ(table.duplicate(handle, &duplicate), STATUS_SUCCESS);
                EXPECT_EQ(table.close(handle), STATUS_SUCCESS);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace ntalpc::native
