// SPDX-License-Identifier: LGPL-2.1-or-later
// Several connections to one port, and unusual messages between many usual ones: order, polls, notices and
// questions about senders, on connections over which enough has gone that an implementation may have found a
// faster way.
#include <chrono>
#include <cstring>

#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

// A connection of its own to a port that another connection has made.
struct Branch {
    Port server, client;

    void make(const Port& listener, const std::string& name) {
        Message<> request, reply;
        ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
        ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
        ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, request.get()));
        ASSERT_STATUS(STATUS_SUCCESS, receive(client, reply));
    }
    // As many datagrams there and back as make a connection well used.
    void use(const Port& listener) const {
        for (int i = 0; i < 100; ++i) pass(listener, "one of many");
    }
    void send_text(const std::string& text) const {
        Message<> message(text);
        ASSERT_STATUS(STATUS_SUCCESS, send(client, message.get(), release));
    }
    // No message takes part in it, but an implementation may change its way for this connection.
    void ask_about_the_port() const {
        ALPC_BASIC_INFORMATION information{};
        ASSERT_STATUS(STATUS_SUCCESS,
                      api().NtAlpcQueryInformation(client.get(), AlpcBasicInformation, PVOID{&information},
                                                   ULONG{sizeof(information)}, PULONG{}));
    }
    void pass(const Port& listener, const std::string& text) const {
        ASSERT_NO_FATAL_FAILURE(send_text(text));
        Message<> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(listener, received));
        ASSERT_EQ(received.data(), text);
    }
};

struct TwoBranches {
    Port listener = create_port(port_name());
    Branch first, second;

    void make() {
        ASSERT_NO_FATAL_FAILURE(first.make(listener, port_name()));
        ASSERT_NO_FATAL_FAILURE(second.make(listener, port_name()));
    }
    void expect_next(const std::string& text) const {
        Message<> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(listener, received, nullptr, at_once));
        ASSERT_EQ(received.data(), text);
    }
    auto receive_in_thread() const {
        return Thread([this] {
            Message<> received;
            EXPECT_STATUS(STATUS_SUCCESS, receive(listener, received));
            return received.data();
        });
    }
};

void send_by_turns(const TwoBranches& branches) {
    for (int i = 0; i < 200; ++i) {
        const std::string number = std::to_string(i);
        ASSERT_NO_FATAL_FAILURE(branches.second.send_text("second " + number));
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("first " + number));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("second " + number));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("first " + number));
    }
}

ALPC_TEST(MixedTraffic, TwoUsedConnectionsKeepTheOrderOfSending, "3.3, M41", "OVMM, WI", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    branches.second.use(branches.listener);
    send_by_turns(branches);
}

ALPC_TEST(MixedTraffic, AUsedAndANewConnectionKeepTheOrderOfSending, "3.3, M41", "OVMM, WI", high) {
    for (int i = 0; i < 20; ++i) {
        TwoBranches branches;
        branches.listener = create_port(port_name(std::to_string(i)));
        ASSERT_NO_FATAL_FAILURE(branches.first.make(branches.listener, port_name(std::to_string(i))));
        branches.first.use(branches.listener);
        ASSERT_NO_FATAL_FAILURE(branches.second.make(branches.listener, port_name(std::to_string(i))));
        for (int j = 0; j < 10; ++j) {
            ASSERT_NO_FATAL_FAILURE(branches.first.send_text("first"));
            ASSERT_NO_FATAL_FAILURE(branches.second.send_text("second"));
            ASSERT_NO_FATAL_FAILURE(branches.expect_next("first"));
            ASSERT_NO_FATAL_FAILURE(branches.expect_next("second"));
        }
    }
}

