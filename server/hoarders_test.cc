// SPDX-License-Identifier: LGPL-2.1-or-later
// Clients that make the server keep something without end: each is stopped by a status of its own, or keeps
// no more than it has paid for.
#include <unistd.h>

#include "ntalpc/ntbase.h"
#include "server/kernel_test_support.h"
#include "server/recorder.h"
#include "server/termination.h"

namespace ntalpc::server {
namespace {

constexpr std::u16string_view kName = u"\\RPC Control\\hoard";
ProcessFacts of_user(std::uint32_t user) {
    ProcessFacts facts;
    facts.unix_user = user;
    return facts;
}

constexpr int kForEver = 100;  // long after any limit in these tests

class FewMessages : public KernelTest {
  protected:
    FewMessages() : KernelTest({.messages = 4}) {}
};

TEST_F(FewMessages, AreCountedHoweverSmall) {
    const Pair pair = connected_pair();
    int sent = 0;
    while (sent < kForEver && send(*pair.client, pair.client_port, "").status == STATUS_SUCCESS) ++sent;
    EXPECT_EQ(sent, 3) << "one is paid for already: that the client has gone";
    receive(*pair.server, pair.listener);
    EXPECT_EQ(send(*pair.client, pair.client_port, "").status, STATUS_SUCCESS);
}

// A thread that ends leaves a message. Whoever registered it has paid for that.
TEST_F(FewMessages, NoticesOfDeathArePaidBeforehand) {
    const Pair pair = connected_pair();
    int left = 0;
    for (; left < kForEver; ++left) {
        FakeThread& thread = new_thread(*pair.client);
        if (thread.call<wire::RegisterTerminationPort>({.handle = pair.client_port}).status != STATUS_SUCCESS)
            break;
        announce_end(thread.thread());
        thread.kill();
    }
    EXPECT_EQ(left, 3);
    int died = 0;
    while (kind(receive(*pair.server, pair.listener)) == LPC_CLIENT_DIED) ++died;
    EXPECT_EQ(died, left);
    EXPECT_EQ(send(*pair.client, pair.client_port, "").status, STATUS_SUCCESS);
}

// Who asks and does not fetch the answers uses up what is its own.
TEST_F(FewMessages, AnswersArePaidByWhoAsked) {
    const Pair pair = connected_pair();
    const Sending ask{.flags = 0};
    for (int i = 0; i < kForEver; ++i) {
        if (send(*pair.client, pair.client_port, "question", ask).status != STATUS_SUCCESS) break;
        const auto question = receive(*pair.server, pair.listener);
        const Sending reply{.reply_to = question.body.message.message_id};
        ASSERT_EQ(send(*pair.server, pair.listener, std::string(500, 'a'), reply).status, STATUS_SUCCESS);
    }
    EXPECT_EQ(pair.server->process().account()->used(Resource::messages), 0u);
    EXPECT_EQ(send(*pair.client, pair.client_port, "question", ask).status, STATUS_QUOTA_EXCEEDED);
    EXPECT_EQ(send(*pair.server, pair.server_port, "to somebody else").status, STATUS_SUCCESS);
}

class LittleMemory : public KernelTest {
  protected:
    LittleMemory() : KernelTest({.message_bytes = 6000}) {}
};

// An answer needs no more than what is larger in it than the question.
TEST_F(LittleMemory, AnAnswerTakesThePlaceOfItsQuestion) {
    const Pair pair = connected_pair();
    const std::string half(3000, 'x');
    ASSERT_EQ(send(*pair.client, pair.client_port, half, {.flags = 0}).status, STATUS_SUCCESS);
    const auto question = receive(*pair.server, pair.listener);
    const Sending reply{.reply_to = question.body.message.message_id};
    EXPECT_EQ(send(*pair.server, pair.listener, half, reply).status, STATUS_SUCCESS);
}

class FewConnections : public KernelTest {
  protected:
    FewConnections() : KernelTest({.connections = 3}, {.connections = 5}) {}
    int connect_all(FakeThread& client) {
        int made = 0;
        for (; made < kForEver; ++made) {
            start_connect(client, kName, 0);
            if (client.take<wire::ConnectPort>().status != STATUS_SUCCESS) break;
        }
        return made;
    }
};

TEST_F(FewConnections, AreLimitedForAProcessAndForItsUser) {
    FakeThread &server = new_process(), &first = new_process(), &second = new_process();
    FakeThread& stranger = new_process(of_user(7));
    create(server, kName);
    EXPECT_EQ(connect_all(first), 3);
    EXPECT_EQ(connect_all(second), 2) << "its user has five";
    EXPECT_EQ(connect_all(stranger), 3);
    kill_process(first);
    EXPECT_EQ(Connection::alive(), 8u) << "closing the handles ends them";
}

class ThreePorts : public KernelTest {
  protected:
    using KernelTest::KernelTest;

