// SPDX-License-Identifier: LGPL-2.1-or-later
// Views in messages: what the receiver gets, and when each side's ends.
#include "conformance/harness/views.h"
#include "conformance/harness/lpc.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

class Conversation : public Connection {
  public:
    void start(const PairOptions& options = {}) { ASSERT_NO_FATAL_FAILURE(make_connection(*this, options)); }
    void nothing_more_for(const Port& port) {
        Message<> message;
        EXPECT_STATUS(STATUS_TIMEOUT, receive(port, message, nullptr, at_once));
    }
};

ALPC_TEST(Views, SynchronousRequestCarriesAView, "V05", "P4W test_view_alpc", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, 0x4000, 0x37));
    Thread requesting([&] {
        Message<> message("look"), answer;
        ViewAttributes attributes(made.view, 0);
        SIZE_T length = answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        const NTSTATUS status = api().NtAlpcSendWaitReceivePort(
            talk.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST}, message.get(), attributes.get(), answer.get(),
            &length, PALPC_MESSAGE_ATTRIBUTES{}, &limit);
        EXPECT_EQ(answer.data(), "seen");
        return status;
    });
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_EQ(received.message.kind(), unsigned{LPC_REQUEST});
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0x37));
    // V06
    EXPECT_EQ(received.view().SectionHandle, nullptr);
    EXPECT_EQ(received.view().Flags, 0u);
    EXPECT_EQ(received.view().ViewSize, SIZE_T{0x4000});
    EXPECT_NE(received.view().ViewBase, made.view.ViewBase);
    // V07
    received.attributes.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    received.message.set_data("seen");
    ASSERT_STATUS(STATUS_SUCCESS,
                  send(talk.listener, received.message.get(), release_message, received.attributes.get()));
    EXPECT_STATUS(STATUS_SUCCESS, requesting.join());
    EXPECT_TRUE(is_filled(received.view(), 0x37));
}

ALPC_TEST(Views, BothSidesSeeTheSameMemory, "8.3", "WI", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, 2 * granularity, 0));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(access_to(received.view().ViewBase), Access::write);
    bytes_of(made.view)[granularity] = 7;
    EXPECT_EQ(bytes_of(received.view())[granularity], 7);
    bytes_of(received.view())[3] = 8;
    EXPECT_EQ(bytes_of(made.view)[3], 8);
}

ALPC_TEST(Views, DatagramWithAViewOwesARelease, "V14", "OVMM mesh, UA", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, ALPC_VIEWFLG_AUTO_RELEASE));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_DATAGRAM | LPC_CONTINUATION_REQUIRED});
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, true));
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
    talk.nothing_more_for(talk.client);
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, give_back(talk.listener, received, false));
}

ALPC_TEST(Views, GivingAMessageBackLeavesTheView, "8.4", "WI (views stay for the life of the port)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, false));
    EXPECT_TRUE(is_filled(received.view(), 0x37));
    // V13
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(talk.listener, received.view().ViewBase));
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
}

ALPC_TEST(Views, ReceiverDeletesItsView, "V13", "OVMM, P0", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.server, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.server, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.client, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(talk.client, received.view().ViewBase));
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
    EXPECT_TRUE(is_filled(made.view, 0x37));
    // The message is still to be given back, and there is nothing left to unmap.
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.client, received, true));
}

ALPC_TEST(Views, ReceiverUnmapsItsViewByItself, "8.4", "memory manager", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    unmap(received.view().ViewBase, received.view().ViewSize);
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, true));
    EXPECT_TRUE(is_filled(made.view, 0x37));
}

ALPC_TEST(Views, MessageIsReleasedByCancelingIt, "D18", "UA", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcCancelMessage(talk.listener.get(), ULONG{0}, &received.attributes.context()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, give_back(talk.listener, received, false));
    talk.nothing_more_for(talk.client);
}

ALPC_TEST(Views, AutoReleaseGivesTheSendersViewUp, "8.3", "PHNT, OVMM", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, ALPC_VIEWFLG_AUTO_RELEASE));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, delete_view(talk.client, made.view.ViewBase));
    EXPECT_STATUS(STATUS_SUCCESS, delete_section(talk.client, made.section));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0x37));
}

