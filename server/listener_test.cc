// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock that makes sure there is one server.
#include "server/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
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

    // What clients of a server connect to.
    UniqueFd listen_there() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = directory_ + "/socket";
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        UniqueFd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        unlink(path.c_str());
        EXPECT_EQ(bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_EQ(listen(made.get(), 10), 0);
        return made;
    }
    // Whether a thread waits for a part of the lock of our file.
    bool somebody_waits() const {
        std::ifstream locks("/proc/locks");
        const std::string ours = ":" + std::to_string(inode()) + " ";
        for (std::string line; std::getline(locks, line);)
            if (line.find("->") != std::string::npos && line.find(ours) != std::string::npos) return true;
        return false;
    }
    unsigned long inode() const {
        struct stat facts {};
        fstat(file_.get(), &facts);
        return facts.st_ino;
    }

    std::string directory_;
    UniqueFd file_;  // of one who looks
};

TEST_F(ServerLockTest, IsTakenOnceAndFreeAfterwards) {
    EXPECT_FALSE(ServerLock::is_held(file_.get()));
    {
        ServerLock first, second;
        const UniqueFd socket = listen_there();
        EXPECT_TRUE(first.take(directory_));
        first.let_others_look();
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

// Otherwise a client would be told that there is a server, and not be able to connect to it.
TEST_F(ServerLockTest, OneThatIsStartingIsWaitedFor) {
    ServerLock first;
    ASSERT_TRUE(first.take(directory_));
    std::atomic<bool> answered{false};
    std::thread other([&] {
        ServerLock second;
        EXPECT_FALSE(second.take(directory_));
        answered = true;
    });
    while (!answered && !somebody_waits()) std::this_thread::yield();
    EXPECT_FALSE(answered);
    const UniqueFd socket = listen_there();
    first.let_others_look();
    other.join();
}

TEST_F(ServerLockTest, OneThatIsEndingIsWaitedFor) {
    auto first = std::make_unique<ServerLock>();
    ASSERT_TRUE(first->take(directory_));
    listen_there();  // and no more
    first->let_others_look();
    std::atomic<bool> answered{false};
    std::thread other([&] {
        ServerLock second;
        EXPECT_TRUE(second.take(directory_));
        answered = true;
    });
    while (!answered && !somebody_waits()) std::this_thread::yield();
    EXPECT_FALSE(answered);
    first.reset();
    other.join();
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
