// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of finding the project's files, installed, in a build tree and elsewhere.
#include "overlay/own_files.h"

#include <gtest/gtest.h>

#include "overlay/fake_wine_test_support.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

void put_files(const fs::path& modules, const fs::path& server) {
    write_file(modules / "ntdll_alpc.dll", "");
    write_file(modules / "ntdll_alpc.so", "");
    write_file(modules / "ntalpc_keeper.exe", "");
    write_file(server / "alpcserver", "", true);
}

TEST(FindOwnFiles, LooksBelowTheInstallationPrefix) {
    const TemporaryDirectory root;
    put_files(root.path() / "lib/ntalpc", root.path() / "lib/ntalpc");
    const Result<OwnFiles> files = find_own_files(root.path() / "bin/alpcrun", "/nowhere", std::nullopt);
    ASSERT_TRUE(files) << files.error().sentence;
    EXPECT_EQ(files->unix_half, root.path() / "lib/ntalpc/ntdll_alpc.so");
    fs::remove(files->server);
    EXPECT_NE(find_own_files(root.path() / "bin/alpcrun", "/nowhere", std::nullopt)
                  .error()
                  .sentence.find("install ntalpc again"),
              std::string::npos);
}

// Debian's /usr/lib/x86_64-linux-gnu is such a place.
TEST(FindOwnFiles, LooksWhereItWasConfiguredToBeInstalled) {
    const TemporaryDirectory root;
    const fs::path program = root.path() / "bin/alpcrun", place = root.path() / "lib/of-this-machine/ntalpc";
    put_files(place, place);
    const Result<OwnFiles> files = find_own_files(program, place, std::nullopt);
    ASSERT_TRUE(files) << files.error().sentence;
    EXPECT_EQ(files->server, place / "alpcserver");
    fs::remove(files->server);
    const Result<OwnFiles> incomplete = find_own_files(program, place, std::nullopt);
    EXPECT_NE(incomplete.error().sentence.find("install ntalpc again"), std::string::npos);
    EXPECT_NE(incomplete.error().sentence.find(place / "alpcserver"), std::string::npos);
}

TEST(FindOwnFiles, LooksInTheBuildTree) {
    const TemporaryDirectory root;
    const fs::path tool = root.path() / "tools/alpcrun/alpcrun";
    EXPECT_NE(find_own_files(tool, "/nowhere", std::nullopt).error().sentence.find("run 'make'"),
              std::string::npos);
    put_files(root.path() / "ntdll_alpc", root.path() / "server");
    const Result<OwnFiles> files = find_own_files(tool, "/nowhere", std::nullopt);
    ASSERT_TRUE(files) << files.error().sentence;
    EXPECT_EQ(files->pe_half, root.path() / "ntdll_alpc/ntdll_alpc.dll");
    EXPECT_EQ(files->server, root.path() / "server/alpcserver");
}

TEST(FindOwnFiles, TakesOnlyTheDirectoryThatIsNamed) {
    const TemporaryDirectory root;
    put_files(root.path() / "lib/ntalpc", root.path() / "lib/ntalpc");
    const Result<OwnFiles> missing =
        find_own_files(root.path() / "bin/alpcrun", "/nowhere", root.path() / "other");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().sentence.find("NTALPC_LIBDIR"), std::string::npos);
    put_files(root.path() / "other", root.path() / "other");
    EXPECT_EQ(find_own_files(root.path() / "bin/alpcrun", "/nowhere", root.path() / "other")->pe_half,
              root.path() / "other/ntdll_alpc.dll");
}

}  // namespace
}  // namespace ntalpc
