// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of building and keeping overlays, on made-up installations of Wine.
#include "overlay/overlay_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <set>
#include <thread>

#include "overlay/fake_wine_test_support.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

std::size_t count_entries(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

class OverlayCache : public testing::Test {
  protected:
    void SetUp() override {
        put_debian_wine(root() / "usr");
        write_file(root() / "build/ntdll_alpc.dll", "our dll");
        write_file(root() / "build/ntdll_alpc.so", "our so");
        write_file(root() / "build/ntalpc_keeper.exe", "our keeper");
        const Result<WineLayout> wine = find_wine({.root = root()});
        ASSERT_TRUE(wine) << wine.error().sentence;
        request_.wine = *wine;
        make_loader_runnable(wine->loader, "8.0");
        request_.pe_half = root() / "build/ntdll_alpc.dll";
        request_.unix_half = root() / "build/ntdll_alpc.so";
        request_.keeper = root() / "build/ntalpc_keeper.exe";
        request_.forwarders = {{"NtAlpcCreatePort", "ntdll_alpc.NtAlpcCreatePort"}};
        request_.cache_dir = root() / "cache/ntalpc";
    }

    Overlay prepared() const {
        const Result<Overlay> overlay = prepare_overlay(request_);
        EXPECT_TRUE(overlay) << overlay.error().sentence;
        return overlay ? *overlay : Overlay();
    }
    std::string sentence() const {
        const Result<Overlay> overlay = prepare_overlay(request_);
        EXPECT_FALSE(overlay);
        return overlay ? "" : overlay.error().sentence;
    }
    // The cache has the lock file and this many overlays, and nothing else.
    void expect_overlays(std::size_t count) const { EXPECT_EQ(count_entries(request_.cache_dir), count + 1); }
    const fs::path& root() const { return directory_.path(); }

    OverlayRequest request_;

  private:
    TemporaryDirectory directory_;
};

const fs::path kDlls = "lib/x86_64-linux-gnu/wine";

TEST_F(OverlayCache, MirrorsTheInstalledTree) {
    const fs::path installed = root() / "usr", overlay = prepared().dir;
    EXPECT_EQ(fs::read_symlink(overlay / kDlls / "x86_64-windows/kernel32.dll"),
              installed / kDlls / "x86_64-windows/kernel32.dll");
    EXPECT_EQ(fs::read_symlink(overlay / kDlls / "x86_64-unix/win32u.so"),
              installed / kDlls / "x86_64-unix/win32u.so");
    EXPECT_EQ(fs::read_symlink(overlay / "share/wine"), installed / "share/wine");
    EXPECT_EQ(fs::read_symlink(overlay / "lib/wine/wineserver"), installed / "lib/wine/wineserver");
}

TEST_F(OverlayCache, CopiesWhatFindsItsNeighboursByItsOwnPlace) {
    write_file(request_.wine.loader, elf_head(true), true);
    request_.wine.loader = request_.wine.bin_dir / "wine";
    make_loader_runnable(request_.wine.loader, "8.0");
    const fs::path overlay = prepared().dir;
    for (const fs::path& path : {fs::path("lib/wine/wine64"), kDlls / "x86_64-unix/ntdll.so"}) {
        EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(overlay / path))) << path;
        EXPECT_EQ(contents_of(overlay / path), contents_of(root() / "usr" / path)) << path;
    }
    EXPECT_EQ(access((overlay / "lib/wine/wine64").c_str(), X_OK), 0);
}

TEST_F(OverlayCache, AddsOurModuleAndTheForwarders) {
    const fs::path overlay = prepared().dir;
    EXPECT_EQ(contents_of(overlay / kDlls / "x86_64-windows/ntdll_alpc.dll"), "our dll");
    EXPECT_EQ(contents_of(overlay / kDlls / "x86_64-unix/ntdll_alpc.so"), "our so");
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(overlay / kDlls / "x86_64-windows/ntdll_alpc.dll")));
    const std::string ntdll = contents_of(overlay / kDlls / "x86_64-windows/ntdll.dll");
    EXPECT_NE(ntdll.find("ntdll_alpc.NtAlpcCreatePort"), std::string::npos);
    EXPECT_EQ(contents_of(root() / "usr" / kDlls / "x86_64-windows/ntdll.dll"), pe_file(0x8664));
}

