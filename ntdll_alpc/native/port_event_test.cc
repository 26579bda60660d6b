// SPDX-License-Identifier: LGPL-2.1-or-later
// The event of a port, and receiving by it, against a real server.
#include <sys/epoll.h>

#include <string>

#include "core/private_server_test_support.h"
#include "ntalpc/async_receiver.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc {
namespace {

struct SmallMessage {
    PORT_MESSAGE header{};
    char data[16]{};
};

class PortEvent : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(PrivateServer::instance().running());
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name_, 0, nullptr, nullptr);
        ASSERT_EQ(NtAlpcCreatePort(&listener_, &attributes, nullptr), STATUS_SUCCESS);
    }
    void TearDown() override {
        for (const HANDLE port : {client_, server_, listener_}) {
            if (port) NtClose(port);
        }
    }

    NTSTATUS connect() {
        return NtAlpcConnectPort(&client_, &name_, nullptr, nullptr, 0, nullptr, nullptr, nullptr, nullptr,
                                 nullptr, nullptr);
    }
    NTSTATUS accept(PORT_MESSAGE& request) {
        return NtAlpcAcceptConnectPort(&server_, listener_, 0, nullptr, nullptr, nullptr, &request, nullptr,
                                       TRUE);
    }
    NTSTATUS send() {
        SmallMessage message;
        message.header.u1.s1.DataLength = sizeof(message.data);
        message.header.u1.s1.TotalLength = sizeof(message);
        return NtAlpcSendWaitReceivePort(client_, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, nullptr,
                                         nullptr, nullptr, nullptr, nullptr);
    }
    // Whether epoll names the descriptor within the time.
    static bool named(int descriptor, int milliseconds) {
        const UniqueFd poller(epoll_create1(EPOLL_CLOEXEC));
        epoll_event interest = {EPOLLIN, {.fd = descriptor}}, event;
        EXPECT_EQ(epoll_ctl(poller.get(), EPOLL_CTL_ADD, descriptor, &interest), 0);
        return epoll_wait(poller.get(), &event, 1, milliseconds) == 1;
    }

    WCHAR text_[24] = u"\\RPC Control\\eventful";
    UNICODE_STRING name_ = {40, 42, text_};
    HANDLE listener_ = nullptr, server_ = nullptr, client_ = nullptr;
};

TEST_F(PortEvent, ChecksItsArguments) {
    int descriptor = -1;
    EXPECT_EQ(NtalpcOpenPortEvent(nullptr, &descriptor), STATUS_INVALID_HANDLE);
    EXPECT_EQ(NtalpcOpenPortEvent(listener_, nullptr), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(descriptor, -1);
}

TEST_F(PortEvent, AReceiverServesAPortWithoutWaiting) {
    AsyncReceiver receiver(listener_);
    ASSERT_EQ(receiver.status(), STATUS_SUCCESS);
    EXPECT_FALSE(named(receiver.descriptor(), 0));
    ASSERT_EQ(connect(), STATUS_SUCCESS);
    ASSERT_TRUE(named(receiver.descriptor(), 5000));
    EXPECT_EQ(receiver.receive_all([&](PORT_MESSAGE& request) {
        EXPECT_EQ(request.u2.s2.Type & 0xFF, LPC_CONNECTION_REQUEST);
        EXPECT_EQ(accept(request), STATUS_SUCCESS);
    }),
              STATUS_SUCCESS);
    EXPECT_FALSE(named(receiver.descriptor(), 0));
    ASSERT_EQ(send(), STATUS_SUCCESS);
    ASSERT_EQ(send(), STATUS_SUCCESS);
    ASSERT_TRUE(named(receiver.descriptor(), 5000));
    int received = 0;
    EXPECT_EQ(receiver.receive_all([&](PORT_MESSAGE&) { ++received; }), STATUS_SUCCESS);
    EXPECT_EQ(received, 2);
    EXPECT_FALSE(named(receiver.descriptor(), 0));
}

TEST_F(PortEvent, TheEndOfTheConnectionStaysToBeSeen) {
    ASSERT_EQ(connect(), STATUS_SUCCESS);
    AsyncReceiver at_listener(listener_), at_client(client_);
    ASSERT_EQ(at_listener.receive_all([&](PORT_MESSAGE& request) { accept(request); }), STATUS_SUCCESS);
    ASSERT_EQ(at_client.receive_all([](PORT_MESSAGE&) {}), STATUS_SUCCESS);
    EXPECT_FALSE(named(at_client.descriptor(), 0));
    NtClose(server_);
    server_ = nullptr;
    ASSERT_TRUE(named(at_client.descriptor(), 5000));
    EXPECT_EQ(at_client.receive_all([](PORT_MESSAGE&) {}), STATUS_PORT_DISCONNECTED);
    EXPECT_TRUE(named(at_client.descriptor(), 0));
}

TEST_F(PortEvent, AMessageLargerThanTheLargestIsReported) {
    ASSERT_EQ(connect(), STATUS_SUCCESS);
    AsyncReceiver small(listener_, sizeof(PORT_MESSAGE));
    ASSERT_EQ(small.receive_all([&](PORT_MESSAGE& request) { accept(request); }), STATUS_SUCCESS);
    ASSERT_EQ(send(), STATUS_SUCCESS);
    EXPECT_EQ(small.receive_all([](PORT_MESSAGE&) {}), STATUS_BUFFER_TOO_SMALL);
}

}  // namespace
}  // namespace ntalpc
