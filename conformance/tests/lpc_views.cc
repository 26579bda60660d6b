// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections that client and server offer each other when they connect.
#include <cstring>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

constexpr SIZE_T view_size = 0x10000;

// A connection with the views of both sides, as many as were offered.
struct Views {
    PORT_VIEW own_of_client{};
    REMOTE_PORT_VIEW servers_at_client = lpc::empty_view();
    PORT_VIEW own_of_server{};
    REMOTE_PORT_VIEW clients_at_server = lpc::empty_view();
};

struct Shared : lpc::Connection {
    Views views;
};

void share(Shared& shared, const lpc::Section* of_client, const lpc::Section* of_server) {
    Views& views = shared.views;
    if (of_client) views.own_of_client = lpc::view_of(*of_client, view_size);
    if (of_server) views.own_of_server = lpc::view_of(*of_server, view_size);
    shared.listener = lpc::create_port(port_name());
    auto connecting = lpc::connect_in_thread(
        port_name(),
        {.client_view = of_client ? &views.own_of_client : nullptr, .server_view = &views.servers_at_client});
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(shared.listener, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(shared.server, message,
                                              {.context = lpc::test_context(),
                                               .server_view = of_server ? &views.own_of_server : nullptr,
                                               .client_view = &views.clients_at_server}));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(shared.server));
    const lpc::ConnectResult result = connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    shared.client = Port(result.port);
}

char* at(PVOID base, SIZE_T offset = 0) {
    return static_cast<char*>(base) + offset;
}

ALPC_TEST(LpcViews, ServerReadsWhatTheClientWrites, "A061", "ReactOS, docs", high) {
    const lpc::Section section(view_size);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, &section, nullptr));
    const Views& views = shared.views;
    EXPECT_EQ(views.own_of_client.Length, sizeof(PORT_VIEW));
    EXPECT_EQ(views.own_of_client.ViewSize, view_size);
    EXPECT_EQ(views.clients_at_server.Length, sizeof(REMOTE_PORT_VIEW));
    EXPECT_EQ(views.clients_at_server.ViewSize, view_size);
    EXPECT_EQ(views.own_of_client.ViewRemoteBase, views.clients_at_server.ViewBase);
    ASSERT_NE(views.own_of_client.ViewBase, views.clients_at_server.ViewBase);
    std::strcpy(at(views.own_of_client.ViewBase, 0x100), "from the client");
    EXPECT_STREQ(at(views.clients_at_server.ViewBase, 0x100), "from the client");
    std::strcpy(at(views.clients_at_server.ViewBase, view_size - 8), "back");
    EXPECT_STREQ(at(views.own_of_client.ViewBase, view_size - 8), "back");
}

ALPC_TEST(LpcViews, ClientReadsWhatTheServerWrites, "A062", "ReactOS, docs", high) {
    const lpc::Section section(view_size);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, nullptr, &section));
    const Views& views = shared.views;
    EXPECT_EQ(views.servers_at_client.Length, sizeof(REMOTE_PORT_VIEW));
    EXPECT_EQ(views.servers_at_client.ViewSize, view_size);
    EXPECT_EQ(views.own_of_server.ViewRemoteBase, views.servers_at_client.ViewBase);
    ASSERT_NE(views.own_of_server.ViewBase, views.servers_at_client.ViewBase);
    std::strcpy(at(views.own_of_server.ViewBase), "from the server");
    EXPECT_STREQ(at(views.servers_at_client.ViewBase), "from the server");
}

ALPC_TEST(LpcViews, BothWaysAtOnce, "A061, A062", "ReactOS, docs", high) {
    const lpc::Section of_client(view_size), of_server(view_size);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, &of_client, &of_server));
    const Views& views = shared.views;
    std::strcpy(at(views.own_of_client.ViewBase), "from the client");
    std::strcpy(at(views.own_of_server.ViewBase), "from the server");
    EXPECT_STREQ(at(views.clients_at_server.ViewBase), "from the client");
    EXPECT_STREQ(at(views.servers_at_client.ViewBase), "from the server");
}

ALPC_TEST(LpcViews, NothingOfferedNothingMapped, "A063", "ReactOS", medium) {
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, nullptr, nullptr));
    for (const REMOTE_PORT_VIEW& view : {shared.views.clients_at_server, shared.views.servers_at_client}) {
        EXPECT_EQ(view.Length, sizeof(REMOTE_PORT_VIEW));
        EXPECT_EQ(view.ViewSize, 0u);
        EXPECT_EQ(view.ViewBase, nullptr);
    }
}

