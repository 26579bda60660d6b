// SPDX-License-Identifier: LGPL-2.1-or-later
// In child processes, because there is no way back. That the server can do all it needs is what the other
// tests show, which run against confined servers.
#include "server/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <vector>

#include "ntalpc/sanitized.h"

namespace ntalpc::server {
namespace {

constexpr int kRefused = 10, kAllowed = 11;

// What happens to a call that returns -1 on failure, in a confined process.
int outcome(const std::function<long()>& call) {
    const pid_t child = fork();
    if (child == 0) {
        confine_process();
        errno = 0;
        const long result = call();
        _exit(result != -1 ? kAllowed : errno == EPERM ? kRefused : errno);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

class Confinement : public testing::Test {
  protected:
    void SetUp() override {
        if (kSanitized) GTEST_SKIP() << "there is no confinement under sanitizers";
    }
};

TEST_F(Confinement, StartsNothing) {
    EXPECT_EQ(outcome([] {
                  char program[] = "/bin/true";
                  char* const arguments[] = {program, nullptr};
                  return execv(program, arguments);
              }),
              kRefused);
    EXPECT_EQ(outcome([] { return fork(); }), kRefused);
}

TEST_F(Confinement, ReachesNobody) {
    EXPECT_EQ(outcome([] { return socket(AF_INET, SOCK_STREAM, 0); }), kRefused);
    EXPECT_EQ(outcome([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), kRefused);
    EXPECT_EQ(outcome([] { return kill(getppid(), 0); }), kRefused);
    EXPECT_EQ(outcome([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), kRefused);
}

TEST_F(Confinement, WritesNoFile) {
    char name[] = "/tmp/ntalpc-confinement-XXXXXX";
    close(mkstemp(name));
    for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC})
        EXPECT_EQ(outcome([&] { return open(name, flags, 0600); }), kRefused) << flags;
    EXPECT_EQ(outcome([&] { return open(name, O_RDONLY); }), kAllowed);
    EXPECT_EQ(outcome([&] { return chmod(name, 0666); }), kRefused);
    unlink(name);
}

TEST_F(Confinement, MakesNoMemoryExecutable) {
    const auto map = [](int protection) {
        return mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    EXPECT_EQ(outcome([&] { return map(PROT_READ | PROT_EXEC) == MAP_FAILED ? -1 : 0; }), kRefused);
    EXPECT_EQ(outcome([&] { return map(PROT_READ | PROT_WRITE) == MAP_FAILED ? -1 : 0; }), kAllowed);
    void* const page = map(PROT_READ);
    EXPECT_EQ(outcome([&] { return mprotect(page, 4096, PROT_EXEC); }), kRefused);
    munmap(page, 4096);
}

TEST_F(Confinement, LeavesWhatServingTakes) {
    int ends[2];
    EXPECT_EQ(outcome([&] { return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends); }), kAllowed);
    EXPECT_EQ(outcome([] { return memfd_create("view", MFD_CLOEXEC); }), kAllowed);
    EXPECT_EQ(outcome([] {
                  std::vector<char> memory(64 << 20, 'x');
                  return memory.back() == 'x' ? 0 : -1;
              }),
              kAllowed);
}

}  // namespace
}  // namespace ntalpc::server
