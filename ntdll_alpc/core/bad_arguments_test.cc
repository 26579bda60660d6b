// SPDX-License-Identifier: LGPL-2.1-or-later
// The public calls with arguments that point nowhere: they say so, and the ports go on working.
#include <cstring>
#include <memory>
#include <string>

#include "core/bad_memory_test_support.h"
#include "core/private_server_test_support.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {
namespace {

class BadArguments : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(PrivateServer::instance().running());
        InitializeObjectAttributes(&attributes_, &name_, 0, nullptr, nullptr);
        ASSERT_EQ(NtAlpcCreatePort(&listener_, &attributes_, nullptr), STATUS_SUCCESS);
        ASSERT_EQ(connect(&client_), STATUS_SUCCESS);
        ASSERT_EQ(receive(listener_), STATUS_SUCCESS);
        ASSERT_EQ(NtAlpcAcceptConnectPort(&server_, listener_, 0, nullptr, nullptr, nullptr, &message_.header,
                                          nullptr, TRUE),
                  STATUS_SUCCESS);
        ASSERT_EQ(receive(client_), STATUS_SUCCESS);
    }
    void TearDown() override {
        for (HANDLE handle : {client_, server_, listener_}) EXPECT_EQ(NtClose(handle), STATUS_SUCCESS);
    }

    struct Message {
        PORT_MESSAGE header;
        char data[64];
    };
    static Message message_of(const char* text) {
        Message message{};
        std::strcpy(message.data, text);
        message.header.u1.s1.DataLength = static_cast<SHORT>(std::strlen(text));
        message.header.u1.s1.TotalLength = static_cast<SHORT>(sizeof(PORT_MESSAGE) + std::strlen(text));
        return message;
    }
    NTSTATUS connect(HANDLE* port, UNICODE_STRING* name, PORT_MESSAGE* message = nullptr,
                     SIZE_T* length = nullptr, LARGE_INTEGER* timeout = nullptr, ULONG flags = 0) {
        return NtAlpcConnectPort(port, name, nullptr, nullptr, flags, nullptr, message, length, nullptr,
                                 nullptr, timeout);
    }
    NTSTATUS connect(HANDLE* port) { return connect(port, &name_); }
    NTSTATUS receive(HANDLE port) {
        SIZE_T length = sizeof(message_);
        return NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, &message_.header, &length, nullptr,
                                         &soon_);
    }
    NTSTATUS receive_into(PORT_MESSAGE* message, SIZE_T* length,
                          ALPC_MESSAGE_ATTRIBUTES* attributes = nullptr) {
        return NtAlpcSendWaitReceivePort(listener_, 0, nullptr, nullptr, message, length, attributes, &soon_);
    }
    NTSTATUS send(PORT_MESSAGE* message, ALPC_MESSAGE_ATTRIBUTES* attributes = nullptr) {
        return NtAlpcSendWaitReceivePort(client_, ALPC_MSGFLG_RELEASE_MESSAGE, message, attributes, nullptr,
                                         nullptr, nullptr, nullptr);
    }
    // Whether a message still goes from one side to the other, and nothing came before it.
    void expect_working() {
        Message message = message_of("still here");
        ASSERT_EQ(send(&message.header), STATUS_SUCCESS);
        ASSERT_EQ(receive(listener_), STATUS_SUCCESS);
        EXPECT_EQ(std::string(message_.data, 10), "still here");
    }

    char16_t text_[14] = u"\\RPC Control\\";
    std::u16string path_ = std::u16string(text_) + u"bad arguments";
    UNICODE_STRING name_ = {static_cast<USHORT>(path_.size() * 2), static_cast<USHORT>(path_.size() * 2),
                            path_.data()};
    OBJECT_ATTRIBUTES attributes_;
    LARGE_INTEGER soon_ = {.QuadPart = -50'000'000};
    HANDLE listener_ = nullptr, server_ = nullptr, client_ = nullptr;
    Message message_{};
    BadMemory memory_;
};

TEST_F(BadArguments, APlaceForTheHandleIsNeeded) {
    OBJECT_ATTRIBUTES unnamed;
    InitializeObjectAttributes(&unnamed, nullptr, 0, nullptr, nullptr);
    for (HANDLE* bad :
         {static_cast<HANDLE*>(nullptr), memory_.read_only<HANDLE>(), memory_.missing<HANDLE>()}) {
        EXPECT_EQ(NtAlpcCreatePort(bad, &unnamed, nullptr), STATUS_ACCESS_VIOLATION);
        EXPECT_EQ(connect(bad), STATUS_ACCESS_VIOLATION);
        EXPECT_EQ(NtAlpcAcceptConnectPort(bad, listener_, 0, nullptr, nullptr, nullptr, &message_.header,
                                          nullptr, TRUE),
                  STATUS_ACCESS_VIOLATION);
    }
    // Nothing was connected by the way.
    expect_working();
}

