// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles in messages that come through a completion list.
#include "conformance/harness/completion_list.h"
#include "conformance/harness/passing.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

// Every handle arrives with its own message, also when several come in one go.
ALPC_TEST(CompletionLists, HandlesComeWithTheirMessages, "15.1", "PHNT, INF", medium) {
    constexpr int count = 4;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, ALPC_MESSAGE_HANDLE_ATTRIBUTE));
    std::vector<Port> files;
    for (int i = 0; i < count; ++i) {
        Message<> plain("plain"), message("with a handle");
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, plain.get(), release));
        files.push_back(make_file());
        Passing passing(files.back().get());
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, passing.get()));
    }
    for (int i = 0; i < 2 * count; ++i) {
        PALPC_MESSAGE_ATTRIBUTES attributes = nullptr;
        PORT_MESSAGE* const message = list.wait(connection.listener, &attributes);
        ASSERT_NE(message, nullptr);
        ASSERT_NE(attributes, nullptr);
        EXPECT_EQ(data_of(message), i % 2 == 0 ? "plain" : "with a handle");
        EXPECT_EQ(attributes->ValidAttributes & ALPC_MESSAGE_HANDLE_ATTRIBUTE,
                  i % 2 == 0 ? 0u : ULONG{ALPC_MESSAGE_HANDLE_ATTRIBUTE});
        if (i % 2 == 0) continue;
        const auto* const handle = static_cast<ALPC_HANDLE_ATTR*>(
            api().AlpcGetMessageAttribute(attributes, ULONG{ALPC_MESSAGE_HANDLE_ATTRIBUTE}));
        ASSERT_NE(handle, nullptr);
        const Port taken(handle->Handle);
        EXPECT_TRUE(
            is_same_object(ObjectKind::file, files[static_cast<std::size_t>(i / 2)].get(), taken.get()));
    }
}

}  // namespace
}  // namespace ntalpc::conformance
