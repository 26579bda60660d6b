// SPDX-License-Identifier: LGPL-2.1-or-later
// Many messages on one connection, of every length, from several threads at once: each arrives once, whole,
// in order, and each request gets its own answer. Nothing but requests, answers and datagrams, so that an
// implementation may choose its fastest way for them; and the same with questions in between that make it
// leave that way and come back to it (mixtures of everything else are in stress.cc).
#include <array>
#include <memory>

#include "conformance/harness/thread.h"
#include "conformance/harness/watchdog.h"
#include "conformance/tests/stress.h"

namespace ntalpc::conformance {
namespace {

using stress::BigMessage;
using stress::Complaints;

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr unsigned char last = 0xFF;

// Short and long ones in turn, and between them every small difference.
std::size_t length_of(std::uint32_t number) {
    constexpr std::array<std::size_t, 8> lengths{0, 1, 40, 600, 7, 3900, 200, 59'000};
    return lengths[number % lengths.size()] + number / lengths.size() % 20;
}

// No two of a test are alike, but for the shortest.
std::string text(std::uint32_t thread, std::uint32_t number) {
    std::string made(length_of(number), '\0');
    std::uint32_t state = (thread * 1'000'003 + number + 1) * 2'654'435'761u;
    for (char& byte : made) {
        state = state * 1'664'525 + 1'013'904'223;
        byte = static_cast<char>(state >> 24 & 0x7F);
    }
    return made;
}

// An answer is made of the whole question, and longer.
std::string answer_to(std::string question) {
    for (char& byte : question) byte = static_cast<char>(byte ^ 0x55);
    return question + "answer";
}

// A connection of a test that takes its time. What went wrong is told at its end.
struct Pair {
    Connection connection;
    Complaints complaints;

    ~Pair() { EXPECT_TRUE(complaints.none()) << complaints.text(); }

    void make() {
        allow_more_time(std::chrono::seconds(60));
        PairOptions options;
        options.listener = options.server = options.client = stress::attributes();
        make_connection(connection, options);
    }

    // What a debugger asks; no message takes part in it.
    void ask_about_the_port() {
        ALPC_BASIC_INFORMATION information{};
        complaints.expect(
            STATUS_SUCCESS,
            api().NtAlpcQueryInformation(connection.client.get(), AlpcBasicInformation, PVOID{&information},
                                         ULONG{sizeof(information)}, PULONG{}),
            "the question about the port");
    }

    // Answers whatever comes until a datagram says that it was the last message.
    void answer_all() {
        const auto message = std::make_unique<BigMessage>();
        for (;;) {
            if (!complaints.expect(STATUS_SUCCESS, receive(connection.listener, *message),
                                   "the server's receive"))
                return;
            if (message->kind() == LPC_DATAGRAM) return;
            const auto answer =
                std::make_unique<BigMessage>(BigMessage::answer(*message, answer_to(message->data())));
            if (!complaints.expect(STATUS_SUCCESS, send(connection.listener, answer->get(), release),
                                   "an answer"))
                return;
        }
    }

    void say_last(int threads) {
        for (int i = 0; i < threads; ++i) {
            Message<> message(std::string_view(reinterpret_cast<const char*>(&last), 1));
            complaints.expect(STATUS_SUCCESS, send(connection.client, message.get(), release),
                              "the last message");
        }
    }

    void ask(std::uint32_t thread, std::uint32_t number) {
        const std::string question = text(thread, number);
        const auto message = std::make_unique<BigMessage>(question);
        const auto answer = std::make_unique<BigMessage>();
        if (!complaints.expect(STATUS_SUCCESS, request(connection.client, *message, *answer), "a request"))
            return;
        if (answer->kind() != LPC_REPLY || answer->data() != answer_to(question)) {
            complaints.add("the answer to request " + std::to_string(number) + " of thread " +
                           std::to_string(thread) + " is another or damaged");
        }
    }
};

// Server threads, and what ends them.
class Servants {
  public:
    Servants(Pair& pair, int count) : pair_(pair) {
        for (int i = 0; i < count; ++i) threads_.emplace_back([&pair] { pair.answer_all(); });
    }
    ~Servants() {
        pair_.say_last(static_cast<int>(threads_.size()));
        for (std::thread& thread : threads_) thread.join();
    }

  private:
    Pair& pair_;
    std::vector<std::thread> threads_;
};

void ask_many(Pair& pair, std::uint32_t threads, std::uint32_t requests, std::uint32_t question_every) {
    const Servants servants(pair, 2);
    std::vector<std::thread> asking;
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
        asking.emplace_back([&, thread] {
            for (std::uint32_t number = 0; number < requests; ++number) {
                pair.ask(thread, number);
                if (question_every && number % question_every == thread) pair.ask_about_the_port();
            }
        });
    }
    for (std::thread& thread : asking) thread.join();
}

void ask_many(std::uint32_t threads, std::uint32_t requests, std::uint32_t question_every) {
    Pair pair;
    ASSERT_NO_FATAL_FAILURE(pair.make());
    ask_many(pair, threads, requests, question_every);
}

ALPC_TEST(ManyMessages, EachThreadGetsItsOwnAnswers, "3.3, M02, M39", "OVMM, WI", high) {
    ask_many(4, 400, 0);
}

ALPC_TEST(ManyMessages, QuestionsAboutThePortDisturbNothing, "3.3, M02, M39", "OVMM, WI", high) {
    ask_many(4, 400, 13);
}

// Each round ends with one message for each thread of the server. A thread that is not woken, because the way
// changed while it went to sleep, is missed then.
void ask_in_rounds(int rounds) {
    Pair pair;
    ASSERT_NO_FATAL_FAILURE(pair.make());
    for (int round = 0; round < rounds && pair.complaints.none(); ++round) ask_many(pair, 3, 8, 3);
}

ALPC_TEST(ManyMessages, EveryThreadThatReceivesIsWoken, "3.3, 6.1", "WI", high) {
    ask_in_rounds(200);
}

// A thread's first message is one of many on its connection.
void ask_from_new_threads(std::uint32_t threads) {
    Pair pair;
    ASSERT_NO_FATAL_FAILURE(pair.make());
    const Servants servants(pair, 1);
    for (std::uint32_t number = 0; number < threads; ++number)
        std::thread([&] { pair.ask(number, number); }).join();
}

ALPC_TEST(ManyMessages, EachFromAThreadOfItsOwn, "3.3, M02", "OVMM", high) {
    ask_from_new_threads(60);
}

// As many are under way as the sender likes; the receiver sees them in the order in which they were sent.
void send_datagrams(std::uint32_t count, std::uint32_t question_every) {
    Pair pair;
    ASSERT_NO_FATAL_FAILURE(pair.make());
    std::thread sender([&] {
        for (std::uint32_t number = 0; number < count; ++number) {
            const auto message = std::make_unique<BigMessage>(text(0, number));
            pair.complaints.expect(STATUS_SUCCESS, send(pair.connection.client, message->get(), release),
                                   "a datagram");
            if (question_every && number % question_every == 0) pair.ask_about_the_port();
        }
    });
    const auto message = std::make_unique<BigMessage>();
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    ULONG before = 0;
    for (std::uint32_t number = 0; number < count; ++number) {
        if (!pair.complaints.expect(
                STATUS_SUCCESS, receive(pair.connection.listener, *message, attributes.get()), "a receive"))
            break;
        if (message->kind() != LPC_DATAGRAM || message->data() != text(0, number)) {
            pair.complaints.add("datagram " + std::to_string(number) + " is another or damaged");
            break;
        }
        const ULONG sequence = attributes.context().Sequence;
        if (number != 0 && sequence != before + 1)
            pair.complaints.add("sequence number " + std::to_string(sequence) + " came after " +
                                std::to_string(before));
        before = sequence;
    }
    sender.join();
    EXPECT_STATUS(STATUS_TIMEOUT, receive(pair.connection.listener, *message, nullptr, at_once));
}

ALPC_TEST(ManyMessages, DatagramsComeInOrder, "3.3, M01", "OVMM, WI", high) {
    send_datagrams(1200, 0);
}

ALPC_TEST(ManyMessages, DatagramsComeInOrderBetweenQuestions, "3.3, M01", "OVMM, WI", high) {
    send_datagrams(1200, 17);
}

// Requests that nobody waits for: a burst is sent, then its answers are received, in the order in which they
// were given, each with the context of its request.
void ask_in_bursts(std::uint32_t bursts, std::uint32_t question_every) {
    Pair pair;
    ASSERT_NO_FATAL_FAILURE(pair.make());
    constexpr std::uint32_t burst = 40;
    const Servants servants(pair, 1);
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    const auto answer = std::make_unique<BigMessage>();
    for (std::uint32_t number = 0; number < bursts * burst; ++number) {
        const auto message = std::make_unique<BigMessage>(text(1, number));
        attributes.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        attributes.context() = {};
        attributes.context().MessageContext = reinterpret_cast<PVOID>(std::uintptr_t{number} + 1);
        ASSERT_STATUS(STATUS_SUCCESS, send(pair.connection.client, message->get(), 0, attributes.get()));
        if (question_every && number % question_every == 0) pair.ask_about_the_port();
        if (number % burst != burst - 1) continue;
        for (std::uint32_t asked = number + 1 - burst; asked <= number; ++asked) {
            ASSERT_STATUS(STATUS_SUCCESS, receive(pair.connection.client, *answer, attributes.get()));
            ASSERT_EQ(attributes.context().MessageContext,
                      reinterpret_cast<PVOID>(std::uintptr_t{asked} + 1));
            ASSERT_TRUE(answer->data() == answer_to(text(1, asked)))
                << "the answer to " << asked << " is damaged";
        }
    }
}

ALPC_TEST(ManyMessages, AnswersComeInOrder, "3.3, M39, M41", "OVMM, WI", high) {
    ask_in_bursts(20, 0);
}

ALPC_TEST(ManyMessages, AnswersComeInOrderBetweenQuestions, "3.3, M39, M41", "OVMM, WI", high) {
    ask_in_bursts(20, 23);
}

}  // namespace
}  // namespace ntalpc::conformance
