// SPDX-License-Identifier: LGPL-2.1-or-later
// NtReadRequestData and NtWriteRequestData: the server of a port reads and writes memory that the client has
// named in its request.
#include <cstddef>
#include <cstring>
#include <numeric>
#include <vector>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

using Bytes = std::vector<unsigned char>;

// A message that offers ranges of memory: the table is all of its data.
lpc::Message offering(std::initializer_list<PORT_DATA_ENTRY> entries) {
    std::string table(offsetof(PORT_DATA_INFORMATION, DataEntries) + entries.size() * sizeof(PORT_DATA_ENTRY),
                      0);
    const auto count = static_cast<ULONG>(entries.size());
    std::memcpy(table.data(), &count, sizeof(count));
    std::copy(
        entries.begin(), entries.end(),
        reinterpret_cast<PORT_DATA_ENTRY*>(table.data() + offsetof(PORT_DATA_INFORMATION, DataEntries)));
    lpc::Message message(table);
    message.header().u2.s2.DataInfoOffset = static_cast<SHORT>(header_size);
    return message;
}

PORT_DATA_ENTRY entry(Bytes& bytes) {
    return {bytes.data(), static_cast<ULONG>(bytes.size())};
}

Bytes counting(std::size_t size) {
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(1));
    return bytes;
}

// Runs `test` as the server of a client that is blocked in a request with the offer, then answers it.
template <class Test>
void with_offer(std::initializer_list<PORT_DATA_ENTRY> entries, Test test) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto client = Thread([&connection, message = offering(entries)]() mutable {
        lpc::Message answer;
        return lpc::request(connection.client, message, answer);
    });
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    test(connection, received);
    auto answer = lpc::answer_to(received, "done");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, answer));
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
}

NTSTATUS read_data(lpc::Connection& connection, lpc::Message& request, ULONG index, Bytes& into,
                   SIZE_T* moved = nullptr) {
    return api().NtReadRequestData(connection.server.get(), request.get(), index, into.data(),
                                   SIZE_T{into.size()}, moved);
}

ALPC_TEST(LpcData, ServerReadsWhatTheClientOffers, "A127", "ReactOS, Sandboxie", high) {
    Bytes offered = counting(1000);
    with_offer({entry(offered)}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(1000);
        SIZE_T moved = 0;
        EXPECT_STATUS(STATUS_SUCCESS, read_data(connection, request, 0, read, &moved));
        EXPECT_EQ(moved, 1000u);
        EXPECT_EQ(read, offered);
    });
}

ALPC_TEST(LpcData, LessThanTheEntryIsItsBeginning, "A128", "ReactOS", medium) {
    Bytes offered = counting(1000);
    with_offer({entry(offered)}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(10);
        EXPECT_STATUS(STATUS_SUCCESS, read_data(connection, request, 0, read));
        EXPECT_EQ(read, Bytes(offered.begin(), offered.begin() + 10));
    });
}

ALPC_TEST(LpcData, MoreThanTheEntry, "A129", "ReactOS", medium) {
    Bytes offered = counting(1000);
    with_offer({entry(offered)}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(1001);
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, read_data(connection, request, 0, read));
    });
}

ALPC_TEST(LpcData, EntryPastTheEnd, "A130", "ReactOS", medium) {
    Bytes offered = counting(16);
    with_offer({entry(offered)}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(16);
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, read_data(connection, request, 1, read));
    });
}

ALPC_TEST(LpcData, ServerWritesWhereTheClientOffers, "A131", "ReactOS", high) {
    Bytes offered(16);
    Bytes written = counting(16);
    with_offer({entry(offered)}, [&](lpc::Connection& connection, lpc::Message& request) {
        SIZE_T moved = 0;
        EXPECT_STATUS(STATUS_SUCCESS, api().NtWriteRequestData(connection.server.get(), request.get(), 0u,
                                                               written.data(), SIZE_T{16}, &moved));
        EXPECT_EQ(moved, 16u);
    });
    EXPECT_EQ(offered, written);
}

ALPC_TEST(LpcData, SeveralEntriesAndMoreThanAMessageHolds, "12.1", "Sandboxie", high) {
    Bytes little = counting(5), large = counting(300'000);
    with_offer({entry(little), entry(large)}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(large.size());
        SIZE_T moved = 0;
        EXPECT_STATUS(STATUS_SUCCESS, read_data(connection, request, 1, read, &moved));
        EXPECT_EQ(moved, large.size());
        EXPECT_EQ(read, large);
    });
}

ALPC_TEST(LpcData, RequestWithoutData, "A132", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto client = lpc::request_in_thread(connection.client, "plain");
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    Bytes read(4);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, read_data(connection, received, 0, read));
    auto answer = lpc::answer_to(received, "done");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, answer));
    EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
}

ALPC_TEST(LpcData, AfterTheReply, "A133", "ReactOS", medium) {
    Bytes offered = counting(16);
    lpc::Message late;
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto client = Thread([&connection, message = offering({entry(offered)})]() mutable {
        lpc::Message answer;
        return lpc::request(connection.client, message, answer);
    });
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, late));
    auto answer = lpc::answer_to(late, "done");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, answer));
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
    Bytes read(16);
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, read_data(connection, late, 0, read));
}

ALPC_TEST(LpcData, TableOutsideOfTheMessage, "A134", "ReactOS", medium) {
    Bytes offered = counting(16);
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    for (const std::size_t offset : {header_size - 8, header_size + 8, header_size + 0x1000}) {
        auto message = offering({entry(offered)});
        message.header().u2.s2.DataInfoOffset = static_cast<SHORT>(offset);
        lpc::Message answer;
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::request(connection.client, message, answer));
    }
}

ALPC_TEST(LpcData, MemoryThatIsNotThere, "A135", "inferred", medium) {
    const PORT_DATA_ENTRY nowhere{reinterpret_cast<PVOID>(ULONG_PTR{0x100}), 64};
    with_offer({nowhere}, [&](lpc::Connection& connection, lpc::Message& request) {
        Bytes read(64);
        constexpr auto partial_copy = static_cast<NTSTATUS>(0x8000000D);
        EXPECT_TRUE(
            is_one_of(read_data(connection, request, 0, read), STATUS_ACCESS_VIOLATION, partial_copy));
    });
}

}  // namespace
}  // namespace ntalpc::conformance