ALPC_TEST(Views, AutoReleasedViewOfARequestThatTimesOut, "V15", "ROST", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    Message<> message("never answered"), answer;
    ViewAttributes attributes(made.view, ALPC_VIEWFLG_AUTO_RELEASE);
    SIZE_T length = answer.size();
    LARGE_INTEGER limit = relative(short_wait);
    EXPECT_STATUS(STATUS_TIMEOUT,
                  api().NtAlpcSendWaitReceivePort(talk.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST},
                                                  message.get(), attributes.get(), answer.get(), &length,
                                                  PALPC_MESSAGE_ATTRIBUTES{}, &limit));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
    // The notice of the canceled request has no view.
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_FALSE(received.has_view());
}

ALPC_TEST(Views, SenderKeepsAViewThatCouldNotBeSent, "8.3", "INF", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37, secure_section));
    Message<0x2000> too_long(std::string(0x1800, 'x'));
    ViewAttributes attributes(made.view, secured_and_released);
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG,
                  send(talk.client, too_long.get(), release_message, attributes.get()));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
    EXPECT_TRUE(is_filled(made.view, 0x37));
    EXPECT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, secured_and_released));
}

ALPC_TEST(Views, ViewStaysWhenItsSenderDeletesIts, "8.3", "OVMM test_view", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ASSERT_STATUS(STATUS_SUCCESS, delete_view(talk.client, made.view.ViewBase));
    ASSERT_STATUS(STATUS_SUCCESS, delete_section(talk.client, made.section));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0x37));
}

ALPC_TEST(Views, ViewStaysWhenItsSenderGoes, "8.4", "WI (the receiver's port owns it)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    ASSERT_STATUS(STATUS_SUCCESS, talk.client.close());
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
    EXPECT_TRUE(is_filled(received.view(), 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, talk.listener.close());
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
}

ALPC_TEST(Views, UnreadViewGoesWithItsMessage, "6.2", "OVMM test_send_then_close (type 12)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ASSERT_STATUS(STATUS_SUCCESS, talk.client.close());
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_FALSE(received.has_view());
}

ALPC_TEST(Views, ReceiverWithoutRoomGetsNoView, "8.3", "22 (unknown 14)", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(talk.listener, received.message));
    EXPECT_EQ(received.message.type(), unsigned{LPC_DATAGRAM | LPC_CONTINUATION_REQUIRED});
    EXPECT_EQ(received.message.data(), "with a view");
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, true));
}

ALPC_TEST(Views, OneViewIsSentTwice, "8.3", "WI (a region may have several views)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView first, second;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, first));
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, second));
    ASSERT_TRUE(first.has_view() && second.has_view());
    EXPECT_NE(first.view().ViewBase, second.view().ViewBase);
    ASSERT_STATUS(STATUS_SUCCESS, delete_view(talk.listener, first.view().ViewBase));
    EXPECT_TRUE(is_filled(second.view(), 0x37));
}

ALPC_TEST(Views, SeveralRegionsOfASectionTravelApart, "8.3", "OVMM comment (section heap)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(talk.client, &section, 8 * granularity));
    ALPC_DATA_VIEW_ATTR views[8];
    for (int i = 0; i < 8; ++i) {
        ASSERT_STATUS(STATUS_SUCCESS, create_view(talk.client, section, page, &views[i]));
        std::memset(views[i].ViewBase, i, page);
        ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, views[i], ALPC_VIEWFLG_AUTO_RELEASE));
    }
    for (int i = 0; i < 8; ++i) {
        ReceivedView received;
        ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
        ASSERT_TRUE(received.has_view());
        EXPECT_TRUE(is_filled(received.view(), static_cast<unsigned char>(i)));
        ASSERT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, true));
    }
}

