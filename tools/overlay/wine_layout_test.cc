// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of finding Wine, on made-up installations.
#include "overlay/wine_layout.h"

#include <gtest/gtest.h>

#include "overlay/fake_wine_test_support.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;
using namespace testing_support;

class FindWine : public testing::Test {
  protected:
    Result<WineLayout> find(std::optional<std::string> requested = std::nullopt) const {
        return find_wine(
            {.requested = std::move(requested), .path_variable = path_variable_, .root = root()});
    }
    WineLayout found(std::optional<std::string> requested = std::nullopt) const {
        const Result<WineLayout> layout = find(std::move(requested));
        EXPECT_TRUE(layout) << layout.error().sentence;
        return layout ? *layout : WineLayout();
    }
    std::string sentence(std::optional<std::string> requested = std::nullopt) const {
        const Result<WineLayout> layout = find(std::move(requested));
        EXPECT_FALSE(layout);
        return layout ? "" : layout.error().sentence;
    }
    const fs::path& root() const { return directory_.path(); }

    std::string path_variable_;

  private:
    TemporaryDirectory directory_;
};

TEST_F(FindWine, KnowsDebiansLayout) {
    put_debian_wine(root() / "usr");
    path_variable_ = "/nowhere:" + (root() / "usr/bin").string();
    const WineLayout layout = found();
    EXPECT_EQ(layout.loader, root() / "usr/lib/wine/wine64");
    EXPECT_EQ(layout.wineserver, root() / "usr/lib/wine/wineserver");
    EXPECT_EQ(layout.unix_dir, root() / "usr/lib/x86_64-linux-gnu/wine/x86_64-unix");
    EXPECT_EQ(layout.windows_dir, root() / "usr/lib/x86_64-linux-gnu/wine/x86_64-windows");
    EXPECT_EQ(layout.share_dir, root() / "usr/share/wine");
    EXPECT_EQ(layout.root, root() / "usr");
    EXPECT_TRUE(layout.has_wrapper_script);
    EXPECT_TRUE(layout.i386_dll_dirs.empty());
}

TEST_F(FindWine, FindsDebiansI386Modules) {
    put_debian_wine(root() / "usr");
    write_file(root() / "usr/lib/x86_64-linux-gnu/wine/i386-windows/zlib1.dll", "not enough");
    EXPECT_TRUE(found().i386_dll_dirs.empty());
    write_file(root() / "usr/lib/i386-linux-gnu/wine/i386-windows/ntdll.dll", pe_file(0x14c));
    EXPECT_EQ(found().i386_dll_dirs, std::vector<fs::path>{root() / "usr/lib/i386-linux-gnu/wine"});
}

TEST_F(FindWine, KnowsUpstreamsLayout) {
    put_upstream_wine(root() / "usr");
    write_file(root() / "usr/lib/wine/i386-windows/ntdll.dll", pe_file(0x14c));
    const WineLayout layout = found();
    EXPECT_EQ(layout.loader, root() / "usr/bin/wine64");
    EXPECT_EQ(layout.dll_dir, root() / "usr/lib/wine");
    EXPECT_EQ(layout.i386_dll_dirs, std::vector<fs::path>{layout.dll_dir});
    EXPECT_FALSE(layout.has_wrapper_script);
}

TEST_F(FindWine, KnowsLib64AndASingleLoader) {
    put_upstream_wine(root() / "usr/local", "lib64", "wine");
    const WineLayout layout = found();
    EXPECT_EQ(layout.loader, root() / "usr/local/bin/wine");
    EXPECT_EQ(layout.dll_dir, root() / "usr/local/lib64/wine");
}

TEST_F(FindWine, KnowsThePackagesInOpt) {
    for (const char* name : {"wine-staging", "wine-devel", "wine-stable"}) {
        put_upstream_wine(root() / "opt" / name);
        EXPECT_EQ(found().root, root() / "opt" / name);
    }
}