TEST_F(OverlayCache, LinksOnlyWinesProgramsFromACommonBinDirectory) {
    put_upstream_wine(root() / "opt/wine-stable");
    request_.wine = *find_wine({.requested = root() / "opt/wine-stable", .root = root()});
    make_loader_runnable(request_.wine.loader, "9.0");
    const Overlay overlay = prepared();
    EXPECT_EQ(overlay.loader, overlay.dir / "bin/wine64");
    EXPECT_TRUE(fs::exists(overlay.dir / "bin/wineserver"));
    EXPECT_FALSE(fs::exists(overlay.dir / "bin/unrelated"));
}

TEST_F(OverlayCache, BuildsOnce) {
    const Overlay first = prepared(), second = prepared();
    EXPECT_TRUE(first.built_now);
    EXPECT_FALSE(second.built_now);
    EXPECT_EQ(first.dir, second.dir);
    expect_overlays(1);
}

TEST_F(OverlayCache, BuildsAnewWhenAnythingChanges) {
    std::set<fs::path> seen = {prepared().dir};
    const auto expect_new = [&](const char* what) {
        EXPECT_TRUE(seen.insert(prepared().dir).second) << what;
    };
    write_file(request_.pe_half, "our other dll");
    expect_new("our PE half");
    write_file(request_.unix_half, "our other so");
    expect_new("our unix half");
    request_.forwarders.push_back({"NtAlpcConnectPort", "ntdll_alpc.NtAlpcConnectPort"});
    expect_new("forwarders");
    write_file(request_.wine.windows_dir / "ntdll.dll", pe_file(0x8664) + "newer");
    expect_new("Wine's ntdll.dll");
    write_file(request_.wine.windows_dir / "user32.dll", "one more DLL");
    expect_new("Wine's directory");
    expect_overlays(seen.size());
}

TEST_F(OverlayCache, RepairsADamagedOverlay) {
    const Overlay overlay = prepared();
    fs::remove(overlay.dir / kDlls / "x86_64-unix/ntdll.so");
    const Overlay repaired = prepared();
    EXPECT_TRUE(repaired.built_now);
    EXPECT_EQ(repaired.dir, overlay.dir);
    EXPECT_TRUE(fs::exists(overlay.dir / kDlls / "x86_64-unix/ntdll.so"));
    expect_overlays(1);
}

TEST_F(OverlayCache, RebuildsOnRequest) {
    const Overlay overlay = prepared();
    write_file(overlay.dir / "trace of the old one", "");
    request_.rebuild = true;
    EXPECT_TRUE(prepared().built_now);
    EXPECT_FALSE(fs::exists(overlay.dir / "trace of the old one"));
    expect_overlays(1);
}

TEST_F(OverlayCache, RemovesWhatADeadBuilderLeft) {
    write_file(request_.cache_dir / "building-abcdef/lib/wine/wine64", "half");
    write_file(request_.cache_dir / "discarded-overlay-1-2/lib/wine/wine64", "half");
    prepared();
    expect_overlays(1);
}

TEST_F(OverlayCache, LetsManyStartAtOnceAndBuildsOnce) {
    std::vector<Result<Overlay>> outcomes(8, Failure{"not run"});
    {
        std::vector<std::jthread> starters;
        for (Result<Overlay>& outcome : outcomes)
            starters.emplace_back([&] { outcome = prepare_overlay(request_); });
    }
    int built = 0;
    for (const Result<Overlay>& outcome : outcomes) {
        ASSERT_TRUE(outcome) << outcome.error().sentence;
        built += outcome->built_now;
        EXPECT_TRUE(fs::exists(outcome->loader));
    }
    EXPECT_EQ(built, 1);
    expect_overlays(1);
}

