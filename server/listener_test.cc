// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock that makes sure there is one server.
#include "server/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

namespace ntalpc::server {
namespace {

class ServerLockTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/ntalpc-lock-XXXXXX";
        ASSERT_NE(mkdtemp(path), nullptr);
        directory_ = path;
        file_.reset(open((directory_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_TRUE(file_);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string directory_;
    UniqueFd file_;  // of one who looks
};

TEST_F(ServerLockTest, IsTakenOnceAndFreeAfterwards) {
    EXPECT_FALSE(ServerLock::is_held(file_.get()));
    {
        ServerLock first, second;
        EXPECT_TRUE(first.take(directory_));
        EXPECT_TRUE(ServerLock::is_held(file_.get()));
        EXPECT_FALSE(second.take(directory_));
    }
    EXPECT_FALSE(ServerLock::is_held(file_.get()));
}

TEST_F(ServerLockTest, WhoLooksOrWaitsDoesNotKeepAServerFromStarting) {
    std::atomic<bool> over{false};
    std::thread looking([&] {
        while (!over) {
            ServerLock::is_held(file_.get());
            EXPECT_TRUE(ServerLock::wait_until_free(file_.get()));
        }
    });
    for (int i = 0; i < 2000; ++i) {
        ServerLock server;
        EXPECT_TRUE(server.take(directory_)) << i;
    }
    over = true;
    looking.join();
}

TEST_F(ServerLockTest, AWaitEndsWithTheProcessThatHoldsIt) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        ServerLock lock;
        const char taken = lock.take(directory_) ? 1 : 0;
        if (write(ends[1], &taken, 1) == 1) pause();
        _exit(1);
    }
    char taken = 0;
    ASSERT_EQ(read(ends[0], &taken, 1), 1);
    EXPECT_EQ(taken, 1);
    std::thread killer([child] { kill(child, SIGKILL); });
    EXPECT_TRUE(ServerLock::wait_until_free(file_.get()));
    EXPECT_FALSE(ServerLock::is_held(file_.get()));
    killer.join();
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace ntalpc::server