ALPC_TEST(MixedTraffic, AQuestionAboutOneConnectionLeavesTheOrderAsItIs, "3.3, M41", "OVMM, WI", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    for (int i = 0; i < 20; ++i) {
        ASSERT_NO_FATAL_FAILURE(branches.second.ask_about_the_port());
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("a"));
        ASSERT_NO_FATAL_FAILURE(branches.second.send_text("b"));
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("c"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("a"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("b"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("c"));
    }
}

// The port is not only looked at where the last message came from.
ALPC_TEST(MixedTraffic, APollSeesWhatAnyConnectionHasSent, "6.1, M41", "WI", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    branches.second.use(branches.listener);
    for (int i = 0; i < 100; ++i) {
        const Branch& one = i % 3 == 0 ? branches.second : branches.first;
        ASSERT_NO_FATAL_FAILURE(one.send_text("message"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("message"));
    }
    auto waiting = branches.receive_in_thread();
    EXPECT_FALSE(waiting.done(short_wait));
    ASSERT_NO_FATAL_FAILURE(branches.second.send_text("for the thread that waits"));
    EXPECT_EQ(waiting.join(), "for the thread that waits");
    ASSERT_NO_FATAL_FAILURE(branches.first.send_text("first"));
    ASSERT_NO_FATAL_FAILURE(branches.expect_next("first"));
}

// What has woken a thread says nothing of what came before.
ALPC_TEST(MixedTraffic, AThreadThatHasWaitedKeepsTheOrderOfSending, "3.3, M41", "OVMM, WI", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    branches.second.use(branches.listener);
    for (int i = 0; i < 3; ++i) {
        auto waiting = branches.receive_in_thread();
        EXPECT_FALSE(waiting.done(short_wait));
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("for the thread that waits"));
        EXPECT_EQ(waiting.join(), "for the thread that waits");
        ASSERT_NO_FATAL_FAILURE(branches.second.send_text("second"));
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("first"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("second"));
        ASSERT_NO_FATAL_FAILURE(branches.expect_next("first"));
    }
}

// A call that sends and then waits, and a question about the port while it does.
ALPC_TEST(MixedTraffic, AQuestionDuringACallSendsNothingAgain, "3.3, M02", "OVMM, WI", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    const Branch& branch = branches.first;
    branch.use(branches.listener);
    Thread calling([&] {
        Message<> message("request"), answer;
        SIZE_T length = answer.size();
        EXPECT_STATUS(STATUS_SUCCESS,
                      api().NtAlpcSendWaitReceivePort(branch.client.get(), ULONG{0}, message.get(),
                                                      PALPC_MESSAGE_ATTRIBUTES{}, answer.get(), &length,
                                                      PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
        return answer.data();
    });
    Message<> received, again;
    ASSERT_STATUS(STATUS_SUCCESS, receive(branches.listener, received));
    EXPECT_FALSE(calling.done(short_wait));
    ASSERT_NO_FATAL_FAILURE(branch.ask_about_the_port());
    EXPECT_FALSE(calling.done(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(branches.listener, received, "answer"));
    EXPECT_EQ(calling.join(), "answer");
    EXPECT_STATUS(STATUS_TIMEOUT, receive(branches.listener, again, nullptr, at_once));
}

// A call that waits with a limit, and a question about the port while it does. What it took from the
// beginning counts, and what is left is much longer than a slow machine takes to say so.
ALPC_TEST(MixedTraffic, AQuestionDuringACallLeavesItsTimeLimit, "6.1, M43", "ROST, INF", medium) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds limit{3000}, until_question{2500}, well_before_twice{5000};
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    const auto begin = Clock::now();
    auto calling = request_in_thread(branches.first.client, "request", limit);
    EXPECT_FALSE(calling.done(until_question));
    ASSERT_NO_FATAL_FAILURE(branches.first.ask_about_the_port());
    EXPECT_STATUS(STATUS_TIMEOUT, calling.join().status);
    EXPECT_LT(Clock::now() - begin, well_before_twice);
}

ALPC_TEST(MixedTraffic, ANoticeIsReceivedAfterManyRequests, "6.5", "WineFork", medium) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    const Branch& branch = branches.first;
    branch.use(branches.listener);
    Message<> question("question"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(branch.client, question.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(branches.listener, received));
    ALPC_CONTEXT_ATTR context{};
    context.MessageId = received.id();
    context.CallbackId = received.callback_id();
    context.PortContext = nullptr;
    EXPECT_TRUE(NT_SUCCESS(api().NtAlpcCancelMessage(branches.listener.get(), ULONG{0}, &context)));
    const ULONG canceled = received.id();
    for (int i = 0; i < 100; ++i) {
        auto client = request_in_thread(branch.client, "request");
        ASSERT_STATUS(STATUS_SUCCESS, receive(branches.listener, received));
        ASSERT_STATUS(STATUS_SUCCESS, send_answer(branches.listener, received, "answer"));
        ASSERT_STATUS(STATUS_SUCCESS, client.join().status);
    }
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(branch.client, notice));
    EXPECT_EQ(notice.kind(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.id(), canceled);
}

ALPC_TEST(MixedTraffic, EveryMessageNamesTheSameToken, "M19", "P4W advanced output", high) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    ALPC_TOKEN_ATTR first{};
    for (int i = 0; i < 60; ++i) {
        if (i % 7 == 0) {
            ASSERT_NO_FATAL_FAILURE(branches.first.ask_about_the_port());
        }
        ASSERT_NO_FATAL_FAILURE(branches.first.send_text("message"));
        Message<> received;
        Attributes attributes(ALPC_MESSAGE_TOKEN_ATTRIBUTE);
        ASSERT_STATUS(STATUS_SUCCESS, receive(branches.listener, received, attributes.get()));
        ASSERT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_TOKEN_ATTRIBUTE});
        if (i == 0) first = attributes.token();
        ASSERT_EQ(std::memcmp(&attributes.token(), &first, sizeof(first)), 0) << i;
    }
}

ALPC_TEST(MixedTraffic, TheSenderOfADatagramIsKnownAfterTenMore, "10.1", "CSK", medium) {
    TwoBranches branches;
    ASSERT_NO_FATAL_FAILURE(branches.make());
    branches.first.use(branches.listener);
    ASSERT_NO_FATAL_FAILURE(branches.first.send_text("asked about"));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(branches.listener, received));
    for (int i = 0; i < 10; ++i) branches.first.pass(branches.listener, "one more");
    constexpr ACCESS_MASK query_limited = 0x1000;
    OBJECT_ATTRIBUTES empty{};
    empty.Length = sizeof(empty);
    Port process;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcOpenSenderProcess(process.put(), branches.listener.get(),
                                                                received.get(), 0u, query_limited, &empty));
}

}  // namespace
}  // namespace ntalpc::conformance
