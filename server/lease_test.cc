// SPDX-License-Identifier: LGPL-2.1-or-later
// Leases as the server gives them and takes them back.
#include <unistd.h>

#include "ntalpc/message_path.h"
#include "server/lease_test_support.h"
#include "server/recorder.h"

namespace ntalpc::server {
namespace {

TEST_F(LeaseTest, TheServerProcessComesFirstAndNobodyElseMay) {
    const Pair pair = connected_pair();
    const std::uint32_t number = offer_after(pair, kMessagesUntilALease) - 1;
    EXPECT_EQ(take(*pair.client, number).status, STATUS_RETRY);
    EXPECT_EQ(take(new_process(), number).status, STATUS_NOT_FOUND);
    EXPECT_EQ(take(*pair.server, number + 1).status, STATUS_NOT_FOUND);
    EXPECT_EQ(take(*pair.server, number).status, STATUS_SUCCESS);
    EXPECT_EQ(take(*pair.server, number).status, STATUS_NOT_FOUND);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_SUCCESS);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_NOT_FOUND);
}

TEST_F(LeaseTest, TheClientWaitsUntilNothingIsUnderWay) {
    const Pair pair = connected_pair();
    const std::uint32_t number = offer_after(pair, kMessagesUntilALease) - 1;
    ASSERT_EQ(take(*pair.server, number).status, STATUS_SUCCESS);
    EXPECT_EQ(send(*pair.client, pair.client_port, "question", {.flags = 0}).status, STATUS_SUCCESS);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_RETRY);
    const std::uint32_t id = receive(*pair.server, pair.listener).body.message.message_id;
    EXPECT_EQ(take(*pair.client, number).status, STATUS_RETRY);
    EXPECT_EQ(send(*pair.server, pair.listener, "answer", {.reply_to = id}).status, STATUS_SUCCESS);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_RETRY);
    EXPECT_EQ(receive(*pair.client, pair.client_port).text(), "answer");
    EXPECT_EQ(take(*pair.client, number).status, STATUS_SUCCESS);
}

// Nothing comes back for datagrams, and the server process receives those here before those of the lease.
TEST_F(LeaseTest, TheClientNeedNotWaitForDatagramsToBeReceived) {
    Leased leased{connected_pair(), 0, {}, {}};
    leased.number = offer_after(leased, kMessagesUntilALease) - 1;
    leased.server_end = take(*leased.server, leased.number);
    EXPECT_EQ(send(*leased.client, leased.client_port, "first").status, STATUS_SUCCESS);
    EXPECT_EQ(send(*leased.client, leased.client_port, "second").body.lease, leased.number + 1);
    leased.client_end = take(*leased.client, leased.number);
    ASSERT_EQ(leased.client_end.status, STATUS_SUCCESS);
    leased.client_memory = map(leased.client_end.files[0]);
    leased.server_memory = map(leased.server_end.files[0]);
    EXPECT_EQ(leased.server_memory->received_before.load(), kMessagesUntilALease + 2u);
    send_leased(leased, 0, LPC_DATAGRAM, "third");
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "first");
    take_back(leased);
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "second");
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "third");
    EXPECT_EQ(receive(*leased.server, leased.listener).status, STATUS_TIMEOUT);
}

TEST_F(LeaseTest, TheClientWaitsForAReceiverThatIsFarBehind) {
    const Pair pair = connected_pair();
    const std::uint32_t number = offer_after(pair, kMessagesUntilALease) - 1;
    ASSERT_EQ(take(*pair.server, number).status, STATUS_SUCCESS);
    for (int i = 1; i < 16; ++i)
        EXPECT_NE(send(*pair.client, pair.client_port, "one of many").body.lease, 0u);
    EXPECT_EQ(send(*pair.client, pair.client_port, "one more").body.lease, 0u);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_RETRY);
    receive(*pair.server, pair.listener);
    EXPECT_EQ(take(*pair.client, number).status, STATUS_SUCCESS);
}

TEST_F(LeaseTest, TheOtherSidesMemoryCannotBeWritten) {
    const Leased leased = leased_pair();
    ASSERT_EQ(leased.client_end.files.size(), 3u);
    EXPECT_EQ(
        mmap(nullptr, lease::kPage, PROT_READ | PROT_WRITE, MAP_SHARED, leased.client_end.files[1].get(), 0),
        MAP_FAILED);
    EXPECT_NE(ftruncate(leased.client_end.files[0].get(), 0), 0);
}

