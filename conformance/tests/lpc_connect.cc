// SPDX-License-Identifier: LGPL-2.1-or-later
// Connecting to legacy ports: what the caller can do wrong, what the server sees, accepting, refusing,
// completing, and what both get back. Client and server are threads of one process throughout (A169).
#include <vector>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

NTSTATUS try_to_connect(const std::string& name, const lpc::ConnectOptions& options = {}) {
    HANDLE client = lpc::untouched_handle();
    const NTSTATUS status = lpc::connect(&client, name, options);
    EXPECT_EQ(client, lpc::untouched_handle());
    return status;
}

// Nobody has asked for a connection.
void expect_nothing_queued(const Port& listener) {
    lpc::Message message;
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(listener, message, nullptr, at_once));
}

// ---- Before the server hears of it ----

ALPC_TEST(LpcConnect, NameOfNothing, "A019", "ReactOS", high) {
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, try_to_connect(port_name()));
}

ALPC_TEST(LpcConnect, NameInAnotherCase, "A020", "ReactOS, Sandboxie", high) {
    const Port listener = lpc::create_port(port_name("-Abc"));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, try_to_connect(port_name("-ABC")));
}

ALPC_TEST(LpcConnect, DirectoryInAnotherCase, "A021", "Sandboxie", high) {
    const Port listener = lpc::create_port(port_name());
    const std::string leaf = port_name().substr(std::string("\\RPC Control\\").size());
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, try_to_connect("\\rpc control\\" + leaf));
}

ALPC_TEST(LpcConnect, NameOfAnotherObject, "A022", "ReactOS", high) {
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, try_to_connect("\\RPC Control"));
}

ALPC_TEST(LpcConnect, NameWithoutBackslash, "A023", "ReactOS", high) {
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, try_to_connect("ntalpc-test"));
}

ALPC_TEST(LpcConnect, NameThroughAPort, "section 14", "ReactOS", medium) {
    const Port listener = lpc::create_port(port_name());
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, try_to_connect(port_name() + "\\port"));
}

ALPC_TEST(LpcConnect, EmptyName, "section 14", "ReactOS", medium) {
    EXPECT_STATUS(STATUS_OBJECT_NAME_INVALID, try_to_connect(""));
}

// S-1-1-0, a group that is nobody's user.
ALPC_TEST(LpcConnect, ServerThatIsSomebodyElse, "A026", "ReactOS, Sandboxie", high) {
    unsigned char everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    const Port listener = lpc::create_port(port_name());
    EXPECT_STATUS(STATUS_SERVER_SID_MISMATCH, try_to_connect(port_name(), {.server_sid = everyone}));
    expect_nothing_queued(listener);
}

#ifdef _WIN32
ALPC_TEST(LpcConnect, ServerThatIsWhoItMustBe, "A027", "ReactOS", high) {
    Port token;  // an ordinary handle that closes itself
    ASSERT_TRUE(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, token.put()));
    alignas(TOKEN_USER) unsigned char user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    DWORD length = 0;
    ASSERT_TRUE(GetTokenInformation(token.get(), TokenUser, user, sizeof(user), &length));
    const lpc::ConnectOptions options{.server_sid = reinterpret_cast<TOKEN_USER*>(user)->User.Sid};
    lpc::Connection connection;
    connection.listener = lpc::create_port(port_name());
    lpc::add_client(connection.listener, port_name(), connection.server, connection.client, nullptr, options);
}
#endif

ALPC_TEST(LpcConnect, QualityOfServiceIsNeeded, "A028", "ReactOS, docs", medium) {
    const Port listener = lpc::create_port(port_name());
    Name name(port_name());
    Port client;
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().NtConnectPort(client.put(), name.get(), PSECURITY_QUALITY_OF_SERVICE{}, PPORT_VIEW{},
                                      PREMOTE_PORT_VIEW{}, PULONG{}, PVOID{}, PULONG{}));
    expect_nothing_queued(listener);
}

