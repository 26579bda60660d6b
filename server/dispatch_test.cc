// SPDX-License-Identifier: LGPL-2.1-or-later
// What dispatch() makes of packets that break the rules, and a random conversation that must leave nothing.
#include "server/dispatch.h"

#include <random>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

// A request as it would be sent: zeroes are a valid, if senseless, request of every type.
struct Sample {
    const char* name;
    std::uint16_t code;
    std::vector<std::byte> body;
};

std::vector<Sample> samples() {
    std::vector<Sample> all;
#define NTALPC_ADD_SAMPLE(Type)                                                    \
    all.push_back({wire::Type::name, static_cast<std::uint16_t>(wire::Type::code), \
                   FakeThread::encode<wire::Type>(wire::Type::Request{})});
    NTALPC_FOR_EACH_REQUEST(NTALPC_ADD_SAMPLE)
#undef NTALPC_ADD_SAMPLE
    return all;
}

bool is_registration(std::uint16_t code) {
    return code == static_cast<std::uint16_t>(wire::Code::register_process) ||
           code == static_cast<std::uint16_t>(wire::Code::register_thread);
}

class DispatchTest : public KernelTest {
  protected:
    // A thread that has said nothing yet, because one that broke a rule is dropped.
    FakeThread& fresh() {
        if (fresh_) kill_process(*fresh_);
        return *(fresh_ = &new_process());
    }

  private:
    FakeThread* fresh_ = nullptr;
};

TEST_F(DispatchTest, ABodyThatIsTooShortOrTooLongBreaksARule) {
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        for (std::size_t size = 0; size < sample.body.size(); ++size) {
            EXPECT_NE(fresh().send_packet(sample.code, wire::Bytes(sample.body).first(size)), nullptr)
                << size;
        }
        std::vector<std::byte> longer = sample.body;
        for (const std::size_t more : {1, 7, 4096}) {
            longer.resize(sample.body.size() + more);
            FakeThread& thread = fresh();
            EXPECT_NE(thread.send_packet(sample.code, longer), nullptr);
            EXPECT_EQ(thread.answers(), 0u);
        }
    }
}

TEST_F(DispatchTest, BlobsLongerThanThePacketBreakARule) {
    wire::CreatePort::Request request;
    for (const std::uint32_t size : {1u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
        request.name_size = size;
        EXPECT_NE(fresh().send_packet(static_cast<std::uint16_t>(wire::Code::create_port),
                                      std::as_bytes(std::span(&request, 1))),
                  nullptr);
    }
}

TEST_F(DispatchTest, UnexpectedDescriptorsBreakARule) {
    std::array<UniqueFd, wire::kMaxDescriptors> descriptors;
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        EXPECT_NE(fresh().send_packet(sample.code, sample.body, descriptors), nullptr);
    }
    EXPECT_NE(fresh().send_packet(static_cast<std::uint16_t>(wire::Code::adopt_handle), {}), nullptr)
        << "adopt_handle without a descriptor";
}

TEST_F(DispatchTest, AdoptingWhatIsNoCapabilityIsRefused) {
    FakeThread& thread = fresh();
    UniqueFd none;
    EXPECT_EQ(
        thread.send_packet(static_cast<std::uint16_t>(wire::Code::adopt_handle), {}, std::span(&none, 1)),
        nullptr);
    EXPECT_EQ(thread.take<wire::AdoptHandle>().status, STATUS_OBJECT_TYPE_MISMATCH);
}

TEST_F(DispatchTest, UnknownCodesBreakARule) {
    for (const std::uint16_t code : {static_cast<std::uint16_t>(wire::kCodeCount), std::uint16_t{0xFFFF}})
        EXPECT_NE(fresh().send_packet(code, {}), nullptr);
}

TEST_F(DispatchTest, RegisteringTwiceBreaksARule) {
    for (const Sample& sample : samples()) {
        if (is_registration(sample.code)) {
            EXPECT_NE(fresh().send_packet(sample.code, sample.body), nullptr);
        }
    }
}

