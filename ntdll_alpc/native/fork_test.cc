// SPDX-License-Identifier: LGPL-2.1-or-later
// What a process that forks without exec shares with its child: nothing, as far as the server is concerned.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/private_server_test_support.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {
namespace {

struct LpcMessage {
    PORT_MESSAGE header;
    unsigned char data[64];
};

class Fork : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(PrivateServer::instance().running()); }
    static NTSTATUS ask_something(HANDLE port) {
        ALPC_BASIC_INFORMATION basic;
        return NtAlpcQueryInformation(port, AlpcBasicInformation, &basic, sizeof(basic), nullptr);
    }
};

// Its channel would stay open in the child.
TEST_F(Fork, TheEndOfAnotherThreadIsNoticedWhileTheChildLives) {
    HANDLE port = nullptr;
    ASSERT_EQ(NtCreatePort(&port, nullptr, 0, sizeof(LpcMessage), 0), STATUS_SUCCESS);
    std::atomic<bool> registered{false}, may_end{false};
    std::thread other([&] {
        EXPECT_EQ(NtRegisterThreadTerminatePort(port), STATUS_SUCCESS);
        registered = true;
        registered.notify_all();
        may_end.wait(false);
    });
    registered.wait(false);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        char byte;
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    may_end = true;
    may_end.notify_all();
    other.join();
    LpcMessage message;
    LARGE_INTEGER limit;
    limit.QuadPart = -10'000'000;
    EXPECT_EQ(NtReplyWaitReceivePortEx(port, nullptr, nullptr, &message.header, &limit), STATUS_SUCCESS);
    EXPECT_EQ(message.header.u2.s2.Type & 0xFF, LPC_CLIENT_DIED);
    close(ends[1]);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    NtClose(port);
}

// Whatever the other threads are just doing, locks they hold included.
TEST_F(Fork, TheChildOfABusyProcessMakesCallsOfItsOwn) {
    std::atomic<bool> over{false};
    std::vector<std::thread> busy;
    for (int i = 0; i < 3; ++i) {
        busy.emplace_back([&over] {
            while (!over) {
                HANDLE port = nullptr;
                EXPECT_EQ(NtAlpcCreatePort(&port, nullptr, nullptr), STATUS_SUCCESS);
                EXPECT_EQ(ask_something(port), STATUS_SUCCESS);
                EXPECT_EQ(NtClose(port), STATUS_SUCCESS);
            }
        });
    }
    for (int i = 0; i < 30; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);  // a child that hangs is a failure
            HANDLE port = nullptr;
            NTSTATUS status = NtAlpcCreatePort(&port, nullptr, nullptr);
            if (status == STATUS_SUCCESS) status = ask_something(port);
            _exit(status == STATUS_SUCCESS ? 0 : 1);
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    over = true;
    for (std::thread& thread : busy) thread.join();
}

}  // namespace
}  // namespace ntalpc