ALPC_TEST(LpcConnect, LengthOfTheQualityOfServiceDoesNotMatter, "A029", "ReactOS", medium) {
    Name name(port_name());
    SECURITY_QUALITY_OF_SERVICE quality = lpc::quality_of_service();
    quality.Length = 0xDEAD;
    Port client;
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND,
                  api().NtConnectPort(client.put(), name.get(), &quality, PPORT_VIEW{}, PREMOTE_PORT_VIEW{},
                                      PULONG{}, PVOID{}, PULONG{}));
}

ALPC_TEST(LpcConnect, LengthOfTheOwnViewIsCheckedFirst, "A030", "ReactOS", medium) {
    PORT_VIEW view{};
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, try_to_connect(port_name(), {.client_view = &view}));
}

ALPC_TEST(LpcConnect, LengthOfTheServersViewIsCheckedFirst, "A031", "ReactOS", medium) {
    REMOTE_PORT_VIEW view{};
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, try_to_connect(port_name(), {.server_view = &view}));
}

ALPC_TEST(LpcConnect, OfferOfWhatIsNoSection, "A032", "ReactOS", medium) {
    const Port listener = lpc::create_port(port_name());
    PORT_VIEW view{};
    view.Length = sizeof(view);
    view.SectionHandle = listener.get();
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, try_to_connect(port_name(), {.client_view = &view}));
    expect_nothing_queued(listener);
}

ALPC_TEST(LpcConnect, OfferOfASectionThatCannotBeWritten, "A033", "ReactOS", medium) {
    const Port listener = lpc::create_port(port_name());
    const lpc::Section section(0x10000, lpc::Section::Kind::read_only);
    PORT_VIEW view = lpc::view_of(section, 0x10000);
    EXPECT_STATUS(STATUS_ACCESS_DENIED, try_to_connect(port_name(), {.client_view = &view}));
    expect_nothing_queued(listener);
}

// ---- What the server sees ----

// The client's call in its thread, and the request as the server has received it.
struct Attempt {
    explicit Attempt(const lpc::ConnectOptions& options = {}, const std::string& name = port_name())
        : listener(lpc::create_port(name)), connecting(lpc::connect_in_thread(name, options)) {
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(listener, request, &context));
        EXPECT_EQ(request.type(), unsigned{LPC_CONNECTION_REQUEST});
    }

    // After a failure the client must not wait for ever.
    ~Attempt() { listener.close(); }

    // Ends it properly when nothing else is of interest.
    void accept() {
        Port server;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::accept(server, request));
        EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(server));
        const lpc::ConnectResult result = connecting.join();
        ASSERT_STATUS(STATUS_SUCCESS, result.status);
        const Port client(result.port);
    }
    void refuse() {
        EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(request));
        EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
    }

    Port listener;
    decltype(lpc::connect_in_thread(std::string(), {})) connecting;
    lpc::Message request;
    PVOID context = lpc::test_context();
};

ALPC_TEST(LpcConnect, ServerSeesWhoConnectsWithWhat, "A034, A037", "ReactOS apitest", high) {
    char information[] = {'i', 'n', 'f', 'o'};
    ULONG length = sizeof(information);
    Attempt attempt({.information = information, .information_length = &length});
    EXPECT_EQ(attempt.request.data_length(), 4u);
    EXPECT_EQ(attempt.request.total_length(), header_size + 4);
    EXPECT_EQ(attempt.request.data(), "info");
    EXPECT_NE(attempt.request.id(), 0u);
    EXPECT_EQ(attempt.request.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(attempt.context, nullptr);
    const HANDLE sender = attempt.request.header().ClientId.UniqueThread;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(attempt.request));
    EXPECT_EQ(sender, attempt.connecting.join().thread);
}

