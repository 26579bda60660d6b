// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of recognising 32-bit programs before the start.
#include "overlay/program_check.h"

#include <gtest/gtest.h>

#include "overlay/fake_wine_test_support.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

class CheckProgram : public testing::Test {
  protected:
    bool accepts(const std::string& program) const {
        return static_cast<bool>(check_program(program, root() / "prefix", wine_));
    }
    const fs::path& root() const { return directory_.path(); }

    WineLayout wine_;

  private:
    TemporaryDirectory directory_;
};

TEST_F(CheckProgram, Refuses32BitProgramsWithout32BitWine) {
    const fs::path program = root() / "a program.exe";
    write_file(program, pe_file(0x14c));
    const Result<Done> done = check_program(program, root() / "prefix", wine_);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().sentence.find("wine32:i386"), std::string::npos);
    wine_.i386_dll_dirs = {"/usr/lib/wine"};
    EXPECT_TRUE(accepts(program));
}

TEST_F(CheckProgram, RefusesDirectories) {
    const Result<Done> done = check_program(root(), root() / "prefix", wine_);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().sentence.find("directory"), std::string::npos);
}

TEST_F(CheckProgram, ResolvesDosPaths) {
    write_file(root() / "prefix/drive_c/dir/program.exe", pe_file(0x14c));
    fs::create_directories(root() / "prefix/dosdevices");
    fs::create_directory_symlink("../drive_c", root() / "prefix/dosdevices/c:");
    EXPECT_FALSE(accepts("C:\\dir\\program.exe"));
    EXPECT_FALSE(accepts("c:/dir/program.exe"));
    EXPECT_TRUE(accepts("D:\\dir\\program.exe"));
}

TEST_F(CheckProgram, LeavesEverythingElseToWine) {
    write_file(root() / "program64.exe", pe_file(0x8664));
    write_file(root() / "empty.exe", "");
    write_file(root() / "script.bat", "@echo off\r\n");
    std::string managed = pe_file(0x14c);
    put_little_endian(managed, 0x98 + 96 + 14 * 8, 0x1000, 4);
    write_file(root() / "managed.exe", managed);
    for (const char* name : {"program64.exe", "empty.exe", "script.bat", "managed.exe", "missing.exe"}) {
        EXPECT_TRUE(accepts(root() / name)) << name;
    }
    EXPECT_TRUE(accepts("notepad"));
    EXPECT_TRUE(accepts(""));
}

}  // namespace
}  // namespace ntalpc
