// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the prefix rules. Instead of Wine a function of the test sets the prefixes up.
#include "overlay/prefix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "overlay/fake_wine_test_support.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

TEST(FindPrefix, FollowsTheRulesOfWine) {
    EXPECT_EQ(*find_prefix({.wineprefix = "/a/b//", .home = "/home/u"}), fs::path("/a/b"));
    EXPECT_EQ(*find_prefix({.home = "/home/u"}), fs::path("/home/u/.wine"));
    EXPECT_NE(
        find_prefix({.wineprefix = "a/b", .home = "/home/u"}).error().sentence.find("not an absolute path"),
        std::string::npos);
    EXPECT_FALSE(find_prefix({.wineprefix = "", .home = "/home/u"}));
    EXPECT_FALSE(find_prefix({.home = "home"}));
    EXPECT_FALSE(find_prefix({}));
}

class Prefix : public testing::Test {
  protected:
    void SetUp() override {
        put_debian_wine(root() / "usr");
        write_file(root() / "build/ntdll_alpc.dll", "our dll");
        request_.prefix = root() / "prefix";
        request_.wine = *find_wine({.root = root()});
        request_.pe_half = root() / "build/ntdll_alpc.dll";
        request_.run = [this](const Command& command) { return run(command); };
        request_.announce_creation = [this] { ++announced_; };
        environment_.wineprefix = request_.prefix.string();
    }

    // What wineboot leaves in a prefix, as far as it matters here.
    Result<CommandOutcome> run(const Command& command) {
        if (command.arguments[1] == "-w") {
            ++waits_;
            return CommandOutcome{};
        }
        ++boots_;
        EXPECT_EQ(command.arguments[0], request_.wine.loader);
        EXPECT_EQ(command.arguments[1], "wineboot");
        EXPECT_EQ(command.environment.at("WINEPREFIX"), request_.prefix);
        EXPECT_EQ(command.environment.at("WINELOADER"), request_.wine.loader);
        if (boot_code_) return CommandOutcome{.exit_code = boot_code_};
        struct stat info = {};
        stat((request_.wine.share_dir / "wine.inf").c_str(), &info);
        write_file(request_.prefix / "drive_c/windows/system32/ntdll.dll", "Wine's");
        write_file(request_.prefix / "system.reg", "WINE REGISTRY Version 2\n\n#arch=win64\n\n[Software]\n");
        write_file(request_.prefix / ".update-timestamp", std::to_string(info.st_mtime) + "\n");
        return CommandOutcome{};
    }

    void prepare() {
        const Result<Done> done = prepare_prefix(request_);
        EXPECT_TRUE(done) << done.error().sentence;
    }
    std::string refusal() const {
        const Result<Done> done = check_prefix(request_.prefix, environment_);
        return done ? "" : done.error().sentence;
    }
    fs::path module() const { return request_.prefix / "drive_c/windows/system32/ntdll_alpc.dll"; }
    const fs::path& root() const { return directory_.path(); }

    PrefixRequest request_;
    PrefixEnvironment environment_;
    std::atomic<int> boots_ = 0, waits_ = 0, announced_ = 0;
    int boot_code_ = 0;

  private:
    TemporaryDirectory directory_;
};

TEST_F(Prefix, IsCreatedByTheInstalledWine) {
    EXPECT_EQ(refusal(), "");
    prepare();
    EXPECT_EQ(boots_, 1);
    EXPECT_EQ(waits_, 1);
    EXPECT_EQ(announced_, 1);
    EXPECT_EQ(contents_of(module()), "our dll");
    EXPECT_EQ(refusal(), "");
}

TEST_F(Prefix, IsLeftAloneWhenReady) {
    prepare();
    fs::remove(request_.prefix / "system.reg");  // a server that still runs has not written it
    const fs::file_time_type time = fs::last_write_time(module());
    prepare();
    EXPECT_EQ(boots_, 1);
    EXPECT_EQ(fs::last_write_time(module()), time);
}

