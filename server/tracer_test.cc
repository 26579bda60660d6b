// SPDX-License-Identifier: LGPL-2.1-or-later
// What recorders get: events in order, whole records, the truth about what was lost.
#include "server/tracer.h"

#include <cstring>
#include <map>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

struct Record {
    trace::Type type;
    std::vector<std::byte> body;

    template <class Event>
    typename Event::Event as() const {
        typename Event::Event event;
        std::memcpy(&event, body.data(), sizeof(event));
        return event;
    }
};

std::vector<Record> records_of(wire::Bytes data) {
    std::vector<Record> records;
    while (!data.empty()) {
        trace::RecordHeader header;
        std::memcpy(&header, data.data(), sizeof(header));
        std::uint32_t again;
        std::memcpy(&again, data.data() + header.size - sizeof(again), sizeof(again));
        EXPECT_EQ(header.size, again);
        EXPECT_EQ(header.size % 8, 0u);
        const auto body = data.subspan(sizeof(header), header.size - sizeof(header) - sizeof(again));
        records.push_back({static_cast<trace::Type>(header.type), {body.begin(), body.end()}});
        data = data.subspan(header.size);
    }
    return records;
}

std::vector<std::byte> bytes(std::size_t count) {
    return std::vector<std::byte>(count, std::byte{'x'});
}

TEST(TraceBufferTest, KeepsOrderAndWholeRecords) {
    TraceBuffer buffer(0);
    for (std::uint64_t i = 0; i < 100; ++i) Tracer::emit_to<trace::PortClosed>(buffer, {.port = i});
    std::uint64_t next = 0;
    while (buffer.size() != 0) {
        const auto records = records_of(buffer.take(200));
        ASSERT_FALSE(records.empty());
        for (const Record& record : records) EXPECT_EQ(record.as<trace::PortClosed>().port, next++);
    }
    EXPECT_EQ(next, 100u);
}

TEST(TraceBufferTest, PayloadIsCutAtTheLimitOfEachRecorder) {
    TraceBuffer none(0), some(10);
    const auto data = bytes(1000);
    for (TraceBuffer* const buffer : {&none, &some})
        Tracer::emit_to<trace::MessageSent>(*buffer, {.size = 1000}, {.data = data});
    const auto first = records_of(none.take(4096)), second = records_of(some.take(4096));
    EXPECT_EQ(first.at(0).as<trace::MessageSent>().data_size, 0u);
    EXPECT_EQ(second.at(0).as<trace::MessageSent>().data_size, 10u);
    EXPECT_EQ(second.at(0).as<trace::MessageSent>().size, 1000u);
}

TEST(TraceBufferTest, WhatASlowRecorderMissesIsCounted) {
    TraceBuffer buffer(1 << 20);
    const auto data = bytes(1 << 20);
    std::uint64_t sent = 0;
    for (; sent < 64; ++sent) Tracer::emit_to<trace::MessageSent>(buffer, {.size = 1}, {.data = data});
    std::uint64_t seen = 0, lost = 0;
    const auto drain = [&] {
        for (wire::Bytes data; !(data = buffer.take(4 << 20)).empty();) {
            for (const Record& record : records_of(data)) {
                if (record.type == trace::Type::events_lost) lost += record.as<trace::EventsLost>().count;
                if (record.type == trace::Type::message_sent) ++seen;
            }
        }
    };
    drain();
    EXPECT_LT(seen, sent);
    Tracer::emit_to<trace::PortClosed>(buffer, {});
    drain();
    EXPECT_EQ(seen + lost, sent);
}

class RecordingTest : public KernelTest {
  protected:
    void SetUp() override {
        recorder_ = &new_process();
        ASSERT_EQ(recorder_->call<wire::TraceStart>({.payload_limit = 100}).status, STATUS_SUCCESS);
        events();
    }
    // What was recorded since the last time.
    std::vector<Record> events() {
        const auto answer = recorder_->call<wire::TraceRead>({});
        EXPECT_EQ(answer.status, STATUS_SUCCESS);
        return records_of(answer.blob);
    }
    static std::size_t count(const std::vector<Record>& records, trace::Type type) {
        return static_cast<std::size_t>(
            std::ranges::count_if(records, [&](const Record& r) { return r.type == type; }));
    }
    FakeThread* recorder_ = nullptr;
};