TEST_F(FindWine, FollowsTheLinkInPathAndPrefersItToOtherPlaces) {
    put_debian_wine(root() / "usr");
    put_upstream_wine(root() / "opt/wine-devel", "lib64", "wine");
    fs::create_directories(root() / "bin");
    fs::create_symlink(root() / "opt/wine-devel/bin/wine", root() / "bin/wine");
    path_variable_ = (root() / "bin").string() + ":" + (root() / "usr/bin").string();
    EXPECT_EQ(found().loader, root() / "opt/wine-devel/bin/wine");
}

TEST_F(FindWine, TakesA64BitNeighbourOfA32BitWine) {
    put_upstream_wine(root() / "usr");
    write_file(root() / "usr/bin/wine", elf_head(false), true);
    path_variable_ = (root() / "usr/bin").string();
    EXPECT_EQ(found().loader, root() / "usr/bin/wine64");
}

TEST_F(FindWine, TakesWhatIsRequestedAndNothingElse) {
    put_debian_wine(root() / "usr");
    put_upstream_wine(root() / "opt/my wine");
    EXPECT_EQ(found(root() / "opt/my wine").root, root() / "opt/my wine");
    EXPECT_EQ(found(root() / "opt/my wine/bin/wine64").root, root() / "opt/my wine");
    EXPECT_EQ(found(root() / "usr/bin/wine").loader, root() / "usr/lib/wine/wine64");
    EXPECT_NE(sentence(root() / "usr/other").find("There is no Wine at"), std::string::npos);
    EXPECT_NE(sentence(root() / "opt/other").find("There is no Wine at"), std::string::npos);
}

TEST_F(FindWine, NamesThePackageWhenThereIsNone) {
    EXPECT_EQ(
        sentence(),
        "Wine is not installed; install it with 'apt-get install wine wine64', or name its directory in "
        "NTALPC_WINE.");
}

TEST_F(FindWine, RefusesOtherArchitectures) {
    write_file(root() / "usr/bin/wine", elf_head(false), true);
    EXPECT_NE(sentence().find("not a 64-bit x86 one"), std::string::npos);
    EXPECT_NE(sentence(root() / "usr/bin/wine").find("not a 64-bit x86 one"), std::string::npos);
}

TEST_F(FindWine, RefusesInstallationsThatAreOldOrIncomplete) {
    put_debian_wine(root() / "usr");
    const fs::path usr = root() / "usr";
    fs::rename(usr / "share/wine/wine.inf", usr / "inf");
    EXPECT_NE(sentence().find("apt-get install libwine"), std::string::npos);
    fs::rename(usr / "inf", usr / "share/wine/wine.inf");
    fs::remove(usr / "lib/wine/wineserver");
    EXPECT_NE(sentence().find("no wineserver"), std::string::npos);
    fs::remove_all(usr / "lib/x86_64-linux-gnu/wine/x86_64-unix");
    EXPECT_NE(sentence().find("older than 7.0"), std::string::npos);
}

TEST_F(FindWine, AsksForTheVersion) {
    put_debian_wine(root() / "usr");
    const WineLayout layout = found();
    make_loader_runnable(layout.loader, "8.0 (Debian 8.0~repack-4)");
    const Result<std::string> version = query_wine_version(layout);
    ASSERT_TRUE(version) << version.error().sentence;
    EXPECT_EQ(*version, "8.0 (Debian 8.0~repack-4)");
    make_loader_runnable(layout.loader, "10.0");
    EXPECT_TRUE(query_wine_version(layout));
    make_loader_runnable(layout.loader, "6.23");
    EXPECT_NE(query_wine_version(layout).error().sentence.find("too old"), std::string::npos);
    write_file(layout.loader, "#!/bin/sh\nexit 3\n", true);
    EXPECT_NE(query_wine_version(layout).error().sentence.find("does not say"), std::string::npos);
}

}  // namespace
}  // namespace ntalpc
