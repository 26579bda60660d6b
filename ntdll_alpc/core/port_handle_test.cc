// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles that are open and still no ports.
#include "core/port_handle.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "core/private_server_test_support.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {
namespace {

class PortHandle : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(PrivateServer::instance().running()); }
    // What a call says to a handle of this descriptor.
    static NTSTATUS use(UniqueFd descriptor) {
        HANDLE handle = nullptr;
        EXPECT_EQ(native::HandleTable::instance().add(std::move(descriptor), &handle), STATUS_SUCCESS);
        const NTSTATUS status = NtAlpcDisconnectPort(handle, 0);
        EXPECT_EQ(NtClose(handle), STATUS_SUCCESS);
        return status;
    }
};

TEST_F(PortHandle, AFileIsNoPort) {
    EXPECT_EQ(use(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC))), STATUS_OBJECT_TYPE_MISMATCH);
}

TEST_F(PortHandle, ASocketThatTheServerDidNotMakeIsNoPort) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    const UniqueFd other(ends[1]);
    EXPECT_EQ(use(UniqueFd(ends[0])), STATUS_OBJECT_TYPE_MISMATCH);
}

// A port of a server that has died looks like this.
TEST_F(PortHandle, ASocketWhoseOtherEndIsGoneIsADisconnectedPort) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    close(ends[1]);
    EXPECT_EQ(use(UniqueFd(ends[0])), STATUS_PORT_DISCONNECTED);
}

TEST_F(PortHandle, ANewHandleWithAnOldNumberIsTheNewPort) {
    HANDLE first = nullptr, second = nullptr;
    OBJECT_ATTRIBUTES unnamed;
    InitializeObjectAttributes(&unnamed, nullptr, 0, nullptr, nullptr);
    ASSERT_EQ(NtAlpcCreatePort(&first, &unnamed, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(NtAlpcDisconnectPort(first, 0), STATUS_SUCCESS);
    EXPECT_EQ(NtAlpcDisconnectPort(first, 0), STATUS_PORT_DISCONNECTED);
    EXPECT_EQ(NtClose(first), STATUS_SUCCESS);
    ASSERT_EQ(NtAlpcCreatePort(&second, &unnamed, nullptr), STATUS_SUCCESS);
    EXPECT_EQ(second, first);
    EXPECT_EQ(NtAlpcDisconnectPort(second, 0), STATUS_SUCCESS);
    EXPECT_EQ(NtClose(second), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc
