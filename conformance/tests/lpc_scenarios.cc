// SPDX-License-Identifier: LGPL-2.1-or-later
// How the components of Windows use legacy ports: the subsystem CSR, the session manager, LSA and its
// reference monitor, the event log, services. Each test plays one conversation with both of its sides, under
// names of its own, message by message as the components have it.
#include <cstring>
#include <optional>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

struct ApiMessage {
    ULONG number;
    NTSTATUS status;
    ULONG_PTR pointer;
};

lpc::Message api_message(const ApiMessage& api) {
    return lpc::Message(std::string_view(reinterpret_cast<const char*>(&api), sizeof(api)));
}

ApiMessage api_of(lpc::Message& message) {
    const std::string data = message.data();
    ApiMessage api{};
    std::memcpy(&api, data.data(), std::min(data.size(), sizeof(api)));
    return api;
}

// ---- CSR: views, a pointer that both sides understand, one buffer for request and reply ----

struct CsrInformation {
    ULONG_PTR shared_base;
    ULONG process;
};

constexpr SIZE_T capture_size = 0x10000;

// The server: upper-cases what the request's pointer names in the client's view, then replies with its next
// receive on the client's port, then meets the end.
void serve_csr(const Port& api_port) {
    lpc::Message message;
    PVOID context = lpc::test_context();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(api_port, message, &context));
    ASSERT_EQ(message.type(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(message.header().ClientViewSize, capture_size);
    EXPECT_EQ(context, nullptr);
    CsrInformation information{0x7F6F0000, 42};
    message.set_data(std::string_view(reinterpret_cast<char*>(&information), sizeof(information)));
    REMOTE_PORT_VIEW captured = lpc::empty_view();
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS,
                  lpc::accept(server, message, {.context = lpc::test_context(), .client_view = &captured}));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(server));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(api_port, message, &context));
    ASSERT_EQ(message.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(context, lpc::test_context());
    ApiMessage api = api_of(message);
    char* const text = reinterpret_cast<char*>(api.pointer);
    char* const base = static_cast<char*>(captured.ViewBase);
    ASSERT_TRUE(text >= base && text < base + captured.ViewSize);
    for (char* at = text; *at; ++at) *at = static_cast<char>(*at - 'a' + 'A');
    api.status = STATUS_SUCCESS;
    lpc::Message reply =
        lpc::answer_to(message, std::string_view(reinterpret_cast<char*>(&api), sizeof(api)));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply_and_receive(server, reply, message, &context));
    EXPECT_EQ(context, lpc::test_context());
    const unsigned first_notice = message.type();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(api_port, message, &context));
    EXPECT_EQ(context, lpc::test_context());
    // Which comes first depends on the version: the port closes while the thread is registered.
    EXPECT_EQ(first_notice + message.type(), unsigned{LPC_CLIENT_DIED} + unsigned{LPC_PORT_CLOSED});
}

void be_a_csr_client() {
    lpc::Section section(capture_size);
    PORT_VIEW own = lpc::view_of(section, capture_size);
    REMOTE_PORT_VIEW shared = lpc::empty_view();
    CsrInformation information{};
    ULONG length = sizeof(information);
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::connect(client.put(), port_name(),
                                               {.client_view = &own,
                                                .server_view = &shared,
                                                .information = &information,
                                                .information_length = &length}));
    ASSERT_STATUS(STATUS_SUCCESS, section.close());
    EXPECT_EQ(length, sizeof(information));
    EXPECT_EQ(information.process, 42u);
    ASSERT_STATUS(STATUS_SUCCESS, api().NtRegisterThreadTerminatePort(client.get()));
    char* const text = static_cast<char*>(own.ViewBase) + 0x80;
    const ULONG_PTR delta =
        reinterpret_cast<ULONG_PTR>(own.ViewRemoteBase) - reinterpret_cast<ULONG_PTR>(own.ViewBase);
    std::strcpy(text, "captured");
    lpc::Message message =
        api_message({0x00010014, STATUS_UNSUCCESSFUL, reinterpret_cast<ULONG_PTR>(text) + delta});
    ASSERT_STATUS(STATUS_SUCCESS, lpc::request(client, message, message));
    const ApiMessage answer = api_of(message);
    EXPECT_EQ(answer.number, 0x00010014u);
    EXPECT_STATUS(STATUS_SUCCESS, answer.status);
    EXPECT_EQ(reinterpret_cast<char*>(answer.pointer - delta), text);
    EXPECT_STREQ(text, "CAPTURED");
}

ALPC_TEST(LpcScenarios, CsrClientConnectsAndCalls, "section 18.1", "ReactOS", high) {
    const Port api_port = lpc::create_port(port_name());
    Thread client([] { be_a_csr_client(); });
    serve_csr(api_port);
    client.join();
}