ALPC_TEST(Views, FinalReplyWithAViewOwesARelease, "5.5", "PHNT (0x2002), P0's RPC client", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    Message<> question("asks");
    ASSERT_STATUS(STATUS_SUCCESS, send(talk.client, question.get(), 0));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(talk.listener, request));
    // V20: section and view made on the connection port go with replies through it.
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.listener, made, 20480, 0x37));
    auto answer = Message<>::answer(request, "answers");
    ViewAttributes attributes(made.view, 0);
    ASSERT_STATUS(STATUS_SUCCESS, send(talk.listener, answer.get(), release_message, attributes.get()));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.client, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_REPLY | LPC_CONTINUATION_REQUIRED});
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(received.view().ViewSize, SIZE_T{20480});
    EXPECT_TRUE(is_filled(received.view(), 0x37));
    // P0: sent back with flags 0.
    auto back = Message<>::answer(received.message, "");
    ViewAttributes releasing = ViewAttributes::releasing();
    EXPECT_STATUS(STATUS_SUCCESS, send(talk.client, back.get(), 0, releasing.get()));
    EXPECT_EQ(access_to(received.view().ViewBase), Access::none);
    EXPECT_TRUE(is_filled(made.view, 0x37));
}

ALPC_TEST(Views, ViewComesBesideTokenAndContext, "V21", "CSK screenshot", high) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, 20480, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0, 0));
    constexpr ULONG expected =
        ALPC_MESSAGE_VIEW_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE;
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(talk.listener, received, attributes.get()));
    EXPECT_EQ(attributes.valid(), expected);
    EXPECT_EQ(attributes.view().ViewSize, SIZE_T{20480});
    EXPECT_EQ(received.type(), unsigned{LPC_REQUEST | LPC_CONTINUATION_REQUIRED});
}

ALPC_TEST(Views, AcceptCarriesAView, "V19", "TERM", high) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Attributes attributes(ALPC_MESSAGE_VIEW_ATTRIBUTE);
    Port client;
    Message<> greeting("");
    Thread connecting([&] {
        Name target(name);
        ALPC_PORT_ATTRIBUTES limits = port_attributes();
        LARGE_INTEGER limit = relative(long_wait);
        SIZE_T length = greeting.size();
        return api().NtAlpcConnectPort(client.put(), target.get(), POBJECT_ATTRIBUTES{}, &limits,
                                       ULONG{ALPC_MSGFLG_SYNC_REQUEST}, PSID{}, greeting.get(), &length,
                                       PALPC_MESSAGE_ATTRIBUTES{}, attributes.get(), &limit);
    });
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(listener, made, page, 0x37));
    ViewAttributes sent(made.view, 0);
    ALPC_PORT_ATTRIBUTES limits = port_attributes();
    Port server;
    auto answer = Message<>::answer(request, "welcome");
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                                &limits, PVOID{}, answer.get(), sent.get(), BOOLEAN{TRUE}));
    ASSERT_STATUS(STATUS_SUCCESS, connecting.join());
    EXPECT_EQ(greeting.type(), unsigned{LPC_INTERNAL_CONNECTION_REPLY | LPC_CONTINUATION_REQUIRED});
    EXPECT_EQ(greeting.data(), "welcome");
    ASSERT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_VIEW_ATTRIBUTE});
    EXPECT_TRUE(is_filled(attributes.view(), 0x37));
    EXPECT_EQ(access_to(attributes.view().ViewBase), Access::write);
    bytes_of(attributes.view())[1] = 2;
    EXPECT_EQ(bytes_of(made.view)[1], 2);
    // The reply is a live message.
    auto back = Message<>::answer(greeting, "");
    ViewAttributes releasing = ViewAttributes::releasing();
    EXPECT_STATUS(STATUS_SUCCESS, send(client, back.get(), release_message, releasing.get()));
    EXPECT_EQ(access_to(attributes.view().ViewBase), Access::none);
}

ALPC_TEST(Views, AsynchronousConnectGetsTheViewToo, "V19", "TERM, INF", medium) {
    const std::string name = port_name();
    Port listener = create_port(name), client, server;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(listener, made, page, 0x37));
    ViewAttributes sent(made.view, ALPC_VIEWFLG_AUTO_RELEASE);
    ALPC_PORT_ATTRIBUTES limits = port_attributes();
    auto answer = Message<>::answer(request, "welcome");
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                                &limits, PVOID{}, answer.get(), sent.get(), BOOLEAN{TRUE}));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(client, received));
    EXPECT_EQ(received.message.kind(), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
    ASSERT_TRUE(received.has_view());
    EXPECT_TRUE(is_filled(received.view(), 0x37));
}