TEST_F(DispatchTest, OnlyACancellationMayComeWhileARequestWaits) {
    FakeThread& thread = fresh();
    const auto port = create(thread, u"");
    start_receive(thread, port);
    EXPECT_NE(thread.send_packet(static_cast<std::uint16_t>(wire::Code::server_status), {}), nullptr);
    EXPECT_TRUE(thread.waiting()) << "who drops the client ends the wait";
    thread.start<wire::CancelWait>({.status = STATUS_CANCELLED});
    EXPECT_EQ(thread.answers(), 1u);
}

TEST_F(DispatchTest, TheStatusCountsWhatIsThere) {
    FakeThread& thread = fresh();
    const auto before = thread.call<wire::ServerStatus>({}).body;
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "x");
    start_receive(*pair.client, pair.client_port);
    const auto after = thread.call<wire::ServerStatus>({}).body;
    EXPECT_EQ(after.processes, before.processes + 2);
    EXPECT_EQ(after.threads, before.threads + 2);
    EXPECT_EQ(after.handles, before.handles + 3);
    EXPECT_EQ(after.ports, before.ports + 3);
    EXPECT_EQ(after.connections, before.connections + 1);
    EXPECT_EQ(after.messages, before.messages + 1);
    EXPECT_EQ(after.waits, before.waits + 1);
    EXPECT_EQ(after.event_pairs, before.event_pairs);
    const auto event_pair = thread.call<wire::CreateEventPair>({}).body.handle;
    EXPECT_EQ(thread.call<wire::ServerStatus>({}).body.event_pairs, before.event_pairs + 1);
    close(thread, event_pair);
    EXPECT_EQ(thread.call<wire::ServerStatus>({}).body.event_pairs, before.event_pairs);
}

// ---- Random conversations ----

class RandomRequests : public KernelTest {
  protected:
    static constexpr int kProcesses = 5;

    std::uint32_t pick(std::uint32_t limit) {
        return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
    }
    bool chance(std::uint32_t one_in) { return pick(one_in) == 0; }
    template <class T>
    const T& any_of(const std::vector<T>& choices) {
        return choices[pick(static_cast<std::uint32_t>(choices.size()))];
    }

    void start() {
        for (int i = 0; i < kProcesses; ++i) clients_.push_back(&new_process());
    }
    // One request, or one end of something, somewhere.
    void step() {
        FakeThread*& client = clients_[pick(kProcesses)];
        if (chance(200)) {
            kill_process(*client);
            client = &new_process();
        } else if (chance(20)) {
            close_some_handle(*client);
        } else if (chance(30)) {
            pass(kSecond / 2);
        } else if (client->waiting()) {
            if (chance(4)) client->start<wire::CancelWait>({.status = STATUS_CANCELLED});
        } else if (chance(50)) {
            send_garbage(client);
        } else {
            request(*client);
        }
        notice_new_messages();
        for (FakeThread* each : clients_) {
            if (each->view_orders() != 0 && chance(2)) each->confirm(each->take_view_orders());
            each->forget_answers();
        }
    }
    std::uint32_t messages_seen() const { return last_message_; }

