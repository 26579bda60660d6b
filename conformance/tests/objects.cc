// SPDX-License-Identifier: LGPL-2.1-or-later
// What is true of any handle, for handles of ports: questions about the object, duplicates.
#include <array>

#include "conformance/harness/ports.h"

namespace ntalpc::conformance {
namespace {

// Of the information classes not every header has every name.
constexpr auto basic_information = static_cast<OBJECT_INFORMATION_CLASS>(0);
constexpr auto name_information = static_cast<OBJECT_INFORMATION_CLASS>(1);
constexpr auto type_information = static_cast<OBJECT_INFORMATION_CLASS>(2);

// An answer that begins with a string whose characters follow somewhere behind.
class StringAnswer {
  public:
    NTSTATUS ask(const Port& port, OBJECT_INFORMATION_CLASS wanted, ULONG room) {
        return NtQueryObject(port.get(), wanted, &buffer_, room, &needed);
    }
    NTSTATUS ask(const Port& port, OBJECT_INFORMATION_CLASS wanted) {
        return ask(port, wanted, sizeof(buffer_));
    }
    std::string text() const {
        const UNICODE_STRING& string = buffer_.string;
        return std::string(string.Buffer, string.Buffer + string.Length / sizeof(WCHAR));
    }

    ULONG needed = 0;

  private:
    union {
        UNICODE_STRING string;
        std::array<char, 1024> bytes;
    } buffer_{};
};

struct BasicInformation {
    ULONG attributes;
    ACCESS_MASK granted_access;
    ULONG handle_count;
    ULONG pointer_count;
    ULONG others[10];
};

NTSTATUS duplicate(const Port& port, Port& copy, ULONG options = 0) {
#ifdef _WIN32
    return DuplicateHandle(GetCurrentProcess(), port.get(), GetCurrentProcess(), copy.put(), 0, FALSE,
                           options | DUPLICATE_SAME_ACCESS)
               ? NTSTATUS{STATUS_SUCCESS}
               : NTSTATUS(STATUS_UNSUCCESSFUL);
#else
    return NtDuplicateObject(NtCurrentProcess(), port.get(), NtCurrentProcess(), copy.put(), 0, 0,
                             options | DUPLICATE_SAME_ACCESS);
#endif
}

ALPC_TEST(Objects, TypeOfEveryKindOfPortIsAlpcPort, "C10, lpc 16", "docs", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const Port* port : {&connection.listener, &connection.server, &connection.client}) {
        StringAnswer answer;
        EXPECT_STATUS(STATUS_SUCCESS, answer.ask(*port, type_information));
        EXPECT_EQ(answer.text(), "ALPC Port");
    }
}

ALPC_TEST(Objects, NameIsThePathOfThePort, "lpc 16", "docs", high) {
    const std::string name = port_name();
    const Port port = create_port(name);
    StringAnswer answer;
    EXPECT_STATUS(STATUS_SUCCESS, answer.ask(port, name_information));
    EXPECT_EQ(answer.text(), name);
    EXPECT_EQ(answer.needed, sizeof(UNICODE_STRING) + (name.size() + 1) * sizeof(WCHAR));
}

ALPC_TEST(Objects, PortWithoutANameHasAnEmptyOne, "lpc 16", "docs", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    StringAnswer answer;
    EXPECT_STATUS(STATUS_SUCCESS, answer.ask(connection.client, name_information));
    EXPECT_EQ(answer.text(), "");
}

ALPC_TEST(Objects, NameWithoutRoomTellsTheRoomItNeeds, "lpc 16", "docs", medium) {
    const std::string name = port_name();
    const Port port = create_port(name);
    StringAnswer answer;
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, answer.ask(port, name_information, 4));
    EXPECT_STATUS(STATUS_BUFFER_OVERFLOW, answer.ask(port, name_information, sizeof(UNICODE_STRING) + 2));
    EXPECT_EQ(answer.needed, sizeof(UNICODE_STRING) + (name.size() + 1) * sizeof(WCHAR));
}

ALPC_TEST(Objects, CreatorHasAllAccess, "lpc 16", "docs", high) {
    const Port port = create_port(port_name());
    BasicInformation basic{};
    EXPECT_STATUS(STATUS_SUCCESS,
                  NtQueryObject(port.get(), basic_information, &basic, sizeof(basic), nullptr));
    EXPECT_EQ(basic.granted_access, 0x1F0001u);
    EXPECT_EQ(basic.handle_count, 1u);
    EXPECT_GE(basic.pointer_count, 1u);
}

ALPC_TEST(Objects, DuplicateIsTheSamePort, "3.3", "docs", high) {
    const std::string name = port_name();
    Port port = create_port(name);
    Port copy;
    ASSERT_STATUS(STATUS_SUCCESS, duplicate(port, copy));
    EXPECT_NE(port.get(), copy.get());
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    StringAnswer answer;
    EXPECT_STATUS(STATUS_SUCCESS, answer.ask(copy, name_information));
    EXPECT_EQ(answer.text(), name);
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    Message<> request;
    EXPECT_STATUS(STATUS_SUCCESS, receive(copy, request));
}

ALPC_TEST(Objects, DuplicateCanCloseItsSource, "3.3", "docs", high) {
    Port port = create_port(port_name());
    Port copy;
    ASSERT_STATUS(STATUS_SUCCESS, duplicate(port, copy, DUPLICATE_CLOSE_SOURCE));
    const Port closed(port.release());
    Message<> message;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(copy, message, nullptr, at_once));
    if (closed.get() != copy.get()) EXPECT_FAILURE(receive(closed, message, nullptr, at_once));
}

ALPC_TEST(Objects, LastOfSeveralHandlesEndsTheConnection, "3.3", "docs", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Port copy;
    ASSERT_STATUS(STATUS_SUCCESS, duplicate(connection.client, copy));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    Message<> notice;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, notice, nullptr, short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, copy.close());
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.kind(), unsigned{LPC_PORT_CLOSED});
}

}  // namespace
}  // namespace ntalpc::conformance