ALPC_TEST(Views, ReplyReplacesTheReceivedViewByAnother, "8.4", "OVMM (combined with a new view)", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView asked, answered;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, asked, page, 0x11));
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.listener, answered, page, 0x22));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, asked.view, ALPC_VIEWFLG_AUTO_RELEASE, 0));
    ReceivedView request;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, request));
    auto answer = Message<>::answer(request.message, "");
    ViewAttributes attributes(answered.view, ALPC_VIEWFLG_UNMAP_EXISTING | ALPC_VIEWFLG_AUTO_RELEASE);
    ASSERT_STATUS(STATUS_SUCCESS, send(talk.listener, answer.get(), release_message, attributes.get()));
    EXPECT_EQ(access_to(request.view().ViewBase), Access::none);
    EXPECT_EQ(access_to(answered.view.ViewBase), Access::none);
    ReceivedView reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.client, reply));
    ASSERT_TRUE(reply.has_view());
    EXPECT_TRUE(is_filled(reply.view(), 0x22));
}

ALPC_TEST(Views, UnmapExistingWithoutAnything, "3.6", "WineFork", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    Message<> question("asks");
    ASSERT_STATUS(STATUS_SUCCESS, send(talk.client, question.get(), 0));
    ReceivedView request;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, request));
    EXPECT_FALSE(request.has_view());
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.listener, request, true));
}

ALPC_TEST(Views, AttributeMustNameAViewOfThePort, "8.3", "INF", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, 2 * page, 0x37));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send_view(talk.server, made.view, 0));
    ALPC_DATA_VIEW_ATTR wrong = made.view;
    wrong.SectionHandle = reinterpret_cast<ALPC_HANDLE>(ULONG_PTR{0x1234});
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send_view(talk.client, wrong, 0));
    wrong = made.view;
    wrong.ViewBase = bytes_of(wrong) + page;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_view(talk.client, wrong, 0));
    wrong = made.view;
    wrong.ViewSize += 1;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_view(talk.client, wrong, 0));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_view(talk.client, made.view, 0x1));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_view(talk.client, made.view, 0x80000));
    // A received view is not the receiver's to send.
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send_view(talk.server, received.view(), 0));
}

ALPC_TEST(Views, ReceivedAttributesMustNotBeSentBackAsTheyAre, "8.4", "P4W (Windows 7 fails)", low) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, page, 0x37));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, 0, 0));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    EXPECT_FAILURE(send(talk.listener, received.message.get(), release_message, received.attributes.get()));
    EXPECT_STATUS(STATUS_SUCCESS, give_back(talk.listener, received, true));
}

ALPC_TEST(Views, ViewOfASectionObject, "8.1", "PHNT, WI", medium) {
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    lpc::Section object(4 * granularity);
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(talk.client, &section, 4 * granularity, 0, object.get()));
    ALPC_DATA_VIEW_ATTR first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create_view(talk.client, section, granularity, &first));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(talk.client, section, granularity, &second));
    std::memset(first.ViewBase, 1, granularity);
    std::memset(second.ViewBase, 2, granularity);
    ASSERT_STATUS(STATUS_SUCCESS, object.close());
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, second, ALPC_VIEWFLG_AUTO_RELEASE));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(received.view().ViewSize, granularity);
    EXPECT_TRUE(is_filled(received.view(), 2));
}

ALPC_TEST(Views, LargeView, "8", "WI", medium) {
    constexpr SIZE_T large = SIZE_T{32} << 20;
    Conversation talk;
    ASSERT_NO_FATAL_FAILURE(talk.start());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(talk.client, made, large, 0x5A));
    ASSERT_STATUS(STATUS_SUCCESS, send_view(talk.client, made.view, ALPC_VIEWFLG_AUTO_RELEASE));
    ReceivedView received;
    ASSERT_STATUS(STATUS_SUCCESS, receive_view(talk.listener, received));
    ASSERT_TRUE(received.has_view());
    EXPECT_EQ(received.view().ViewSize, large);
    EXPECT_TRUE(is_filled(received.view(), 0x5A));
}

}  // namespace
}  // namespace ntalpc::conformance