TEST_F(LeaseTest, WhatWasNotReceivedComesFromTheServerInOrder) {
    const Leased leased = leased_pair();
    send_leased(leased, 5, LPC_DATAGRAM, "first");
    const std::uint32_t id = send_leased(leased, 2, LPC_REQUEST, "second");
    send(*leased.client, leased.client_port, "third");
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "first");
    const auto second = receive(*leased.server, leased.listener);
    EXPECT_EQ(second.text(), "second");
    EXPECT_EQ(second.body.message.message_id, id);
    EXPECT_EQ(second.body.message.type, LPC_REQUEST | LPC_CONTINUATION_REQUIRED);
    EXPECT_EQ(second.body.message.thread_id, leased.client->thread().id());
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "third");
}

TEST_F(LeaseTest, WhatWasReceivedCanBeAnsweredThroughTheServer) {
    const Leased leased = leased_pair();
    const std::uint32_t id = send_leased(leased, 0, LPC_REQUEST, "question");
    receive_leased(leased, 0);
    EXPECT_EQ(send(*leased.server, leased.listener, "answer", {.reply_to = id}).status, STATUS_SUCCESS);
    EXPECT_FALSE(steps(leased).answer(0, 1));  // too late
    const auto answer = receive(*leased.client, leased.client_port);
    EXPECT_EQ(answer.text(), "answer");
    EXPECT_EQ(answer.body.message.message_id, id);
    EXPECT_EQ(answer.body.attributes.message_context, 0xC0DEu);
}

TEST_F(LeaseTest, AnswersThatWereNotReceivedComeInTheirOrder) {
    const Leased leased = leased_pair();
    send_leased(leased, 0, LPC_REQUEST, "a");
    send_leased(leased, 1, LPC_REQUEST, "b");
    receive_leased(leased, 0);
    receive_leased(leased, 1);
    answer_leased(leased, 1, "to b");
    answer_leased(leased, 0, "to a");
    take_back(leased);
    EXPECT_EQ(receive(*leased.client, leased.client_port).text(), "to b");
    EXPECT_EQ(receive(*leased.client, leased.client_port).text(), "to a");
    EXPECT_EQ(receive(*leased.client, leased.client_port).status, STATUS_TIMEOUT);
}

TEST_F(LeaseTest, WhatIsOverIsOver) {
    const Leased leased = leased_pair();
    send_leased(leased, 0, LPC_REQUEST, "question");
    receive_leased(leased, 0);
    answer_leased(leased, 0, "answer");
    EXPECT_TRUE(steps(leased).finish(0, 1, 1));
    take_back(leased);
    EXPECT_EQ(receive(*leased.client, leased.client_port).status, STATUS_TIMEOUT);
    EXPECT_EQ(receive(*leased.server, leased.listener).status, STATUS_TIMEOUT);
}

TEST_F(LeaseTest, AThreadThatWaitedGetsItsAnswerAndNobodyElse) {
    const Leased leased = leased_pair();
    const std::uint32_t id = send_leased(leased, 0, LPC_REQUEST, "question", true);
    receive_leased(leased, 0);
    EXPECT_EQ(send(*leased.server, leased.listener, "answer", {.reply_to = id}).status, STATUS_SUCCESS);
    FakeThread& other = new_thread(*leased.client);
    EXPECT_EQ(receive(other, leased.client_port).status, STATUS_TIMEOUT);
    const auto answer = resume(leased, id);
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.text(), "answer");
    EXPECT_EQ(answer.body.sent_attributes.message_id, id);
}

TEST_F(LeaseTest, AThreadThatWaitsByTheLeaseIsSeenToWait) {
    const Leased leased = leased_pair();
    send_leased(leased, 0, LPC_REQUEST, "question", true);
    receive_leased(leased, 0);
    wire::QueryThread::Request request;
    request.process_id = leased.client->process().facts().id;
    request.thread_id = leased.client->thread().id();
    const auto reply = leased.server->call<wire::QueryThread>(request);
    EXPECT_EQ(reply.body.blocked, 1u);
    EXPECT_EQ(reply.body.server_process_id, leased.server->process().facts().id);
}

// The server process takes part before the client, and what comes in between is received in the old way.
TEST_F(LeaseTest, ReceivedMessagesAreCountedOn) {
    const Leased leased = leased_pair();
    EXPECT_EQ(leased.server_memory->received_before.load(), kMessagesUntilALease);
}

