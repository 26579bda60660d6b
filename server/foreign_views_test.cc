// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that a program brought, between processes of different Unix users.
#include <sys/mman.h>

#include "server/kernel_test_support.h"
#include "server/section.h"

namespace ntalpc::server {
namespace {

UniqueFd memory(bool sealed) {
    UniqueFd made(memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(ftruncate(made.get(), 0x10000), 0);
    if (sealed) {
        EXPECT_EQ(fcntl(made.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    }
    return made;
}

class ForeignViewsTest : public KernelTest {
  protected:
    FakeThread& process_of(std::uint32_t user) {
        ProcessFacts facts;
        facts.unix_user = user;
        return new_process(facts);
    }
    template <class Request>
    void start_with(FakeThread& thread, UniqueFd descriptor, typename Request::Request request,
                    const typename Request::RequestBlobs& blobs = {}) {
        const auto body = FakeThread::encode<Request>(request, blobs);
        EXPECT_EQ(
            thread.send_packet(static_cast<std::uint16_t>(Request::code), body, std::span(&descriptor, 1)),
            nullptr);
    }
    // A datagram with a view of memory that the sender brought.
    std::int32_t send_wrapped(FakeThread& sender, std::uint64_t port, bool sealed) {
        start_with<wire::CreateSection>(sender, memory(sealed), {.handle = port, .size = 0});
        const auto section = sender.take<wire::CreateSection>().body.section;
        const auto view =
            sender.call<wire::CreateView>({.handle = port, .section = section, .size = 0x1000}).body.view;
        auto request = sending(port, 0, {});
        request.send_attributes.valid = ALPC_MESSAGE_VIEW_ATTRIBUTE;
        request.send_attributes.view = view;
        request.send_attributes.view_section = section;
        request.send_attributes.view_size = 0x1000;
        return sender.call<wire::SendWaitReceive>(request).status;
    }
    std::uint64_t connect(FakeThread& client, FakeThread& server, std::uint64_t listener) {
        start_connect(client, u"\\RPC Control\\port", kSync);
        answer_connect(server, listener, receive(server, listener).body.message.message_id, true);
        return client.take<wire::ConnectPort>().body.handle;
    }
    std::int32_t connect_with_view(FakeThread& client, std::u16string_view name, bool sealed) {
        wire::LpcConnectPort::Request request;
        request.has_view = 1;
        request.view_size = 0x1000;
        start_with<wire::LpcConnectPort>(client, memory(sealed), request,
                                         {.name = bytes_of(name), .information = {}, .required_sid = {}});
        return client.waiting() ? STATUS_PENDING : client.take<wire::LpcConnectPort>().status;
    }

    FakeThread& server_ = process_of(1);
    const std::uint64_t listener_ = create(server_, u"\\RPC Control\\port");
};

TEST_F(ForeignViewsTest, OnlySealedMemoryGoesToAnotherUser) {
    FakeThread &same = process_of(1), &other = process_of(2);
    const auto same_port = connect(same, server_, listener_), other_port = connect(other, server_, listener_);
    EXPECT_EQ(send_wrapped(same, same_port, false), STATUS_SUCCESS);
    EXPECT_EQ(send_wrapped(other, other_port, false), STATUS_ACCESS_DENIED);
    EXPECT_EQ(send_wrapped(other, other_port, true), STATUS_SUCCESS);
    for (int i = 0; i < 2; ++i)
        EXPECT_NE(receive(server_, listener_).body.attributes.valid & ALPC_MESSAGE_VIEW_ATTRIBUTE, 0u);
}

// A port may be received from by others than its maker.
TEST_F(ForeignViewsTest, WhoReceivesCountsAndNotOnlyWhosePortItIs) {
    FakeThread &same = process_of(1), &other = process_of(2);
    const auto port = connect(same, server_, listener_);
    ASSERT_EQ(send_wrapped(same, port, false), STATUS_SUCCESS);
    other.process().adopt(*server_.process().find(listener_));
    const auto received = receive(other, listener_);
    EXPECT_EQ(received.status, STATUS_SUCCESS);
    EXPECT_EQ(received.body.attributes.valid & ALPC_MESSAGE_VIEW_ATTRIBUTE, 0u);
    EXPECT_EQ(received.descriptors, 0u);
}

TEST_F(ForeignViewsTest, LegacyViewsToo) {
    constexpr std::u16string_view name = u"\\RPC Control\\legacy";
    wire::CreatePort::Request request;
    request.port.given = 1;
    request.port.flags = ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_ALLOW_LPC_REQUESTS;
    request.port.max_message_length = 0x100;
    server_.call<wire::CreatePort>(request, {.name = bytes_of(name), .security_descriptor = {}});
    EXPECT_EQ(connect_with_view(process_of(2), name, false), STATUS_ACCESS_DENIED);
    EXPECT_EQ(connect_with_view(process_of(2), name, true), STATUS_PENDING);
    EXPECT_EQ(connect_with_view(process_of(1), name, false), STATUS_PENDING);
}

}  // namespace
}  // namespace ntalpc::server
