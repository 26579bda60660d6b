// SPDX-License-Identifier: LGPL-2.1-or-later
// Views in messages that come through a completion list.
#include "conformance/harness/completion_list.h"
#include "conformance/harness/views.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG view_attribute = ALPC_MESSAGE_VIEW_ATTRIBUTE;

ALPC_DATA_VIEW_ATTR* view_in(PALPC_MESSAGE_ATTRIBUTES attributes) {
    if (!(attributes->ValidAttributes & view_attribute)) return nullptr;
    return static_cast<ALPC_DATA_VIEW_ATTR*>(api().AlpcGetMessageAttribute(attributes, view_attribute));
}

// Answers a message of the list and gives back what came with it.
NTSTATUS give_back(const Port& port, const PORT_MESSAGE* received) {
    Message<> answer("");
    answer.header().MessageId = received->MessageId;
    ViewAttributes attributes = ViewAttributes::releasing();
    return send(port, answer.get(), release_message, attributes.get());
}

// Every view arrives with its own message, also when several come in one go.
ALPC_TEST(CompletionLists, ViewsComeWithTheirMessages, "15.1", "PHNT, INF", medium) {
    constexpr unsigned char count = 4;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, view_attribute));
    for (unsigned char i = 0; i < count; ++i) {
        Message<> plain("plain");
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, plain.get(), release_message));
        FilledView made;
        ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, i, secure_section));
        ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, secured_and_released));
    }
    for (unsigned char i = 0; i < 2 * count; ++i) {
        PALPC_MESSAGE_ATTRIBUTES attributes = nullptr;
        PORT_MESSAGE* const message = list.wait(connection.listener, &attributes);
        ASSERT_NE(message, nullptr);
        ASSERT_NE(attributes, nullptr);
        EXPECT_EQ(data_of(message), i % 2 == 0 ? "plain" : "with a view");
        const auto* const view = view_in(attributes);
        EXPECT_EQ(view != nullptr, i % 2 == 1);
        if (!view) continue;
        EXPECT_EQ(view->ViewSize, page);
        EXPECT_EQ(view->SectionHandle, nullptr);
        EXPECT_TRUE(is_filled(*view, i / 2));
        EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, message));
        list.free(message);
    }
}

// The memory belongs to the port, not to the message's place in the list.
ALPC_TEST(CompletionLists, AViewOutlivesItsPlaceInTheList, "15.1, V14", "PHNT, INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, view_attribute));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, 0));
    PALPC_MESSAGE_ATTRIBUTES attributes = nullptr;
    PORT_MESSAGE* const message = list.wait(connection.listener, &attributes);
    ASSERT_NE(message, nullptr);
    ASSERT_NE(view_in(attributes), nullptr);
    const ALPC_DATA_VIEW_ATTR view = *view_in(attributes);
    list.free(message);
    bytes_of(view)[1] = 8;
    EXPECT_EQ(bytes_of(made.view)[1], 8);
    EXPECT_STATUS(STATUS_SUCCESS, list.detach());
    EXPECT_EQ(access_to(view.ViewBase), Access::write);
    connection.listener.close();
    EXPECT_EQ(access_to(view.ViewBase), Access::none);
}

}  // namespace
}  // namespace ntalpc::conformance