// Or they would not wait for what else there is, as for a completion list.
TEST_F(LeaseTest, ThreadsThatWatchAreSentBackWhenItIsOver) {
    const Leased leased = leased_pair();
    auto watched = leased.server->call<wire::WatchPort>({.handle = leased.listener});
    ASSERT_EQ(watched.files.size(), 2u);
    const auto* const page = static_cast<const lease::PortPage*>(
        mmap(nullptr, lease::kPage, PROT_READ, MAP_SHARED, watched.files[0].get(), 0));
    ASSERT_NE(page, MAP_FAILED);
    EXPECT_EQ(page->since.load(), 0);
    take_back(leased);
    EXPECT_EQ(page->since.load(), 1);
    EXPECT_EQ(page->ended.load(), 1u);
    munmap(const_cast<lease::PortPage*>(page), lease::kPage);
}

TEST_F(LeaseTest, AProcessThatCannotUseOneGivesThatBack) {
    const Leased leased = leased_pair();
    wire::ReleaseLeases::Request request;
    request.handle = leased.listener;
    request.lease = leased.number + 2;
    EXPECT_EQ(leased.server->call<wire::ReleaseLeases>(request).status, STATUS_SUCCESS);
    EXPECT_EQ(leased.client_memory->published.load() & lease::kTakenBack, 0u);
    request.lease = leased.number + 1;
    EXPECT_EQ(leased.server->call<wire::ReleaseLeases>(request).status, STATUS_SUCCESS);
    EXPECT_NE(leased.client_memory->published.load() & lease::kTakenBack, 0u);
}

TEST_F(LeaseTest, OneThatOnlyTheServerProcessHasEndsForIt) {
    const Pair pair = connected_pair();
    const std::uint32_t number = offer_after(pair, kMessagesUntilALease) - 1;
    const auto taken = take(*pair.server, number);
    ASSERT_EQ(taken.files.size(), 3u);
    const auto& memory = *map(taken.files[0]);
    EXPECT_EQ(memory.taken.load() & lease::kTakenBack, 0u);
    EXPECT_EQ(pair.server->call<wire::AssociatePort>({.handle = pair.listener}).status, STATUS_SUCCESS);
    EXPECT_NE(memory.taken.load() & lease::kTakenBack, 0u);
}

TEST_F(LeaseTest, AThreadThatWaitedMayComeBeforeItsAnswer) {
    const Leased leased = leased_pair();
    const std::uint32_t id = send_leased(leased, 0, LPC_REQUEST, "question", true);
    take_back(leased);
    resume(leased, id);
    ASSERT_TRUE(leased.client->waiting());
    const auto question = receive(*leased.server, leased.listener);
    send(*leased.server, leased.listener, "answer", {.reply_to = question.body.message.message_id});
    EXPECT_EQ(leased.client->take<wire::SendWaitReceive>().text(), "answer");
}

TEST_F(LeaseTest, AThreadThatWaitedLearnsOfTheEnd) {
    const Leased leased = leased_pair();
    const std::uint32_t id = send_leased(leased, 0, LPC_REQUEST, "question", true);
    receive_leased(leased, 0);
    close(*leased.server, leased.listener);
    EXPECT_EQ(resume(leased, id).status, STATUS_PORT_DISCONNECTED);
}

TEST_F(LeaseTest, AResumeOfNothingIsLost) {
    const Leased leased = leased_pair();
    EXPECT_EQ(resume(leased, 0x40000000).status, STATUS_PORT_DISCONNECTED);
}

TEST_F(LeaseTest, TheEndOfAThreadThatWaitsWithdrawsItsRequest) {
    const Leased leased = leased_pair();
    FakeThread& other = new_thread(*leased.client);
    auto all = steps(leased);
    std::uint32_t number = 0;
    ASSERT_TRUE(all.begin(0, 1, &number));
    write(*leased.client_memory, 0, 1, LPC_REQUEST, other, "question", true);
    ASSERT_TRUE(all.publish(0, number));
    receive_leased(leased, 0);
    other.kill();
    EXPECT_EQ(kind(receive(*leased.server, leased.listener)), unsigned{LPC_CANCEL_MESSAGE});
}

TEST_F(LeaseTest, AReceivedDatagramIsRememberedForQuestions) {
    const Leased leased = leased_pair();
    const std::uint32_t id = send_leased(leased, 0, LPC_DATAGRAM, "note");
    receive_leased(leased, 0);
    const auto answer =
        leased.server->call<wire::QueryMessage>({.handle = leased.listener, .message_id = id});
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.body.thread_id, leased.client->thread().id());
}

TEST_F(LeaseTest, TheEndOfTheClientsThreadKeepsWhatItSent) {
    const Leased leased = leased_pair();
    send_leased(leased, 0, LPC_DATAGRAM, "last words");
    leased.client->kill();
    EXPECT_EQ(receive(*leased.server, leased.listener).text(), "last words");
}