  private:
    // Mostly one that the client has.
    std::uint64_t some_handle(const FakeThread& client) {
        return client.handles().empty() || chance(20) ? pick(1000) : any_of(client.handles());
    }
    // Numbers are handed out in order: one of the recent ones.
    std::uint32_t some_message() { return 4 * (last_message_ - std::min(last_message_, pick(20))); }
    void close_some_handle(FakeThread& client) {
        if (client.handles().empty()) return;
        Handle* const handle = client.process().find(any_of(client.handles()));
        if (handle) kernel().handles.close(*handle);
    }
    void send_garbage(FakeThread*& client) {
        const std::vector<Sample> all = samples();
        Sample sample = any_of(all);
        for (int i = 0; i < 3; ++i) {
            if (!sample.body.empty())
                sample.body[pick(static_cast<std::uint32_t>(sample.body.size()))] =
                    static_cast<std::byte>(pick(256));
        }
        if (chance(2)) sample.body.resize(pick(400));
        if (!client->send_packet(sample.code, sample.body)) return;
        kill_process(*client);  // as the channel does with one that breaks a rule
        client = &new_process();
    }
    void request(FakeThread& client) {
        const std::vector<std::u16string_view> names = {u"\\RPC Control\\1", u"\\RPC Control\\2",
                                                        u"\\none\\1", u""};
        const std::string data(pick(64), 'x');
        switch (pick(11)) {
            case 0:
                return client.start<wire::CreatePort>(
                    {}, {.name = bytes_of(any_of(names)), .security_descriptor = {}});
            case 1:
                return start_connect(client, any_of(names), chance(2) ? kSync : 0, data,
                                     chance(4) ? kForever : kSecond, chance(8) ? kHeader : 0x1000);
            case 2:
                answer_connect(client, some_handle(client), some_message(), !chance(4), data);
                return;
            case 3:
                if (chance(2))
                    return client.start<wire::WaitForReferences>(
                        {.handle = some_handle(client), .count = pick(5)});
                return client.start<wire::DisconnectPort>(
                    {.handle = chance(4) ? some_handle(client) : 0, .flags = pick(2)});
            case 4:
                return start_receive(client, some_handle(client), chance(2) ? 0 : kSecond,
                                     chance(8) ? kHeader : 0x1000);
            case 5:
                return client.start<wire::CreateSection>(
                    {.handle = some_handle(client), .secure = 0, .size = 1 + pick(0x30000)});
            case 6:
                return client.start<wire::CreateView>(
                    {.handle = some_handle(client), .section = some_section(), .size = 1 + pick(0x3000)});
            case 7:
                return client.start<wire::DeleteView>({.handle = 0, .view = some_view()});
            default:
                return start_some_send(client, data);
        }
    }
    void start_some_send(FakeThread& client, const std::string& data) {
        auto request =
            sending(some_handle(client), data.size(),
                    {.flags = any_of<std::uint32_t>({0, kSync, kRelease, kSync | kRelease}) |
                               (chance(2) ? ALPC_MSGFLG_TRACK_PORT_REFERENCES : 0),
                     .reply_to = chance(2) ? 0 : some_message(),
                     .receive = chance(3),
                     .capacity = chance(8) ? kHeader : 0x1000,
                     .timeout = any_of<Nanoseconds>({0, kSecond, kForever})});
        if (chance(2)) {
            request.send_attributes.valid |= ALPC_MESSAGE_VIEW_ATTRIBUTE;
            request.send_attributes.view_flags = any_of<std::uint32_t>(
                {0, ALPC_VIEWFLG_AUTO_RELEASE, ALPC_VIEWFLG_UNMAP_EXISTING, ALPC_VIEWFLG_SECURED_ACCESS});
            request.send_attributes.view = some_view();
            request.send_attributes.view_section = chance(3) ? 0 : some_section();
            request.send_attributes.view_size = chance(3) ? 0 : 1;
        }
        client.start<wire::SendWaitReceive>(request, {.data = bytes_of(data)});
    }
    // Both are numbered from 1 in their port and process.
    std::uint64_t some_section() { return 1 + pick(3); }
    std::uint64_t some_view() { return 1 + pick(10); }
    void notice_new_messages() {
        for (std::uint32_t ahead = 20; ahead != 0; --ahead) {
            if (!kernel().message_ids.find(4 * (last_message_ + ahead))) continue;
            last_message_ += ahead;
            return;
        }
    }

    std::mt19937 random_{20240229};
    std::vector<FakeThread*> clients_;
    std::uint32_t last_message_ = 0;
};

TEST_F(RandomRequests, LeaveNothingBehind) {
    start();
    for (int i = 0; i < 60000; ++i) step();
    // Otherwise the conversation was too simple to mean something.
    EXPECT_GT(kernel().next_connection_serial(), 500u);
    EXPECT_GT(messages_seen(), 1000u);
}

}  // namespace
}  // namespace ntalpc::server