ALPC_TEST(LpcViews, ViewsOutliveTheSectionHandle, "A064", "ReactOS, phnt", high) {
    lpc::Section section(view_size);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, &section, nullptr));
    ASSERT_STATUS(STATUS_SUCCESS, section.close());
    std::strcpy(at(shared.views.own_of_client.ViewBase), "still there");
    EXPECT_STREQ(at(shared.views.clients_at_server.ViewBase), "still there");
}

ALPC_TEST(LpcViews, ViewLargerThanTheSection, "A065", "inferred", medium) {
    const lpc::Section section(view_size);
    const Port listener = lpc::create_port(port_name());
    PORT_VIEW view = lpc::view_of(section, 2 * view_size);
    HANDLE client = lpc::untouched_handle();
    EXPECT_STATUS(STATUS_INVALID_VIEW_SIZE, lpc::connect(&client, port_name(), {.client_view = &view}));
    EXPECT_EQ(client, lpc::untouched_handle());
}

ALPC_TEST(LpcViews, WholeSectionWithoutASize, "section 4.4", "inferred", low) {
    const lpc::Section section(2 * view_size);
    const Port listener = lpc::create_port(port_name());
    PORT_VIEW view = lpc::view_of(section, 0);
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(
        lpc::add_client(listener, port_name(), server, client, nullptr, {.client_view = &view}));
    EXPECT_EQ(view.ViewSize, 2 * view_size);
}

ALPC_TEST(LpcViews, PartOfASection, "section 4.4", "ReactOS", medium) {
    const lpc::Section section(2 * view_size);
    const Port listener = lpc::create_port(port_name());
    PORT_VIEW whole = lpc::view_of(section, 2 * view_size);
    PORT_VIEW part = lpc::view_of(section, view_size);
    part.SectionOffset = view_size;
    Port servers[2], clients[2];
    ASSERT_NO_FATAL_FAILURE(
        lpc::add_client(listener, port_name(), servers[0], clients[0], nullptr, {.client_view = &whole}));
    ASSERT_NO_FATAL_FAILURE(
        lpc::add_client(listener, port_name(), servers[1], clients[1], nullptr, {.client_view = &part}));
    EXPECT_EQ(part.SectionOffset, view_size);
    EXPECT_EQ(part.ViewSize, view_size);
    std::strcpy(at(part.ViewBase), "second half");
    EXPECT_STREQ(at(whole.ViewBase, view_size), "second half");
}

ALPC_TEST(LpcViews, ViewEndsWithItsPort, "A066", "ReactOS", medium) {
    const lpc::Section of_client(view_size), of_server(view_size);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, &of_client, &of_server));
    const Views& views = shared.views;
    EXPECT_TRUE(lpc::is_mapped(views.own_of_client.ViewBase));
    ASSERT_STATUS(STATUS_SUCCESS, shared.client.close());
    EXPECT_FALSE(lpc::is_mapped(views.own_of_client.ViewBase));
    EXPECT_FALSE(lpc::is_mapped(views.servers_at_client.ViewBase));
    // The server's stay until its own port closes.
    std::strcpy(at(views.clients_at_server.ViewBase), "still there");
    ASSERT_STATUS(STATUS_SUCCESS, shared.server.close());
    EXPECT_FALSE(lpc::is_mapped(views.clients_at_server.ViewBase));
    EXPECT_FALSE(lpc::is_mapped(views.own_of_server.ViewBase));
}

ALPC_TEST(LpcViews, RefusalUnmapsTheClientsView, "section 4.3", "ReactOS", medium) {
    const lpc::Section section(view_size);
    const Port listener = lpc::create_port(port_name());
    PORT_VIEW view = lpc::view_of(section, view_size);
    auto connecting = lpc::connect_in_thread(port_name(), {.client_view = &view});
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
    EXPECT_EQ(view.ViewBase, nullptr);
}

#ifdef _WIN32
ALPC_TEST(LpcViews, PagesAreCommittedLater, "A067", "ReactOS", high) {
    const lpc::Section section(view_size, lpc::Section::Kind::reserved);
    Shared shared;
    ASSERT_NO_FATAL_FAILURE(share(shared, &section, nullptr));
    char* const page = at(shared.views.own_of_client.ViewBase, 0x4000);
    ASSERT_EQ(VirtualAlloc(page, 0x1000, MEM_COMMIT, PAGE_READWRITE), page);
    std::strcpy(page, "committed by the client");
    EXPECT_STREQ(at(shared.views.clients_at_server.ViewBase, 0x4000), "committed by the client");
}
#endif

}  // namespace
}  // namespace ntalpc::conformance