TEST_F(LeaseTest, AReceiverThatWaitsAtTheServerIsToldToLook) {
    const Pair pair = connected_pair();
    const std::uint32_t number = offer_after(pair, kMessagesUntilALease) - 1;
    FakeThread& waiting = new_thread(*pair.server);
    start_receive(waiting, pair.listener);
    ASSERT_EQ(take(*pair.server, number).status, STATUS_SUCCESS);
    ASSERT_FALSE(waiting.waiting());
    EXPECT_EQ(waiting.take<wire::SendWaitReceive>().body.lease, kLookAtLeases);
    start_receive(waiting, pair.listener);
    EXPECT_EQ(waiting.take<wire::SendWaitReceive>().body.lease, kLookAtLeases);
}

TEST_F(LeaseTest, AnotherProcessEndsItForGood) {
    const Leased leased = leased_pair();
    Handle* const handle = leased.server->process().find(leased.listener);
    ASSERT_NE(handle, nullptr);
    dynamic_cast<Port&>(handle->object()).used_by(new_process().process());
    std::uint32_t number = 0;
    EXPECT_FALSE(steps(leased).begin(0, 1, &number));
    EXPECT_EQ(offer_after(leased, 10 * kMessagesUntilALease), 0u);
}

TEST_F(LeaseTest, ATraceEndsAllAndLetsNoneBegin) {
    const Leased leased = leased_pair();
    FakeThread& recorder = new_process();
    ASSERT_EQ(recorder.call<wire::TraceStart>({}).status, STATUS_SUCCESS);
    std::uint32_t number = 0;
    EXPECT_FALSE(steps(leased).begin(0, 1, &number));
    EXPECT_EQ(offer_after(leased, 10 * kMessagesUntilALease), 0u);
}

TEST_F(LeaseTest, WhatItCarriesIsCounted) {
    const Leased leased = leased_pair();
    const auto& port = dynamic_cast<Port&>(leased.client->process().find(leased.client_port)->object());
    const std::uint32_t before = port.sent();
    send_leased(leased, 0, LPC_DATAGRAM, "one");
    EXPECT_EQ(port.sent(), before + 1);
    take_back(leased);
    EXPECT_EQ(port.sent(), before + 1);
}

// What clients write is believed as little as what they send.
TEST_F(LeaseTest, GarbageEndsTheConnection) {
    const auto spoil = [](const Leased& leased, int kind) {
        lease::Envelope& envelope = leased.client_memory->slots[0].envelope;
        if (kind == 0) leased.client_memory->published = 1000;
        if (kind == 1) leased.server_memory->taken = 5;
        if (kind == 2) envelope.type = LPC_CONNECTION_REQUEST;
        if (kind == 3) envelope.total_length = 0;
        if (kind == 4) envelope.data_length = 0xFFFF;
        if (kind == 5) envelope.thread_id = 0xDEAD;
    };
    for (int kind = 0; kind < 6; ++kind) {
        const Leased leased = leased_pair();
        send_leased(leased, 0, LPC_REQUEST, "question");
        spoil(leased, kind);
        take_back(leased);
        EXPECT_EQ(send(*leased.client, leased.client_port, "more").status, STATUS_PORT_DISCONNECTED) << kind;
        kernel().handles.close(*leased.server->process().find(leased.listener));
    }
}

TEST_F(LeaseTest, WhoFindsGarbageCanSaySo) {
    const Leased leased = leased_pair();
    EXPECT_EQ(new_process().call<wire::ReportGarbage>({.lease = leased.number}).status, STATUS_NOT_FOUND);
    EXPECT_EQ(leased.server->call<wire::ReportGarbage>({.lease = leased.number}).status, STATUS_SUCCESS);
    EXPECT_EQ(send(*leased.client, leased.client_port, "more").status, STATUS_PORT_DISCONNECTED);
}

TEST_F(LeaseTest, SendersAreThreadsOfTheOtherProcess) {
    const Leased leased = leased_pair();
    const auto check = [&](std::uint64_t thread) {
        return leased.server
            ->call<wire::CheckSender>({.lease = leased.number, .by_client = 1, .thread_id = thread})
            .status;
    };
    EXPECT_EQ(check(leased.client->thread().id()), STATUS_SUCCESS);
    EXPECT_EQ(check(leased.server->thread().id()), STATUS_NOT_FOUND);
}

}  // namespace
}  // namespace ntalpc::server