ALPC_TEST(LpcConnect, ListenReturnsTheRequest, "A034", "ReactOS apitest", high) {
    char information[] = {'i', 'n', 'f', 'o'};
    ULONG length = sizeof(information);
    const Port listener = lpc::create_port(port_name());
    auto connecting =
        lpc::connect_in_thread(port_name(), {.information = information, .information_length = &length});
    lpc::Message request;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtListenPort(listener.get(), request.get()));
    EXPECT_EQ(request.type(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(request.total_length(), header_size + 4);
    EXPECT_EQ(request.data(), "info");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(request));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

ALPC_TEST(LpcConnect, NoInformation, "A035", "Wine test, inferred", high) {
    Attempt attempt;
    EXPECT_EQ(attempt.request.data_length(), 0u);
    EXPECT_EQ(attempt.request.total_length(), header_size);
    EXPECT_EQ(reinterpret_cast<unsigned char*>(attempt.request.get() + 1)[0], lpc::Message::pattern);
    attempt.refuse();
}

ALPC_TEST(LpcConnect, NoView, "A036", "ReactOS", high) {
    Attempt attempt;
    EXPECT_EQ(attempt.request.header().ClientViewSize, 0u);
    attempt.refuse();
}

ALPC_TEST(LpcConnect, SizeOfTheView, "A036", "ReactOS", high) {
    const lpc::Section section(0x10000);
    PORT_VIEW view = lpc::view_of(section, 0x10000);
    Attempt attempt({.client_view = &view});
    EXPECT_EQ(attempt.request.header().ClientViewSize, 0x10000u);
    attempt.refuse();
}

// ---- Refusing ----

ALPC_TEST(LpcConnect, RefusalWritesNoHandles, "A038", "ReactOS apitest", high) {
    Attempt attempt;
    HANDLE server = lpc::untouched_handle();
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAcceptConnectPort(&server, PVOID{}, attempt.request.get(), BOOLEAN{FALSE},
                                            PPORT_VIEW{}, PREMOTE_PORT_VIEW{}));
    EXPECT_EQ(server, lpc::untouched_handle());
    const lpc::ConnectResult result = attempt.connecting.join();
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, result.status);
    EXPECT_EQ(result.port, lpc::untouched_handle());
}

ALPC_TEST(LpcConnect, RefusalBringsInformation, "A039", "ReactOS", medium) {
    char information[] = "question";
    ULONG length = sizeof(information);
    Attempt attempt({.information = information, .information_length = &length});
    attempt.request.set_data("no!");
    attempt.refuse();
    EXPECT_EQ(length, 3u);
    EXPECT_EQ(std::string(information, 3), "no!");
}

ALPC_TEST(LpcConnect, NoNoticeAfterARefusal, "A168", "ReactOS", medium) {
    Attempt attempt;
    attempt.refuse();
    expect_nothing_queued(attempt.listener);
}

// ---- Accepting ----

ALPC_TEST(LpcConnect, AcceptBringsShorterInformation, "A040", "ReactOS", medium) {
    char information[16] = {};
    ULONG length = sizeof(information);
    Attempt attempt({.information = information, .information_length = &length});
    EXPECT_EQ(attempt.request.data_length(), 16u);
    attempt.request.set_data("welcome!");
    attempt.accept();
    EXPECT_EQ(length, 8u);
    EXPECT_EQ(std::string(information, 8), "welcome!");
}