ALPC_TEST(LpcScenarios, CsrTurnsAnUnknownClientAway, "A159", "ReactOS", high) {
    const Port api_port = lpc::create_port(port_name());
    lpc::Section section(capture_size);
    PORT_VIEW own = lpc::view_of(section, capture_size);
    auto client = lpc::connect_in_thread(port_name(), {.client_view = &own});
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(api_port, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    const lpc::ConnectResult result = client.join();
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, result.status);
    EXPECT_EQ(result.port, lpc::untouched_handle());
}

// S-1-5-18 is what a client of CSR demands; the test is not that, unless the system itself runs it.
ALPC_TEST(LpcScenarios, CsrThatIsNotTheSystem, "A160", "ReactOS", high) {
    unsigned char local_system[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
    const Port api_port = lpc::create_port(port_name());
    Thread client([&local_system] {
        Port port;
        return lpc::connect(port.put(), port_name(), {.server_sid = local_system});
    });
    lpc::Message message;
    while (!client.done()) {
        if (lpc::receive(api_port, message, nullptr, short_wait) != STATUS_SUCCESS) continue;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
        client.join();
        throw CannotTest{"this process runs as LocalSystem"};
    }
    EXPECT_STATUS(STATUS_SERVER_SID_MISMATCH, client.join());
}

// ---- SMSS: the session manager connects back to who connects to it ----

// The subsystem's thread behind its own port: takes the connection back.
NTSTATUS take_connection_back(const Port& port, Port& server) {
    lpc::Message message;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(port, message));
    EXPECT_EQ(message.type(), unsigned{LPC_CONNECTION_REQUEST});
    const NTSTATUS status = lpc::accept(server, message);
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(server));
    return status;
}

ALPC_TEST(LpcScenarios, SessionManagerConnectsBack, "A161", "ReactOS", high) {
    const std::string sb_name = port_name("-Sb");
    const Port sm_port = lpc::create_port(port_name("-Sm"));
    const Port sb_port = lpc::create_port(sb_name);
    Port sb_server;
    Thread subsystem_thread([&] { return take_connection_back(sb_port, sb_server); });
    std::string information = sb_name;
    ULONG length = static_cast<ULONG>(information.size());
    auto subsystem = lpc::connect_in_thread(
        port_name("-Sm"), {.information = information.data(), .information_length = &length});
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(sm_port, message));
    const std::string back = message.data();
    EXPECT_EQ(back, sb_name);
    Port sm_server, sb_client;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(sm_server, message, {.context = lpc::test_context()}));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(sm_server));
    // Still in the handler of the first connection.
    ASSERT_STATUS(STATUS_SUCCESS, lpc::connect(sb_client.put(), back));
    const lpc::ConnectResult result = subsystem.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    const Port subsystem_client(result.port);
    ASSERT_STATUS(STATUS_SUCCESS, subsystem_thread.join());

    // Both connections carry requests, one inside the handler of the other.
    auto starting = lpc::request_in_thread(subsystem_client, "start a program");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(sm_port, message));
    Thread creating([&sb_port] {
        lpc::Message create;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(sb_port, create));
        return lpc::reply(sb_port, create);
    });
    lpc::Message inner("create a process"), inner_answer;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::request(sb_client, inner, inner_answer));
    EXPECT_STATUS(STATUS_SUCCESS, creating.join());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(sm_port, message));
    EXPECT_STATUS(STATUS_SUCCESS, starting.join().status);
}

ALPC_TEST(LpcScenarios, SessionManagerTakesBothLengths, "A162", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    for (const std::size_t total : {header_size + sizeof(ApiMessage), header_size + 0x100}) {
        Thread client([&connection, total] {
            lpc::Message message = api_message({1, STATUS_SUCCESS, 0});
            message.header().u1.s1.TotalLength = static_cast<SHORT>(total);
            return lpc::request(connection.client, message, message);
        });
        lpc::Message message;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message));
        EXPECT_EQ(message.total_length(), total);
        EXPECT_EQ(message.data_length(), sizeof(ApiMessage));
        EXPECT_EQ(api_of(message).number, 1u);
        EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, message));
        EXPECT_STATUS(STATUS_SUCCESS, client.join());
    }
}

// ---- LSA: a registration, a reason for a refusal, a reply that is not lost ----

struct LsaInformation {
    NTSTATUS status;
    ULONG mode;
    char logon_process[120 - 2 * sizeof(ULONG)];
};
static_assert(sizeof(LsaInformation) <= 200);

LsaInformation answered_information(lpc::Message& request, NTSTATUS status) {
    LsaInformation information{};
    const std::string data = request.data();
    std::memcpy(&information, data.data(), std::min(data.size(), sizeof(information)));
    information.status = status;
    information.mode = 0x43218765;
    request.set_data(std::string_view(reinterpret_cast<char*>(&information), sizeof(information)));
    return information;
}

