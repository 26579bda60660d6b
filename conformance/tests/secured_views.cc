// SPDX-License-Identifier: LGPL-2.1-or-later
// Views in the secured form: what the receiver has checked stays as it is.
#include "conformance/harness/views.h"

namespace ntalpc::conformance {
namespace {

ALPC_TEST(SecuredViews, ReceiverFindsTheContentAndTheFlag, "V10", "OVMM test_view", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.server, made, 4096, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.server, made.view, secured_and_released, 0));
    // V11
    ASSERT_STATUS(STATUS_SUCCESS, delete_section(connection.server, made.section));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.client, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_NE(received.view().Flags & ALPC_VIEWFLG_SECURED_ACCESS, 0u);
    EXPECT_EQ(received.view().ViewSize, SIZE_T{4096});
    EXPECT_TRUE(is_filled(received.view(), 0xCD));
    // V12
    EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.client, received, true));
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
}

ALPC_TEST(SecuredViews, ReceiverCannotWrite, "V18", "OVMM (relies on it), P0, INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, secured_and_released));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(access_to(received.view().ViewBase), Access::read);
    EXPECT_FALSE(allow_writing(received.view().ViewBase, page));
}

ALPC_TEST(SecuredViews, SenderCannotWriteMeanwhile, "8.3", "WI (secured virtual memory)", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, 3 * page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::read);
    EXPECT_FALSE(allow_writing(made.view.ViewBase, made.view.ViewSize));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0xCD));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::read);
    // Once it is given back the sender goes on where it was.
    ASSERT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received, true));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
    EXPECT_TRUE(is_filled(made.view, 0xCD));
    std::memset(made.view.ViewBase, 0xEF, made.view.ViewSize);
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    ReceivedView again;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.listener, again));
    ASSERT_TRUE(again.has_view());
    EXPECT_TRUE(is_filled(again.view(), 0xEF));
    // The same when the receiver only deletes the view.
    ASSERT_STATUS(STATUS_SUCCESS, delete_view(connection.listener, again.view().ViewBase));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
}

ALPC_TEST(SecuredViews, RegionHasTwoViewsAtMost, "8.4", "WI, status inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_STATUS(STATUS_RESOURCE_IN_USE,
                  send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_STATUS(STATUS_RESOURCE_IN_USE, send_view(connection.client, made.view, 0));
}

ALPC_TEST(SecuredViews, OtherReceiverMustNotHaveItWritable, "8.4", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(access_to(received.view().ViewBase), Access::write);
    EXPECT_STATUS(STATUS_RESOURCE_IN_USE,
                  send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
    ASSERT_STATUS(STATUS_SUCCESS, delete_view(connection.listener, received.view().ViewBase));
    EXPECT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
}

ALPC_TEST(SecuredViews, NeedASecureSection, "8.3", "WI, status inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
}

ALPC_TEST(SecuredViews, SenderMayDeleteItsView, "8.4", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(connection.client, made.view.ViewBase));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(connection.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0xCD));
}

ALPC_TEST(SecuredViews, UnreadMessageGivesTheViewBack, "8.4", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, page, 0xCD, secure_section));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(connection.client, made.view, ALPC_VIEWFLG_SECURED_ACCESS));
    ASSERT_STATUS(STATUS_SUCCESS, connection.listener.close());
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send_view(connection.client, made.view, 0));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
    EXPECT_TRUE(is_filled(made.view, 0xCD));
}

}  // namespace
}  // namespace ntalpc::conformance