ALPC_TEST(LpcConnect, AcceptBringsLongerInformation, "A041", "ReactOS", medium) {
    char information[8] = {'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
    ULONG length = 4;
    Attempt attempt({.information = information, .information_length = &length});
    attempt.request.set_data("welcome!");
    attempt.accept();
    EXPECT_EQ(length, 4u);
    EXPECT_EQ(std::string(information, 8), "welcaaaa");
}

ALPC_TEST(LpcConnect, MoreInformationThanAnyoneTakes, "A042", "ReactOS", low) {
    // No version hands out more than the port was made for, and this buffer must hold.
    const Port listener = lpc::create_port(port_name(), {.max_information = 260});
    std::vector<char> information(4000, 'x');
    ULONG length = static_cast<ULONG>(information.size());
    auto connecting = lpc::connect_in_thread(
        port_name(), {.information = information.data(), .information_length = &length});
    conformance::Message<0x2000> request;
    LARGE_INTEGER limit = relative(short_wait);
    NTSTATUS status;
    do {
        status = api().NtReplyWaitReceivePortEx(listener.get(), static_cast<PVOID*>(nullptr), PPORT_MESSAGE{},
                                                request.get(), &limit);
    } while (status == STATUS_TIMEOUT && !connecting.done());
    if (status == STATUS_TIMEOUT) {
        EXPECT_FAILURE(connecting.join().status);
        return;
    }
    ASSERT_STATUS(STATUS_SUCCESS, status);
    EXPECT_LE(request.data_length(), 4000u);
    HANDLE unused = nullptr;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAcceptConnectPort(&unused, PVOID{}, request.get(), BOOLEAN{FALSE},
                                                            PPORT_VIEW{}, PREMOTE_PORT_VIEW{}));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

ALPC_TEST(LpcConnect, ClientLearnsTheLimit, "A043", "Sandboxie, ReactOS", high) {
    ULONG max_message = 0;
    Attempt attempt({.max_message = &max_message});
    attempt.accept();
    EXPECT_EQ(max_message, lpc::max_message_length);
}

ALPC_TEST(LpcConnect, AcceptReleasesTheClient, "A045", "phnt", high) {
    Attempt attempt;
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(server, attempt.request));
    const lpc::ConnectResult result = attempt.connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    const Port client(result.port);
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(server));
}

ALPC_TEST(LpcConnect, CompleteTwice, "A046", "phnt", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(connection.server));
}

ALPC_TEST(LpcConnect, CompleteOnOtherPorts, "A047", "phnt", low) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(connection.listener));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(connection.client));
}

// ---- Accepting what is not there; the right request can still be accepted ----

ALPC_TEST(LpcConnect, AcceptOfAnotherId, "A048", "ReactOS", high) {
    Attempt attempt;
    lpc::Message wrong = attempt.request;
    wrong.header().MessageId += 1;
    Port server;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::accept(server, wrong));
    EXPECT_FALSE(attempt.connecting.done());
    attempt.accept();
}

ALPC_TEST(LpcConnect, AcceptOfIdZero, "A049", "ReactOS", medium) {
    Attempt attempt;
    lpc::Message wrong = attempt.request;
    wrong.header().MessageId = 0;
    Port server;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::accept(server, wrong));
    attempt.accept();
}

ALPC_TEST(LpcConnect, AcceptOfAThreadThatIsNot, "A050", "ReactOS", medium) {
    Attempt attempt;
    lpc::Message wrong = attempt.request;
    wrong.header().ClientId.UniqueThread = reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF0});
    Port server;
    EXPECT_STATUS(STATUS_INVALID_CID, lpc::accept(server, wrong));
    attempt.accept();
}

// The thread must still be there, or its absence would be what is told.
ALPC_TEST(LpcConnect, AcceptTwice, "A051", "ReactOS", high) {
    const Port listener = lpc::create_port(port_name());
    std::promise<void> may_end;
    Thread connecting([end = may_end.get_future()]() mutable {
        Port client;
        const NTSTATUS status = lpc::connect(client.put(), port_name());
        end.wait();
        return status;
    });
    lpc::Message request;
    Port server, second;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(listener, request));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::accept(server, request));
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::accept(second, request));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::complete(server));
    may_end.set_value();
    EXPECT_STATUS(STATUS_SUCCESS, connecting.join());
}

ALPC_TEST(LpcConnect, AcceptOfARequest, "A052", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto asking = lpc::request_in_thread(connection.client, "request");
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message));
    Port server;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::accept(server, message));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, message));
    EXPECT_STATUS(STATUS_SUCCESS, asking.join().status);
}