    // It has as many as it may have then.
    FakeThread& process_at_its_limit() {
        FakeThread& owner = new_process();
        const auto first = create(owner, u"\\RPC Control\\1");
        create(owner, u"\\RPC Control\\2");
        create(owner, u"\\RPC Control\\3");
        EXPECT_EQ(try_create(owner, u"\\RPC Control\\4").status, STATUS_QUOTA_EXCEEDED);
        close(owner, first);
        EXPECT_EQ(try_create(owner, u"\\RPC Control\\4").status, STATUS_SUCCESS)
            << "the refused name was left behind";
        return owner;
    }
};

class FewObjects : public ThreePorts {
  protected:
    FewObjects() : ThreePorts({.objects = 3}) {}
};

TEST_F(FewObjects, AreLimitedForEachProcess) {
    process_at_its_limit();
    EXPECT_EQ(try_create(new_process(), u"\\RPC Control\\5").status, STATUS_SUCCESS);
}

class FewHandles : public ThreePorts {
  protected:
    FewHandles() : ThreePorts({.handles = 3}) {}
};

TEST_F(FewHandles, AreLimitedAndForgotten) {
    FakeThread& owner = process_at_its_limit();
    const auto& account = owner.process().account();
    EXPECT_EQ(account->used(Resource::handles), 3u);
    EXPECT_EQ(account->used(Resource::objects), 3u);
}

TEST_F(FewHandles, OfOthersCountToo) {
    FakeThread &owner = new_process(), &collector = new_process();
    std::vector<std::uint64_t> all;
    for (const std::u16string_view name : {u"\\RPC Control\\1", u"\\RPC Control\\2", u"\\RPC Control\\3"})
        all.push_back(create(owner, name));
    create(collector, u"\\RPC Control\\4");
    EXPECT_TRUE(collector.process().adopt(*owner.process().find(all[0])));
    EXPECT_TRUE(collector.process().adopt(*owner.process().find(all[1])));
    EXPECT_TRUE(collector.process().adopt(*owner.process().find(all[1]))) << "known already";
    EXPECT_FALSE(collector.process().adopt(*owner.process().find(all[2])));
    close(owner, all[0]);
    EXPECT_TRUE(collector.process().adopt(*owner.process().find(all[2])));
    const Ref<QuotaAccount> account = collector.process().account();
    kill_process(collector);
    EXPECT_EQ(account->used(Resource::handles), 0u);
}

class FewProcesses : public KernelTest {
  protected:
    FewProcesses() : KernelTest({}, {.message_bytes = 100000, .processes = 2}) {}
};

TEST_F(FewProcesses, OfOneUserAreLimited) {
    FakeThread& first = new_process();
    new_process();
    EXPECT_FALSE(kernel().add_process({}, {}));
    EXPECT_TRUE(kernel().add_process(of_user(7), {}));
    kill_process(first);
    EXPECT_TRUE(kernel().add_process({}, {}));
}

TEST_F(FewProcesses, PayForWhatTheySayOfThemselves) {
    EXPECT_TRUE(kernel().add_process(of_user(7), {}, 100000));
    EXPECT_FALSE(kernel().add_process(of_user(7), {}, 100001));
}

class FewTraces : public KernelTest {
  protected:
    FewTraces() : KernelTest({.traces = 2}) {}
};

TEST_F(FewTraces, AreRecordedByOneProcess) {
    const auto start = [&](FakeThread& thread) { return thread.call<wire::TraceStart>({}).status; };
    FakeThread& first = new_process(of_user(geteuid()));
    EXPECT_EQ(start(first), STATUS_SUCCESS);
    EXPECT_EQ(start(new_thread(first)), STATUS_SUCCESS);
    EXPECT_EQ(start(new_thread(first)), STATUS_QUOTA_EXCEEDED);
    FakeThread& other = new_process(of_user(geteuid()));
    EXPECT_EQ(start(other), STATUS_SUCCESS);
    kill_process(first);
    EXPECT_EQ(start(new_thread(other)), STATUS_SUCCESS);
}

class FewDescriptors : public KernelTest {
  protected:
    FewDescriptors() : KernelTest({.descriptors = 3}) {}
};

TEST_F(FewDescriptors, AnEventPairIsOne) {
    FakeThread& owner = new_process();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(owner.call<wire::CreateEventPair>({}).status, STATUS_SUCCESS);
    EXPECT_EQ(owner.call<wire::CreateEventPair>({}).status, STATUS_QUOTA_EXCEEDED);
}

class OneObject : public KernelTest {
  protected:
    OneObject() : KernelTest({.objects = 1}) {}
};

TEST_F(OneObject, APermanentOneWithoutHandleDoesNotStay) {
    FakeThread& owner = new_process();
    security::Token token = owner.thread().effective_token();
    token.privileges.push_back({security::privilege::kCreatePermanent, security::privilege::kEnabled});
    ASSERT_EQ(owner.call<wire::PresentToken>({}, {.token = security::encode(token)}).status, STATUS_SUCCESS);
    const auto port = create(owner, u"\\RPC Control\\only");
    wire::CreateEventPair::Request request;
    request.attributes = OBJ_PERMANENT;
    const wire::CreateEventPair::RequestBlobs blobs{.name = bytes_of(kName), .security_descriptor = {}};
    EXPECT_EQ(owner.call<wire::CreateEventPair>(request, blobs).status, STATUS_QUOTA_EXCEEDED);
    close(owner, port);
    EXPECT_EQ(owner.call<wire::CreateEventPair>(request, blobs).status, STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::server