TEST_F(BadArguments, NamesThatAreNotThere) {
    HANDLE port = nullptr;
    EXPECT_EQ(connect(&port, nullptr), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(connect(&port, memory_.missing<UNICODE_STRING>()), STATUS_ACCESS_VIOLATION);
    UNICODE_STRING cut = {8, 8, memory_.straddling<char16_t>(4)};
    EXPECT_EQ(connect(&port, &cut), STATUS_ACCESS_VIOLATION);
    UNICODE_STRING odd = {7, 8, path_.data()};
    EXPECT_EQ(connect(&port, &odd), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(NtAlpcCreatePort(&port, memory_.straddling<OBJECT_ATTRIBUTES>(8), nullptr),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(NtAlpcCreatePort(&port, &attributes_, memory_.missing<ALPC_PORT_ATTRIBUTES>()),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(port, nullptr);
    expect_working();
}

TEST_F(BadArguments, MessagesThatAreNotThere) {
    EXPECT_EQ(send(memory_.missing<PORT_MESSAGE>()), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(send(memory_.straddling<PORT_MESSAGE>(8)), STATUS_ACCESS_VIOLATION);
    // The header and half of the data.
    const Message message = message_of("0123456789abcdef");
    auto* const cut = memory_.cut_off(message, sizeof(PORT_MESSAGE) + 8);
    EXPECT_EQ(send(&cut->header), STATUS_ACCESS_VIOLATION);
    expect_working();
}

TEST_F(BadArguments, ReadOnlyMessagesCanBeSent) {
    const Message message = message_of("01234567");
    auto* const whole = memory_.cut_off(message, sizeof(PORT_MESSAGE) + 8);
    EXPECT_EQ(send(&whole->header), STATUS_SUCCESS);
    ASSERT_EQ(receive(listener_), STATUS_SUCCESS);
    EXPECT_EQ(std::string(message_.data, 8), "01234567");
}

TEST_F(BadArguments, BuffersThatAreNotThereLoseNoMessage) {
    Message message = message_of("wanted");
    ASSERT_EQ(send(&message.header), STATUS_SUCCESS);
    SIZE_T length = sizeof(Message);
    EXPECT_EQ(receive_into(memory_.missing<PORT_MESSAGE>(), &length), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(receive_into(memory_.read_only<PORT_MESSAGE>(), &length), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(receive_into(memory_.last_writable<PORT_MESSAGE>(), &length), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(receive_into(&message_.header, memory_.read_only<SIZE_T>()), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(receive_into(&message_.header, memory_.missing<SIZE_T>()), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(receive_into(&message_.header, &length, memory_.missing<ALPC_MESSAGE_ATTRIBUTES>()),
              STATUS_ACCESS_VIOLATION);
    ASSERT_EQ(receive(listener_), STATUS_SUCCESS);
    EXPECT_EQ(std::string(message_.data, 6), "wanted");
}

TEST_F(BadArguments, TimesThatAreNotThere) {
    SIZE_T length = sizeof(Message);
    EXPECT_EQ(NtAlpcSendWaitReceivePort(listener_, 0, nullptr, nullptr, &message_.header, &length, nullptr,
                                        memory_.missing<LARGE_INTEGER>()),
              STATUS_ACCESS_VIOLATION);
    HANDLE port = nullptr;
    EXPECT_EQ(connect(&port, &name_, nullptr, nullptr, memory_.straddling<LARGE_INTEGER>(4),
                      ALPC_MSGFLG_SYNC_REQUEST),
              STATUS_ACCESS_VIOLATION);
    expect_working();
}

TEST_F(BadArguments, ASynchronousConnectNeedsAPlaceForTheAnswer) {
    HANDLE port = nullptr;
    SIZE_T length = sizeof(Message);
    const Message message = message_of("");
    auto* const unwritable = memory_.cut_off(message, sizeof(PORT_MESSAGE));
    EXPECT_EQ(connect(&port, &name_, &unwritable->header, &length, &soon_, ALPC_MSGFLG_SYNC_REQUEST),
              STATUS_ACCESS_VIOLATION);
    expect_working();
}

TEST_F(BadArguments, HandlesThatAreNone) {
    for (const std::uintptr_t bad : {0x0ul, 0x3ul, 0x7FFFFFFCul, ~0x3ul}) {
        const HANDLE handle = reinterpret_cast<HANDLE>(bad);
        EXPECT_EQ(receive(handle), STATUS_INVALID_HANDLE);
        EXPECT_EQ(NtAlpcDisconnectPort(handle, 0), STATUS_INVALID_HANDLE);
        EXPECT_EQ(NtClose(handle), STATUS_INVALID_HANDLE);
    }
}

TEST_F(BadArguments, ACompletionListNeedsAllItsMemory) {
    const auto attach = [&](void* memory, ULONG size) {
        return AlpcRegisterCompletionList(listener_, static_cast<ALPC_COMPLETION_LIST_HEADER*>(memory), size,
                                          1, 0);
    };
    EXPECT_EQ(attach(nullptr, 0x1000), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(attach(memory_.read_only(), 0x1000), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(attach(memory_.missing(), 0x1000), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(attach(memory_.writable(), 0x1001), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(attach(memory_.writable<char>() + 4, 0x800), STATUS_DATATYPE_MISALIGNMENT);
    expect_working();
    EXPECT_EQ(attach(memory_.writable(), 0x1000), STATUS_SUCCESS);
    EXPECT_EQ(AlpcUnregisterCompletionList(listener_), STATUS_SUCCESS);
    expect_working();
}

TEST_F(BadArguments, ACompletionListWhoseMemoryGoesIsGivenUp) {
    for (int round = 0; round < 10; ++round) {
        auto memory = std::make_unique<BadMemory>();
        auto* const list = memory->writable<ALPC_COMPLETION_LIST_HEADER>();
        ASSERT_EQ(AlpcRegisterCompletionList(listener_, list, 0x1000, 1, 0), STATUS_SUCCESS);
        memory.reset();
        Message message = message_of("may be lost");
        ASSERT_EQ(send(&message.header), STATUS_SUCCESS);
        const NTSTATUS status = AlpcUnregisterCompletionList(listener_);
        EXPECT_TRUE(status == STATUS_SUCCESS || status == STATUS_INVALID_PARAMETER) << status;
        message = message_of("still here");
        ASSERT_EQ(send(&message.header), STATUS_SUCCESS);
        do {
            ASSERT_EQ(receive(listener_), STATUS_SUCCESS);
        } while (std::string(message_.data, 10) != "still here");
    }
}

}  // namespace
}  // namespace ntalpc
