// SPDX-License-Identifier: LGPL-2.1-or-later
// A program whose files must not grow (ulimit -f 0): it gets a status where it would otherwise be ended by a
// signal.
#include <fcntl.h>
#include <sys/mman.h>

#include <array>
#include <csignal>
#include <thread>

#include "core/file_size_signal.h"
#include "core/host.h"
#include "core/no_growing_files_test_support.h"
#include "native/lease_test_support.h"

namespace ntalpc {
namespace {

// Standard error is a file.
class ErrorsInFile {
  public:
    ErrorsInFile() : before_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)), file_(memfd_create("errors", 0)) {
        EXPECT_GE(dup2(file_.get(), STDERR_FILENO), 0);
    }
    ~ErrorsInFile() { EXPECT_GE(dup2(before_.get(), STDERR_FILENO), 0); }

  private:
    UniqueFd before_, file_;
};

// Neither waits for whoever unblocks it.
bool signal_is_left() {
    sigset_t pending, blocked;
    sigpending(&pending);
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return sigismember(&pending, SIGXFSZ) != 0 || sigismember(&blocked, SIGXFSZ) != 0;
}

TEST(FileSizeLimit, ASectionThatIsTooLargeIsAStatus) {
    LARGE_INTEGER size;
    size.QuadPart = 0x10000;
    HANDLE section = nullptr;
    NTSTATUS status = STATUS_SUCCESS;
    {
        const NoGrowingFiles limit;
        status = NtCreateSection(&section, 0, nullptr, &size, 0, 0, nullptr);
    }
    EXPECT_EQ(status, STATUS_NO_MEMORY);
    EXPECT_FALSE(signal_is_left());
}

TEST(FileSizeLimit, WhatTheLibrarySaysGetsLost) {
    const ErrorsInFile errors;
    {
        const NoGrowingFiles limit;
        host::log(host::LogLevel::error, "this is for nobody");
    }
    EXPECT_FALSE(signal_is_left());
}

TEST(FileSizeLimit, ASignalThatTheProgramBlocksIsItsOwn) {
    sigset_t only, before;
    sigemptyset(&only);
    sigaddset(&only, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &only, &before);
    raise(SIGXFSZ);
    { const core::NoFileSizeSignal mine; }
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGXFSZ), 1);
    const timespec at_once{};
    EXPECT_EQ(sigtimedwait(&only, nullptr, &at_once), SIGXFSZ);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// The memory that messages and leases are in is the server's.
TEST(FileSizeLimit, MessagesPassAsEver) {
    ASSERT_TRUE(PrivateServer::instance().running());
    const std::string name = fresh_port_name();
    const HANDLE port = make_port(name);
    ASSERT_NE(port, nullptr);
    HANDLE client = nullptr, accepted = nullptr;
    std::array<std::uint64_t, 100> received{};
    {
        const NoGrowingFiles limit;
        std::thread connecting([&] { client = connect_to(name); });
        TestMessage request;
        receive(port, &request, 10'000);
        accept(port, request, &accepted);
        connecting.join();
        for (std::uint64_t number = 0; number < received.size(); ++number) {
            TestMessage datagram(number + 1);
            send_last(client, datagram);
            receive(port, &datagram, 10'000);
            received[number] = datagram.number;
        }
    }
    for (std::uint64_t number = 0; number < received.size(); ++number)
        EXPECT_EQ(received[number], number + 1);
    for (const HANDLE handle : {client, accepted, port}) NtClose(handle);
}

}  // namespace
}  // namespace ntalpc