ALPC_TEST(LpcConnect, ReplyToAConnectionRequest, "A053", "ReactOS", high) {
    Attempt attempt;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(attempt.listener, attempt.request));
    EXPECT_FALSE(attempt.connecting.done());
    attempt.accept();
}

ALPC_TEST(LpcConnect, AcceptWithAWrongView, "A055", "ReactOS", medium) {
    Attempt attempt;
    REMOTE_PORT_VIEW wrong{};
    Port server;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::accept(server, attempt.request, {.client_view = &wrong}));
    attempt.accept();
}

// ---- Contexts, several clients, the listener's end ----

ALPC_TEST(LpcConnect, EveryMessageBringsTheContext, "A057", "ReactOS, phnt", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message datagram("datagram"), message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, datagram));
    PVOID context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message, &context));
    EXPECT_EQ(context, lpc::test_context());
    auto asking = lpc::request_in_thread(connection.client, "request");
    context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message, &context));
    EXPECT_EQ(context, lpc::test_context());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, message));
    EXPECT_STATUS(STATUS_SUCCESS, asking.join().status);
    Thread registered([&connection] { return api().NtRegisterThreadTerminatePort(connection.client.get()); });
    EXPECT_STATUS(STATUS_SUCCESS, registered.join());
    for (const unsigned type : {unsigned{LPC_CLIENT_DIED}, unsigned{LPC_PORT_CLOSED}}) {
        if (type == LPC_PORT_CLOSED) {
            ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
        }
        context = nullptr;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message, &context));
        EXPECT_EQ(message.type(), type);
        EXPECT_EQ(context, lpc::test_context());
    }
}

ALPC_TEST(LpcConnect, ServersHandleStandsInForTheContext, "A058", "ReactOS", medium) {
    lpc::Connection connection;
    connection.listener = lpc::create_port(port_name());
    ASSERT_NO_FATAL_FAILURE(
        lpc::add_client(connection.listener, port_name(), connection.server, connection.client, nullptr));
    lpc::Message datagram("datagram"), message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, datagram));
    PVOID context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, message, &context));
    EXPECT_EQ(context, connection.server.get());
}

ALPC_TEST(LpcConnect, ListenerClosesWhileAClientWaits, "A059", "ReactOS", medium) {
    Attempt attempt;
    ASSERT_STATUS(STATUS_SUCCESS, attempt.listener.close());
    EXPECT_TRUE(is_one_of(attempt.connecting.join().status, STATUS_PORT_CONNECTION_REFUSED,
                          STATUS_OBJECT_NAME_NOT_FOUND));
}

ALPC_TEST(LpcConnect, RequestsArriveInOrderAndAreAcceptedInAny, "A060", "inferred", high) {
    char first_text[] = {'1'}, second_text[] = {'2'};
    ULONG length = 1, second_length = 1;
    const Port listener = lpc::create_port(port_name());
    lpc::Message first, second;
    auto first_client =
        lpc::connect_in_thread(port_name(), {.information = first_text, .information_length = &length});
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, first));
    auto second_client = lpc::connect_in_thread(
        port_name(), {.information = second_text, .information_length = &second_length});
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, second));
    EXPECT_EQ(first.data(), "1");
    EXPECT_EQ(second.data(), "2");
    Port first_server, second_server;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(second_server, second));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(second_server));
    const lpc::ConnectResult second_result = second_client.join();
    EXPECT_STATUS(STATUS_SUCCESS, second_result.status);
    EXPECT_FALSE(first_client.done());
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(first_server, first));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(first_server));
    const lpc::ConnectResult first_result = first_client.join();
    EXPECT_STATUS(STATUS_SUCCESS, first_result.status);
    const Port first_port(first_result.port), second_port(second_result.port);
}

}  // namespace
}  // namespace ntalpc::conformance
