// SPDX-License-Identifier: LGPL-2.1-or-later
// A process of another Unix user sends every request of the protocol with the numbers of its victims'
// handles, messages and threads, and gets nothing.
#include <unistd.h>

#include <type_traits>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

using security::Sid;
using security::Token;

constexpr std::string_view kSecret = "the secret";

// What an attacker may have guessed.
struct Guess {
    std::uint64_t handle = 0;
    std::uint32_t message = 0;
    std::uint32_t callback = 0;
    std::uint64_t process = 0;
    std::uint64_t thread = 0;
};

template <class Request>
void fill(Request& request, const Guess& guess) {
    if constexpr (requires { request.handle; }) request.handle = guess.handle;
    if constexpr (requires { request.message_id; }) request.message_id = guess.message;
    if constexpr (requires { request.callback_id; }) request.callback_id = guess.callback;
    if constexpr (requires { request.process_id; }) request.process_id = guess.process;
    if constexpr (requires { request.thread_id; }) request.thread_id = guess.thread;
    if constexpr (requires { request.has_receive; }) request.has_receive = 1;
    if constexpr (requires { request.receive_capacity; }) request.receive_capacity = 0xFFFF;
    if constexpr (requires { request.accept; }) request.accept = 1;
    if constexpr (requires { request.message.message_id; }) {
        request.message.total_length = kHeader;
        request.message.message_id = guess.message;
        request.message.process_id = guess.process;
        request.message.thread_id = guess.thread;
    }
    if constexpr (requires { request.context.message_id; }) request.context.message_id = guess.message;
}

// Requests that hand something in, with a handle of the caller's own or for a send that is still to come.
template <class Type>
constexpr bool kOnlyGives =
    std::is_same_v<Type, wire::PresentToken> || std::is_same_v<Type, wire::AttachHandles>;

class ForeignUser : public KernelTest {
  protected:
    FakeThread& attacker() {
        ProcessFacts facts;
        facts.unix_user = geteuid() + 1;
        facts.believed = false;
        return new_process(facts);
    }

    // What the attacker was told, by status; nothing when the request breaks the protocol, which ends it.
    template <class Type>
    void attack(const Guess& guess) {
        FakeThread& thread = attacker();
        typename Type::Request request;
        fill(request, guess);
        const auto body = FakeThread::encode<Type>(request);
        const char* const broken = thread.send_packet(static_cast<std::uint16_t>(Type::code), body);
        if (!broken && thread.answers() != 0) {
            const auto answer = thread.take<Type>();
            if constexpr (requires { request.handle; } && !kOnlyGives<Type>) {
                EXPECT_NE(answer.status, STATUS_SUCCESS) << Type::name;
            }
            const std::string told(reinterpret_cast<const char*>(answer.blob.data()), answer.blob.size());
            EXPECT_EQ(told.find(kSecret), std::string::npos) << Type::name;
        }
        kill_process(thread);
    }
};

TEST_F(ForeignUser, GetsNothingFromAnyRequest) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, kSecret, {.flags = kSync});
    const auto received = receive(*pair.server, pair.listener);
    // One message is being answered, another one waits.
    EXPECT_EQ(send(new_thread(*pair.client), pair.client_port, kSecret).status, STATUS_SUCCESS);
    for (const std::uint64_t handle : {pair.listener, pair.server_port, pair.client_port}) {
        const Guess guess{.handle = handle,
                          .message = received.body.message.message_id,
                          .callback = received.body.message.callback_id,
                          .process = received.body.message.process_id,
                          .thread = received.body.message.thread_id};
#define NTALPC_ATTACK(Type) attack<wire::Type>(guess);
        NTALPC_FOR_EACH_REQUEST(NTALPC_ATTACK)
#undef NTALPC_ATTACK
    }
    // All is as it was.
    EXPECT_TRUE(pair.client->waiting());
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), kSecret);
    EXPECT_EQ(
        send(*pair.server, pair.listener, "answer", {.reply_to = received.body.message.message_id}).status,
        STATUS_SUCCESS);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().text(), "answer");
}

TEST_F(ForeignUser, CannotPretendToBeAnother) {
    FakeThread& thread = attacker();
    const Sid own = thread.thread().effective_token().user;
    Token token;
    token.user = security::sids::kSystem;
    const auto encoded = security::encode(token);
    for (const std::uint32_t of_process : {0, 1}) {
        wire::PresentToken::Request request;
        request.of_process = of_process;
        thread.call<wire::PresentToken>(request, {.token = encoded});
        EXPECT_EQ(thread.thread().effective_token().user, own);
    }
}

TEST_F(ForeignUser, LearnsNothingOfWaitingThreads) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, kSecret, {.flags = kSync});
    const auto received = receive(*pair.server, pair.listener);
    wire::QueryThread::Request request;
    request.process_id = received.body.message.process_id;
    request.thread_id = received.body.message.thread_id;
    EXPECT_EQ(attacker().call<wire::QueryThread>(request).body.blocked, 0u);
}

TEST_F(ForeignUser, CannotHaveTheHardErrorPort) {
    FakeThread& thread = attacker();
    wire::SetHardErrorPort::Request request;
    request.handle = create(thread, u"\\RPC Control\\errors");
    EXPECT_EQ(thread.call<wire::SetHardErrorPort>(request).status, STATUS_PRIVILEGE_NOT_HELD);
}

class UsersWithAccounts : public KernelTest {
  protected:
    UsersWithAccounts() : KernelTest({}, QuotaLimits{.objects = 3}) {}
    FakeThread& process_of(std::uint32_t user) {
        ProcessFacts facts;
        facts.unix_user = user;
        return new_process(facts);
    }
};

TEST_F(UsersWithAccounts, OneUsersProcessesShareWhatItHas) {
    FakeThread &first = process_of(1), &second = process_of(1), &other = process_of(2);
    for (const std::u16string_view name : {u"\\RPC Control\\a", u"\\RPC Control\\b", u"\\RPC Control\\c"})
        create(first, name);
    EXPECT_NE(try_create(second, u"\\RPC Control\\d").status, STATUS_SUCCESS);
    EXPECT_EQ(try_create(other, u"\\RPC Control\\d").status, STATUS_SUCCESS);
    kill_process(first);
}

}  // namespace
}  // namespace ntalpc::server