ALPC_TEST(LpcScenarios, LogonProcessRegistersAndLeaves, "A163", "ReactOS", high) {
    const Port lsa_port = lpc::create_port(port_name(), {.max_information = sizeof(LsaInformation)});
    Thread winlogon([] {
        LsaInformation information{STATUS_UNSUCCESSFUL, 0, "Winlogon"};
        ULONG length = sizeof(information);
        Port client;
        EXPECT_STATUS(STATUS_SUCCESS,
                      lpc::connect(client.put(), port_name(),
                                   {.information = &information, .information_length = &length}));
        EXPECT_STATUS(STATUS_SUCCESS, information.status);
        EXPECT_EQ(information.mode, 0x43218765u);
        lpc::Message message = api_message({1, STATUS_UNSUCCESSFUL, 0});
        return lpc::request(client, message, message);
    });
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(lsa_port, message));
    EXPECT_STREQ(answered_information(message, STATUS_SUCCESS).logon_process, "Winlogon");
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(server, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(server));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(lsa_port, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(server, message));
    ASSERT_STATUS(STATUS_SUCCESS, server.close());
    EXPECT_STATUS(STATUS_SUCCESS, winlogon.join());
}

ALPC_TEST(LpcScenarios, LogonProcessIsToldWhyNot, "A164", "ReactOS, docs", medium) {
    const Port lsa_port = lpc::create_port(port_name(), {.max_information = sizeof(LsaInformation)});
    LsaInformation information{STATUS_SUCCESS, 0, "Winlogon"};
    ULONG length = sizeof(information);
    auto winlogon =
        lpc::connect_in_thread(port_name(), {.information = &information, .information_length = &length});
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(lsa_port, message));
    answered_information(message, STATUS_PRIVILEGE_NOT_HELD);
    ASSERT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, winlogon.join().status);
    EXPECT_STATUS(STATUS_PRIVILEGE_NOT_HELD, information.status);
}

// ---- Reference monitor and LSA: each connects to the other; both loop on the port of their one client ----

// Accepts one connection that was listened for.
void listen_and_accept(const Port& port, Port& server, REMOTE_PORT_VIEW* view) {
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtListenPort(port.get(), message.get()));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(server, message, {.client_view = view}));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(server));
}

ALPC_TEST(LpcScenarios, MonitorAndLsaConnectToEachOther, "A165", "ReactOS", high) {
    constexpr SIZE_T page = 0x1000;
    const Port rm_port = lpc::create_port(port_name("-Rm"), {.max_information = 4, .max_message = 256});
    const Port lsa_port = lpc::create_port(port_name("-Lsa"), {.max_information = 0, .max_message = 256});
    auto lsa_connecting = lpc::connect_in_thread(port_name("-Rm"));
    Port rm_server, lsa_server;
    ASSERT_NO_FATAL_FAILURE(listen_and_accept(rm_port, rm_server, nullptr));
    const lpc::ConnectResult lsa_result = lsa_connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, lsa_result.status);
    const Port lsa_client(lsa_result.port);
    // The monitor connects before anybody listens.
    const lpc::Section section(page);
    PORT_VIEW own = lpc::view_of(section, page);
    auto rm_connecting = lpc::connect_in_thread(port_name("-Lsa"), {.client_view = &own});
    EXPECT_FALSE(rm_connecting.done(short_wait));
    REMOTE_PORT_VIEW at_lsa = lpc::empty_view();
    ASSERT_NO_FATAL_FAILURE(listen_and_accept(lsa_port, lsa_server, &at_lsa));
    const lpc::ConnectResult rm_result = rm_connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, rm_result.status);
    const Port rm_client(rm_result.port);
    std::strcpy(static_cast<char*>(own.ViewBase), "audit record");
    EXPECT_STREQ(static_cast<char*>(at_lsa.ViewBase), "audit record");
    // Commands in both directions, taken from the ports of the clients.
    auto to_monitor = lpc::request_in_thread(lsa_client, "create logon session");
    auto to_lsa = lpc::request_in_thread(rm_client, "write audit record");
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(rm_server, message));
    EXPECT_EQ(message.data(), "create logon session");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(rm_server, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(lsa_server, message));
    EXPECT_EQ(message.data(), "write audit record");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(lsa_server, message));
    EXPECT_STATUS(STATUS_SUCCESS, to_monitor.join().status);
    EXPECT_STATUS(STATUS_SUCCESS, to_lsa.join().status);
}