TEST_F(OverlayCache, ThrowsAwayWhatIsOldAndNotInUse) {
    const Overlay old = prepared();
    write_file(request_.pe_half, "our other dll");
    const Overlay current = prepared();
    prune_overlays(request_.cache_dir, current.dir, std::chrono::hours(1));
    EXPECT_TRUE(fs::exists(old.dir)) << "it was used a moment ago";

    const timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    utimensat(AT_FDCWD, old.dir.c_str(), long_ago, 0);
    utimensat(AT_FDCWD, current.dir.c_str(), long_ago, 0);
    prune_overlays(request_.cache_dir, current.dir, std::chrono::hours(1));
    EXPECT_FALSE(fs::exists(old.dir));
    EXPECT_TRUE(fs::exists(current.dir)) << "it is the current one";
}

TEST_F(OverlayCache, KeepsAnOldOneThatAProgramRunsFrom) {
    const Overlay old = prepared();
    const fs::path program = old.dir / "lib/wine/cat";
    fs::copy_file("/bin/cat", program);
    int input[2], until_exec[2];
    ASSERT_EQ(pipe(input), 0);
    ASSERT_EQ(pipe2(until_exec, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(input[0], STDIN_FILENO);
        close(input[1]);
        execl(program.c_str(), "cat", nullptr);
        _exit(127);
    }
    close(input[0]);
    close(until_exec[1]);
    char byte;
    ASSERT_EQ(read(until_exec[0], &byte, 1), 0);
    close(until_exec[0]);

    const timespec long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    utimensat(AT_FDCWD, old.dir.c_str(), long_ago, 0);
    prune_overlays(request_.cache_dir, {}, std::chrono::hours(1));
    EXPECT_TRUE(fs::exists(old.dir));
    close(input[1]);
    waitpid(child, nullptr, 0);
    prune_overlays(request_.cache_dir, {}, std::chrono::hours(1));
    EXPECT_FALSE(fs::exists(old.dir));
}

TEST_F(OverlayCache, RefusesAWineThatIsTooOld) {
    make_loader_runnable(request_.wine.loader, "5.0.3");
    EXPECT_NE(sentence().find("too old"), std::string::npos);
}

TEST_F(OverlayCache, SaysWhichRuleABrokenNtdllBreaks) {
    write_file(request_.wine.windows_dir / "ntdll.dll", "MZ and no more");
    EXPECT_NE(sentence().find("does not begin like a PE file"), std::string::npos);
    expect_overlays(0);
}

TEST_F(OverlayCache, SaysWhatIsWrongWithTheCacheDirectory) {
    write_file(root() / "file", "not a directory");
    request_.cache_dir = root() / "file/ntalpc";
    EXPECT_NE(sentence().find("set XDG_CACHE_HOME to a directory that you can write to"), std::string::npos);
}

TEST_F(OverlayCache, RefusesAnotherUsersCacheDirectory) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
    fs::create_directories(request_.cache_dir);
    ASSERT_EQ(chown(request_.cache_dir.c_str(), 65534, 65534), 0);
    EXPECT_NE(sentence().find("belongs to another user"), std::string::npos);
}

TEST(DefaultCacheDir, FollowsTheXdgRules) {
    setenv("HOME", "/home/user", 1);
    setenv("XDG_CACHE_HOME", "/var/cache/user", 1);
    EXPECT_EQ(*default_cache_dir(), fs::path("/var/cache/user/ntalpc"));
    setenv("XDG_CACHE_HOME", "relative", 1);
    EXPECT_EQ(*default_cache_dir(), fs::path("/home/user/.cache/ntalpc"));
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    EXPECT_FALSE(default_cache_dir());
}

}  // namespace
}  // namespace ntalpc