TEST_F(RecordingTest, AConversationIsThereStepByStep) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync});
    const auto request = receive(*pair.server, pair.listener);
    send(*pair.server, pair.server_port, "answer", {.reply_to = request.body.message.message_id});
    pair.client->take<wire::SendWaitReceive>();
    const auto seen = events();
    EXPECT_EQ(count(seen, trace::Type::port_created), 3u);
    EXPECT_EQ(count(seen, trace::Type::connect_requested), 1u);
    EXPECT_EQ(count(seen, trace::Type::connection_accepted), 1u);
    EXPECT_EQ(count(seen, trace::Type::message_sent), 4u) << "connection request and reply, request, reply";
    EXPECT_EQ(count(seen, trace::Type::message_received), 4u);
    EXPECT_EQ(count(seen, trace::Type::wait_began), 2u) << "the connect and the request";
    const auto sent = std::ranges::find_if(seen, [](const Record& r) {
        return r.type == trace::Type::message_sent && r.as<trace::MessageSent>().type == LPC_REPLY;
    });
    ASSERT_NE(sent, seen.end());
    const auto body = sent->as<trace::MessageSent>();
    EXPECT_EQ(body.message, request.body.message.message_id);
    EXPECT_EQ(body.size, 6u);
    EXPECT_EQ(std::memcmp(sent->body.data() + sizeof(body), "answer", 6), 0);
}

TEST_F(RecordingTest, EveryRequestIsThereWithItsStatus) {
    FakeThread& client = new_process();
    client.call<wire::QueryPort>({.handle = 77});
    const auto seen = events();
    ASSERT_EQ(count(seen, trace::Type::call_ended), 1u);
    const auto call = seen.at(0).as<trace::CallEnded>();
    EXPECT_EQ(call.status, STATUS_INVALID_HANDLE);
    EXPECT_EQ(call.request, static_cast<std::uint32_t>(wire::Code::query_port));
    EXPECT_EQ(call.process, client.process().facts().id);
}

TEST_F(RecordingTest, WhatWasThereBeforeIsDescribed) {
    FakeThread& owner = new_process();
    create(owner, u"\\RPC Control\\early");
    FakeThread& late = new_process();
    ASSERT_EQ(late.call<wire::TraceStart>({}).status, STATUS_SUCCESS);
    const auto records = records_of(late.call<wire::TraceRead>({}).blob);
    EXPECT_EQ(count(records, trace::Type::process_started), 2u) << "the other recorder and the owner";
    EXPECT_EQ(count(records, trace::Type::port_created), 1u);
}

TEST_F(RecordingTest, AReaderIsAnsweredWhenEnoughHasComeOrTimeIsOver) {
    recorder_->start<wire::TraceRead>({.timeout = kSecond, .at_least = 1000});
    EXPECT_TRUE(recorder_->waiting());
    FakeThread& client = new_process();
    client.call<wire::QueryPort>({});
    tracer().serve_readers();
    EXPECT_TRUE(recorder_->waiting());
    pass(2 * kSecond);
    EXPECT_EQ(records_of(recorder_->take<wire::TraceRead>().blob).size(), 1u);
    recorder_->start<wire::TraceRead>({.timeout = kForever, .at_least = 1});
    client.call<wire::QueryPort>({});
    tracer().serve_readers();
    EXPECT_EQ(records_of(recorder_->take<wire::TraceRead>().blob).size(), 1u);
}

TEST_F(RecordingTest, OnlyARecorderReadsAndOnlySoManyMayRecord) {
    FakeThread& client = new_process();
    EXPECT_EQ(client.call<wire::TraceRead>({}).status, STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_EQ(recorder_->call<wire::TraceStart>({}).status, STATUS_INVALID_DEVICE_REQUEST);
    int recording = 0;
    while (new_process().call<wire::TraceStart>({}).status == STATUS_SUCCESS) ASSERT_LT(++recording, 100);
    EXPECT_GT(recording, 2);
}

TEST_F(RecordingTest, ARecorderThatGoesIsForgotten) {
    recorder_->start<wire::TraceRead>({.timeout = kForever, .at_least = 1000});
    kill_process(*recorder_);
    EXPECT_FALSE(tracer().on());
    new_process().call<wire::QueryPort>({});
}

}  // namespace
}  // namespace ntalpc::server
