// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests about objects that travel: processes of worlds, connections that let objects in, and the
// requests of senders, receivers and keepers.
#pragma once

#include <fcntl.h>

#include "ntalpc/passing.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {

constexpr std::uint32_t kTakesOne = ALPC_PORFLG_ALLOW_DUP_OBJECT;
constexpr std::uint32_t kTakesMany = kTakesOne | ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE;
constexpr std::uint64_t kWorld = 7;

class PassingTest : public KernelTest {
  protected:
    using KernelTest::KernelTest;

    FakeThread& new_windows_process(std::uint64_t world = kWorld) {
        ProcessFacts facts;
        facts.world = world;
        return new_process(std::move(facts));
    }
    static wire::PortAttributes letting_in(std::uint32_t flags, std::uint32_t types = 0xFFFFFFFF) {
        wire::PortAttributes attributes;
        attributes.given = 1;
        attributes.flags = flags;
        attributes.max_message_length = 0x1000;
        attributes.dup_object_types = types;
        return attributes;
    }
    // Both sides let everything in.
    Pair passing_pair(FakeThread& server, FakeThread& client, std::uint32_t flags = kTakesMany) {
        Pair pair{.server = &server, .client = &client};
        wire::CreatePort::Request create;
        create.port = letting_in(flags);
        pair.listener =
            server.call<wire::CreatePort>(create, {.name = bytes_of(kName), .security_descriptor = {}})
                .body.handle;
        wire::ConnectPort::Request connect;
        connect.flags = kSync;
        connect.timeout = kForever;
        connect.port = letting_in(flags);
        connect.message = message(0);
        connect.reply_capacity = 0x1000;
        client.start<wire::ConnectPort>(
            connect, {.name = bytes_of(kName), .data = {}, .required_sid = {}, .server_requirements = {}});
        wire::AcceptPort::Request accept;
        accept.handle = pair.listener;
        accept.accept = 1;
        accept.port = letting_in(flags);
        accept.message = message(0, receive(server, pair.listener).body.message.message_id);
        pair.server_port = server.call<wire::AcceptPort>(accept, {}).body.handle;
        pair.client_port = client.take<wire::ConnectPort>().body.handle;
        return pair;
    }

    // ---- Senders ----
    static wire::PassedHandle object_of(std::uint32_t type, std::uint64_t value = 0) {
        wire::PassedHandle object;
        object.type = type;
        object.value = value;
        return object;
    }
    static wire::AttachHandles::Request by_value(std::uint64_t port, bool keeper_started = false) {
        wire::AttachHandles::Request request;
        request.handle = port;
        request.by_value = 1;
        request.keeper_started = keeper_started;
        return request;
    }
    void start_attach(FakeThread& sender, std::uint64_t port, const std::vector<wire::PassedHandle>& objects,
                      bool keeper_started = false) {
        sender.start<wire::AttachHandles>(by_value(port, keeper_started),
                                          {.name = {}, .objects = std::as_bytes(std::span(objects))});
    }
    std::int32_t attach_descriptor(FakeThread& sender, std::uint64_t port, std::uint32_t type,
                                   const char* path = "/dev/null") {
        wire::AttachHandles::Request request;
        request.handle = port;
        const wire::PassedHandle object = object_of(type);
        const auto body = FakeThread::encode<wire::AttachHandles>(
            request, {.name = {}, .objects = std::as_bytes(std::span(&object, 1))});
        UniqueFd descriptor(open(path, O_RDONLY | O_CLOEXEC));
        EXPECT_EQ(sender.send_packet(static_cast<std::uint16_t>(wire::Code::attach_handles), body,
                                     std::span(&descriptor, 1)),
                  nullptr);
        return sender.take<wire::AttachHandles>().status;
    }
    // Sends what has been attached.
    MessageAnswer send_attached(FakeThread& sender, std::uint64_t port, std::uint32_t flags = kRelease,
                                std::uint32_t reply_to = 0) {
        auto request = sending(port, 0, {.flags = flags, .reply_to = reply_to});
        request.send_attributes.valid = ALPC_MESSAGE_HANDLE_ATTRIBUTE;
        return sender.call<wire::SendWaitReceive>(request);
    }

    // ---- Receivers ----
    Answer<wire::QueryHandle> query(FakeThread& receiver, std::uint64_t port, std::uint32_t message_id,
                                    std::uint32_t index = 0) {
        wire::QueryHandle::Request request;
        request.handle = port;
        request.message_id = message_id;
        request.index = index;
        return receiver.call<wire::QueryHandle>(request);
    }
    static void taken(FakeThread& receiver) {
        EXPECT_EQ(receiver.send_packet(static_cast<std::uint16_t>(wire::Code::handles_taken), {}), nullptr);
    }
    void give_back(FakeThread& receiver, std::uint64_t port, std::uint32_t message_id) {
        EXPECT_EQ(send(receiver, port, "", {.reply_to = message_id}).status, STATUS_SUCCESS);
    }

    // ---- Keepers ----
    static void start_keeping(FakeThread& keeper, std::uint64_t order = 0,
                              const std::vector<wire::KeptHandle>& results = {}) {
        wire::KeepHandles::Request request;
        request.order = order;
        keeper.start<wire::KeepHandles>(request, {.results = std::as_bytes(std::span(results))});
    }
    static wire::KeptHandle kept(std::uint64_t value, std::uint32_t type = ALPC_PORFLG_OBJECT_TYPE_EVENT,
                                 std::int32_t status = STATUS_SUCCESS) {
        wire::KeptHandle result;
        result.value = value;
        result.status = status;
        result.type = type;
        result.access = 0x1F0003;
        return result;
    }
    // The handles that an order says to close.
    static std::vector<std::uint64_t> closed_by(const Answer<wire::KeepHandles>& order) {
        return wire::items_of<std::uint64_t>(order.blob);
    }
    // Attaches one event whose duplicate has this value, by way of a keeper that has nothing else to do.
    void attach_event(FakeThread& sender, FakeThread& keeper, std::uint64_t port, std::uint64_t value) {
        start_attach(sender, port, {object_of(0, 0x44)});
        start_keeping(keeper, keeper.take<wire::KeepHandles>().body.order, {kept(value)});
        EXPECT_EQ(sender.take<wire::AttachHandles>().status, STATUS_SUCCESS);
    }

    static constexpr std::u16string_view kName = u"\\RPC Control\\passing";
};

}  // namespace ntalpc::server