ALPC_TEST(LpcScenarios, MonitorHasOneClientOnly, "A166", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto intruder = lpc::connect_in_thread(port_name());
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.server, message));
    ASSERT_EQ(message.type(), unsigned{LPC_CONNECTION_REQUEST});
    ASSERT_STATUS(STATUS_SUCCESS, lpc::refuse(message));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, intruder.join().status);
    auto command = lpc::request_in_thread(connection.client, "command");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.server, message));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, message));
    EXPECT_STATUS(STATUS_SUCCESS, command.join().status);
}

// ---- Event log: datagrams of one client until it goes ----

ALPC_TEST(LpcScenarios, EventLogTakesRecordsUntilTheEnd, "section 18.5", "ReactOS", medium) {
    const Port log_port = lpc::create_port(port_name(), {.max_information = 0, .max_message = 0x100});
    constexpr int records = 20;
    Thread kernel([] {
        Port client;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::connect(client.put(), port_name()));
        for (int i = 0; i < records; ++i) {
            lpc::Message record("record " + std::to_string(i));
            EXPECT_STATUS(STATUS_SUCCESS, lpc::send_datagram(client, record));
        }
    });
    Port server;
    ASSERT_NO_FATAL_FAILURE(listen_and_accept(log_port, server, nullptr));
    lpc::Message message;
    for (int i = 0; i < records; ++i) {
        ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(server, message));
        EXPECT_EQ(message.type(), unsigned{LPC_DATAGRAM});
        EXPECT_EQ(message.data(), "record " + std::to_string(i));
    }
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(log_port, message));
    EXPECT_EQ(message.type(), unsigned{LPC_PORT_CLOSED});
    kernel.join();
}

// ---- Services and LRPC: workers that leave when there is nothing to do ----

ALPC_TEST(LpcScenarios, IdleWorkersLeaveAndBusyOnesStay, "section 18.6", "inferred", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    // Long enough for a busy machine not to lose its workers between two calls.
    static constexpr std::chrono::milliseconds idle{1000};
    const auto work = [&connection] {
        int served = 0;
        lpc::Message message;
        NTSTATUS status = lpc::receive(connection.listener, message, nullptr, idle);
        while (status == STATUS_SUCCESS) {
            ++served;
            lpc::Message reply = lpc::answer_to(message, "done: " + message.data());
            status = lpc::reply_and_receive(connection.listener, reply, message, nullptr, idle);
        }
        EXPECT_STATUS(STATUS_TIMEOUT, status);
        return served;
    };
    Thread one(work), two(work);
    constexpr int calls = 50;
    for (int i = 0; i < calls; ++i) {
        lpc::Message message(std::to_string(i)), answer;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, message, answer));
        ASSERT_EQ(answer.data(), "done: " + std::to_string(i));
    }
    EXPECT_EQ(one.join() + two.join(), calls);
}

// ---- Two services of third parties ----

// One worker per empty datagram that the service sends to its own port.
ALPC_TEST(LpcScenarios, ServiceWakesItsWorkersToEnd, "section 18.8", "Sandboxie", medium) {
    const Port port = lpc::create_port(port_name());
    const auto work = [&port] {
        lpc::Message message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(port, message));
        return message.data_length();
    };
    Thread one(work), two(work), three(work);
    for (int i = 0; i < 3; ++i) {
        lpc::Message empty("");
        EXPECT_STATUS(STATUS_SUCCESS, lpc::send_datagram(port, empty));
    }
    EXPECT_EQ(one.join() + two.join() + three.join(), 0u);
}

// A long message in pieces, each answered by nothing; then the long answer, polled with empty requests.
ALPC_TEST(LpcScenarios, LongMessageInPieces, "section 18.8", "Sandboxie", high) {
    constexpr std::size_t whole = 1000;
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread service([&connection] {
        std::string collected, answer;
        lpc::Message message;
        while (collected.size() < whole || !answer.empty()) {
            EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message));
            if (message.type() != LPC_REQUEST) break;
            collected += message.data();
            if (message.data_length() && collected.size() == whole)
                answer.assign(collected.rbegin(), collected.rend());
            const std::string piece = answer.substr(0, message.data_length() ? 0 : lpc::max_data);
            answer.erase(0, piece.size());
            lpc::Message reply = lpc::answer_to(message, piece);
            EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, reply));
        }
    });
    std::string text;
    while (text.size() < whole) text += std::to_string(text.size()) + " ";
    text.resize(whole);
    for (std::size_t at = 0; at < whole; at += lpc::max_data) {
        lpc::Message piece(text.substr(at, lpc::max_data)), answer;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, piece, answer));
        EXPECT_EQ(answer.total_length(), header_size);
    }
    std::string reversed;
    while (reversed.size() < whole) {
        lpc::Message poll(""), answer;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, poll, answer));
        reversed += answer.data();
    }
    service.join();
    EXPECT_EQ(reversed, std::string(text.rbegin(), text.rend()));
}

}  // namespace
}  // namespace ntalpc::conformance
