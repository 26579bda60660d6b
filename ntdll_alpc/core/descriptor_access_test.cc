// SPDX-License-Identifier: LGPL-2.1-or-later
// Rights of descriptors: what they grant, and taking some away.
#include "core/descriptor_access.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/passing.h"
#include "ntalpc/status.h"

namespace ntalpc::core {
namespace {

constexpr std::uint32_t kFile = ALPC_PORFLG_OBJECT_TYPE_FILE, kSection = ALPC_PORFLG_OBJECT_TYPE_SECTION;
constexpr std::uint32_t kGenericRead = 0x80000000, kGenericWrite = 0x40000000, kGenericAll = 0x10000000;
constexpr std::uint32_t kFileGenericRead = 0x120089, kFileGenericWrite = 0x120116;
constexpr std::uint32_t kFileReadData = 1, kFileWriteData = 2, kMapWrite = 2, kMapRead = 4;

UniqueFd memory() {
    UniqueFd file(memfd_create("memory", MFD_CLOEXEC));
    EXPECT_EQ(write(file.get(), "content", 7), 7);
    return file;
}
UniqueFd reopened(const UniqueFd& file, int flags) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    return UniqueFd(open(path.c_str(), flags | O_CLOEXEC));
}
bool can_read(const UniqueFd& file) {
    char byte;
    return pread(file.get(), &byte, 1, 0) == 1;
}
bool can_write(const UniqueFd& file) {
    return pwrite(file.get(), "x", 1, 0) == 1;
}

TEST(DescriptorAccess, WhatIsGranted) {
    const UniqueFd both = memory(), reader = reopened(both, O_RDONLY), writer = reopened(both, O_WRONLY);
    EXPECT_EQ(granted_access(both.get(), kFile), kFileGenericRead | kFileGenericWrite);
    EXPECT_EQ(granted_access(reader.get(), kFile), kFileGenericRead);
    EXPECT_EQ(granted_access(writer.get(), kFile), kFileGenericWrite);
    EXPECT_EQ(granted_access(reader.get(), kSection) & (kMapRead | kMapWrite), kMapRead);
    EXPECT_EQ(granted_access(both.get(), kPassedPort), std::uint32_t{PORT_ALL_ACCESS});
}

TEST(DescriptorAccess, RightsAreTakenAway) {
    UniqueFd file = memory();
    std::uint32_t granted = 0;
    EXPECT_EQ(restrict_access(&file, kFile, kGenericRead, &granted), STATUS_SUCCESS);
    EXPECT_EQ(granted, kFileGenericRead);
    EXPECT_TRUE(can_read(file));
    EXPECT_FALSE(can_write(file));
    EXPECT_TRUE(fcntl(file.get(), F_GETFD) & FD_CLOEXEC);
    file = memory();
    EXPECT_EQ(restrict_access(&file, kFile, kFileWriteData, &granted), STATUS_SUCCESS);
    EXPECT_FALSE(can_read(file));
    EXPECT_TRUE(can_write(file));
}

TEST(DescriptorAccess, ASectionThatCanOnlyBeRead) {
    UniqueFd file = memory();
    std::uint32_t granted = 0;
    EXPECT_EQ(restrict_access(&file, kSection, kMapRead, &granted), STATUS_SUCCESS);
    EXPECT_EQ(mmap(nullptr, 1, PROT_WRITE, MAP_SHARED, file.get(), 0), MAP_FAILED);
    EXPECT_EQ(granted & kMapWrite, 0u);
}

TEST(DescriptorAccess, NoRightAtAll) {
    UniqueFd file = memory();
    std::uint32_t granted = 1;
    EXPECT_EQ(restrict_access(&file, kFile, 0, &granted), STATUS_SUCCESS);
    EXPECT_FALSE(can_read(file));
    EXPECT_FALSE(can_write(file));
    EXPECT_EQ(granted, 0u);
}

TEST(DescriptorAccess, AllThereIs) {
    UniqueFd file = memory();
    const int before = file.get();
    std::uint32_t granted = 0;
    for (const std::uint32_t desired : {kGenericAll, kGenericRead | kGenericWrite, 0x02000000u}) {
        EXPECT_EQ(restrict_access(&file, kFile, desired, &granted), STATUS_SUCCESS);
        EXPECT_EQ(file.get(), before) << "nothing was to be done";
    }
}

TEST(DescriptorAccess, RightsDoNotGrow) {
    UniqueFd reader = reopened(memory(), O_RDONLY);
    std::uint32_t granted = 0;
    EXPECT_EQ(restrict_access(&reader, kFile, kGenericWrite, &granted), STATUS_ACCESS_DENIED);
    EXPECT_EQ(restrict_access(&reader, kFile, kFileReadData | kFileWriteData, &granted),
              STATUS_ACCESS_DENIED);
    EXPECT_EQ(restrict_access(&reader, kSection, kMapWrite, &granted), STATUS_ACCESS_DENIED);
}

TEST(DescriptorAccess, ASocketCannotBeReduced) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    UniqueFd one(ends[0]);
    const UniqueFd other(ends[1]);
    std::uint32_t granted = 0;
    EXPECT_EQ(restrict_access(&one, kFile, kGenericRead, &granted), STATUS_NOT_SUPPORTED);
    EXPECT_EQ(restrict_access(&one, kFile, kGenericRead | kGenericWrite, &granted), STATUS_SUCCESS);
}

TEST(DescriptorAccess, PipesKeepBlocking) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    std::uint32_t granted = 0;
    EXPECT_EQ(restrict_access(&reader, kFile, kGenericRead, &granted), STATUS_SUCCESS);
    EXPECT_EQ(fcntl(reader.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace ntalpc::core
