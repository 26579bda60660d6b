// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests about leases: connections that have one. The two processes are played by hand, with the
// steps that the library takes.
#pragma once

#include <sys/mman.h>

#include <cstring>

#include "ntalpc/lease_memory.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {

constexpr int kMessagesUntilALease = 16;

class LeaseTest : public KernelTest {
  protected:
    struct Leased : Pair {
        std::uint32_t number = 0;
        Answer<wire::TakeLease> server_end, client_end;
        lease::Region* client_memory = nullptr;  // as the client has it
        lease::Region* server_memory = nullptr;
    };

    // What the server finds in its answer when it receives the last of so many datagrams.
    std::uint32_t offer_after(const Pair& pair, int count) {
        std::uint32_t offer = 0;
        for (int i = 0; i < count; ++i) {
            EXPECT_EQ(send(*pair.client, pair.client_port, "one of many").status, STATUS_SUCCESS);
            offer = receive(*pair.server, pair.listener).body.lease;
        }
        return offer;
    }
    static Answer<wire::TakeLease> take(FakeThread& thread, std::uint32_t number) {
        return thread.call<wire::TakeLease>({.lease = number});
    }
    lease::Region* map(const UniqueFd& memory) {
        void* const place =
            mmap(nullptr, sizeof(lease::Region), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
        EXPECT_NE(place, MAP_FAILED);
        mapped_.push_back(place);
        return static_cast<lease::Region*>(place);
    }
    Leased leased_pair() {
        Leased leased{connected_pair(), 0, {}, {}};
        leased.number = offer_after(leased, kMessagesUntilALease) - 1;
        leased.server_end = take(*leased.server, leased.number);
        EXPECT_EQ(leased.server_end.status, STATUS_SUCCESS);
        leased.client_end = take(*leased.client, leased.number);
        EXPECT_EQ(leased.client_end.status, STATUS_SUCCESS);
        if (leased.client_end.files.size() != 3) return leased;
        leased.client_memory = map(leased.client_end.files[0]);
        leased.server_memory = map(leased.server_end.files[0]);
        return leased;
    }
    void TearDown() override {
        for (void* const place : mapped_) munmap(place, sizeof(lease::Region));
        KernelTest::TearDown();
    }

    static auto steps(const Leased& leased) {
        return lease::Steps(lease::MappedWords(leased.client_memory, leased.server_memory));
    }
    static void write(lease::Region& region, std::uint32_t slot, std::uint32_t serial, std::uint16_t type,
                      FakeThread& sender, std::string_view data, bool awaited = false) {
        lease::Envelope& envelope = region.slots[slot].envelope;
        envelope = {};
        envelope.serial = serial;
        envelope.type = type;
        envelope.data_length = static_cast<std::uint16_t>(data.size());
        envelope.total_length = static_cast<std::uint16_t>(kHeader + data.size());
        envelope.awaited = awaited;
        envelope.thread_id = sender.thread().id();
        envelope.message_context = 0xC0DE;
        std::memcpy(region.slots[slot].data, data.data(), data.size());
    }
    // By the lease. Returns the message id.
    static std::uint32_t send_leased(const Leased& leased, std::uint32_t slot, std::uint16_t type,
                                     std::string_view data, bool awaited = false) {
        auto all = steps(leased);
        std::uint32_t number = 0;
        EXPECT_TRUE(all.begin(slot, 1, &number));
        write(*leased.client_memory, slot, 1, type, *leased.client, data, awaited);
        EXPECT_TRUE(all.publish(slot, number));
        return lease::message_id(leased.number, slot, 1);
    }
    static void receive_leased(const Leased& leased, std::uint32_t slot) {
        const auto look = steps(leased).look_for_message();
        EXPECT_EQ(look.found, lease::Found::message);
        EXPECT_EQ(look.slot, slot);
        EXPECT_TRUE(steps(leased).take(look.number));
    }
    static void answer_leased(const Leased& leased, std::uint32_t slot, std::string_view data) {
        write(*leased.server_memory, slot, 1, LPC_REPLY, *leased.server, data);
        EXPECT_TRUE(steps(leased).answer(slot, 1));
        steps(leased).queue(slot);
    }
    void take_back(const Leased& leased) {
        EXPECT_EQ(leased.client->call<wire::ReleaseLeases>({.handle = leased.client_port}).status,
                  STATUS_SUCCESS);
    }
    MessageAnswer resume(const Leased& leased, std::uint32_t id) {
        auto request = sending(leased.client_port, 0, {.flags = kSync});
        request.has_send = 0;
        request.message = {};
        request.resumed = id;
        leased.client->start<wire::SendWaitReceive>(request);
        return leased.client->waiting() ? MessageAnswer{} : leased.client->take<wire::SendWaitReceive>();
    }

  private:
    std::vector<void*> mapped_;
};

}  // namespace ntalpc::server