// By the time alone it is known to be the same, at the next start.
TEST_F(Prefix, GivesOurModuleTheTimeOfTheOriginal) {
    const fs::file_time_type long_ago = fs::last_write_time(request_.pe_half) - std::chrono::hours(1);
    fs::last_write_time(request_.pe_half, long_ago);
    prepare();
    EXPECT_EQ(fs::last_write_time(module()), long_ago);
    write_file(module(), "xxx dll");
    prepare();
    EXPECT_EQ(contents_of(module()), "our dll");
    fs::last_write_time(module(), long_ago + std::chrono::hours(2));
    prepare();
    EXPECT_EQ(fs::last_write_time(module()), long_ago);
}

TEST_F(Prefix, GetsOurModuleWhenItDiffers) {
    prepare();
    write_file(request_.pe_half, "OUR dll");
    prepare();
    EXPECT_EQ(contents_of(module()), "OUR dll");
    fs::remove(module());
    prepare();
    EXPECT_EQ(contents_of(module()), "OUR dll");
    EXPECT_EQ(std::distance(fs::directory_iterator(module().parent_path()), fs::directory_iterator()), 2)
        << "temporary files are left";
}

TEST_F(Prefix, IsUpdatedByTheInstalledWineWithoutWaitingForItsServer) {
    prepare();
    write_file(request_.prefix / ".update-timestamp", "12345\n");
    prepare();
    EXPECT_EQ(boots_, 2);
    EXPECT_EQ(waits_, 1);
    EXPECT_EQ(announced_, 1);
    write_file(request_.prefix / ".update-timestamp", "disable\n");
    prepare();
    EXPECT_EQ(boots_, 2);
}

TEST_F(Prefix, IsCreatedOnceWhenManyStartAtOnce) {
    {
        std::vector<std::jthread> starters;
        for (int i = 0; i < 8; ++i) starters.emplace_back([this] { prepare(); });
    }
    EXPECT_EQ(boots_, 1);
    EXPECT_EQ(contents_of(module()), "our dll");
}

TEST_F(Prefix, UsesDriveCWhereItIs) {
    prepare();
    fs::rename(request_.prefix / "drive_c", root() / "elsewhere");
    fs::create_directories(request_.prefix / "dosdevices");
    fs::create_directory_symlink(root() / "elsewhere", request_.prefix / "dosdevices/c:");
    fs::remove(root() / "elsewhere/windows/system32/ntdll_alpc.dll");
    prepare();
    EXPECT_EQ(boots_, 1);
    EXPECT_EQ(contents_of(root() / "elsewhere/windows/system32/ntdll_alpc.dll"), "our dll");
}

TEST_F(Prefix, SaysWhenWineCannotCreateIt) {
    boot_code_ = 3;
    const Result<Done> done = prepare_prefix(request_);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().sentence.find("wineboot ended with code 3"), std::string::npos);
}

TEST_F(Prefix, IsRefusedWhen32Bit) {
    environment_.winearch = "win32";
    EXPECT_NE(refusal().find("WINEARCH=win32"), std::string::npos);
    environment_.winearch = "win64";
    EXPECT_EQ(refusal(), "");
    prepare();
    write_file(request_.prefix / "system.reg", "WINE REGISTRY Version 2\n\n#arch=win32\n\n[Software]\n");
    EXPECT_NE(refusal().find("is a 32-bit prefix"), std::string::npos);
}

TEST_F(Prefix, IsRefusedWhenItIsNotADirectory) {
    write_file(request_.prefix, "a file");
    EXPECT_NE(refusal().find("Not a directory"), std::string::npos);
    request_.prefix = root() / "missing/prefix";
    EXPECT_NE(refusal().find("No such file or directory"), std::string::npos);
}

TEST_F(Prefix, IsRefusedWhenItBelongsToSomebodyElse) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
    fs::create_directories(request_.prefix);
    ASSERT_EQ(chown(request_.prefix.c_str(), 65534, 65534), 0);
    EXPECT_NE(refusal().find("is not owned by you"), std::string::npos);
}

TEST_F(Prefix, IsRefusedWhenItCannotBeWritten) {
    fs::create_directories(request_.prefix);
    fs::permissions(request_.prefix, fs::perms(0555));
    if (access(request_.prefix.c_str(), W_OK) == 0) GTEST_SKIP() << "this user may write everything";
    EXPECT_NE(refusal().find("Permission denied"), std::string::npos);
}

}  // namespace
}  // namespace ntalpc
