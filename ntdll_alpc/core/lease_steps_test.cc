// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock-free steps of a lease: every interleaving of a client, a server process and alpcserver taking the
// lease back, in a model. The death of a thread at any step is among what is visited.
#include "ntalpc/lease_steps.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>
#include <vector>

#include "core/lease_model_test_support.h"

namespace ntalpc::lease {
namespace {

// A request in slot 0, a datagram in slot 1, and a look whether the answer has come.
void client(World&) {
    ModelSteps steps{ModelWords()};
    if (!send(steps, 0, kRequest) || !send(steps, 1, kDatagram)) return;
    if (steps.answer_of(0, kRequest) == Found::message) steps.finish(0, kRequest, 1);
}

void server(World& world) {
    ModelSteps steps{ModelWords()};
    for (int i = 0; i < 2; ++i) {
        const Look look = steps.look_for_message();
        if (look.found != Found::message) return;
        const Content content{read_envelope(look.slot), read_data(look.slot)};
        const bool whole = content.is_of(content.envelope);
        if (!steps.take(look.number)) {
            world.read_mixture |= !whole;
            return;
        }
        EXPECT_TRUE(whole);
        const auto serial = static_cast<std::uint32_t>(content.envelope);
        if (is_request(serial) && steps.answer(look.slot, serial)) steps.queue(look.slot);
    }
}

// In the order of server/lease.cc, Lease::find_left().
Finding find_left(ModelSteps& steps, const ModelSteps::Counts& counts, std::uint32_t slot) {
    Finding found;
    std::uint32_t number = 0;
    found.content.envelope = read_envelope(slot);
    found.state = steps.leftover(
        counts, slot, [&](std::uint32_t) { return is_request(found.content.envelope); }, &found.serial,
        &number);
    if (found.state == Leftover::none) return {};
    found.content.data = read_data(slot);
    found.still_there = steps.still_there(slot, found.serial, number);
    return found;
}

void kernel(World& world) {
    ModelSteps steps{ModelWords()};
    steps.take_back();
    const auto counts = steps.counts();
    std::array<Finding, kFew> found;
    for (std::uint32_t slot = 0; slot < kFew; ++slot) found[slot] = find_left(steps, counts, slot);
    world.found = found;
    world.taken_back = true;
}

Leftover expected(const World& world, std::uint32_t serial) {
    const auto found = world.fates.find(serial);
    const Fate fate = found == world.fates.end() ? Fate{} : found->second;
    if (!fate.sent) return Leftover::none;
    if (!fate.received) return Leftover::unreceived;
    if (!is_request(serial)) return Leftover::received_datagram;
    if (!fate.answered) return Leftover::unanswered;
    return fate.finished ? Leftover::none : Leftover::unfinished;
}

TEST(LeaseSteps, WhatIsTakenBackIsExactlyWhatHappened) {
    World start;
    start.threads = {{&client, {}}, {&server, {}}, {&kernel, {}}};
    std::size_t outcomes = 0;
    std::set<std::vector<int>> kinds;
    const std::size_t worlds = explore(start, [&](const World& world) {
        if (!world.taken_back) return;
        ++outcomes;
        for (const std::uint32_t serial : {kRequest, kDatagram}) {
            const Finding& found = world.found[serial - kRequest];
            EXPECT_EQ(found.state, expected(world, serial));
            if (found.state == Leftover::none) continue;
            EXPECT_TRUE(found.still_there && found.serial == serial && found.content.is_of(serial));
        }
        kinds.insert({static_cast<int>(world.found[0].state), static_cast<int>(world.found[1].state)});
    });
    EXPECT_GT(worlds, 10'000u);
    EXPECT_GT(outcomes, 100u);
    // All that can happen does: nothing sent; the first message sent, received, answered or over, each with
    // the second one not sent, sent, or received.
    EXPECT_GE(kinds.size(), 9u);
}

// Uses one slot twice, as soon as the first conversation there is over.
template <std::uint32_t first, std::uint32_t second>
void client_again(World&) {
    ModelSteps steps{ModelWords()};
    std::uint32_t number = 0;
    if (!send(steps, 1, first, &number)) return;
    const bool over = is_request(first)
                          ? steps.answer_of(1, first) == Found::message && steps.finish(1, first, 1)
                          : ModelSteps::among(steps.received(), number);
    if (over) send(steps, 1, second);
}

// Returns how often the second conversation was written into what was read of the first.
template <std::uint32_t first, std::uint32_t second>
std::size_t check_slot_in_use_again() {
    World start;
    start.threads = {{&client_again<first, second>, {}}, {&server, {}}, {&kernel, {}}};
    std::size_t torn = 0;
    std::set<std::pair<std::uint32_t, Leftover>> kinds;
    explore(start, [&](const World& world) {
        if (!world.taken_back) return;
        const Finding& found = world.found[1];
        const bool counts = found.state != Leftover::none && found.still_there;
        if (counts) {
            EXPECT_TRUE(found.content.is_of(found.serial));
            EXPECT_EQ(found.state, expected(world, found.serial));
            kinds.insert({found.serial, found.state});
        } else if (found.state != Leftover::none && !found.content.is_of(found.serial)) {
            ++torn;
        }
        // Nothing is overlooked, but for a first one that is over.
        const Leftover last = expected(world, second);
        if (last != Leftover::none) {
            EXPECT_TRUE(counts && found.serial == second);
        } else if (expected(world, first) == Leftover::unreceived || is_request(first)) {
            EXPECT_EQ(counts ? found.state : Leftover::none, expected(world, first));
        }
    });
    // All that can be left is: not received, received, and of a request answered, each.
    EXPECT_EQ(kinds.size(), 2u + is_request(first) + 2u + is_request(second));
    return torn;
}

// What a slot says of a datagram stays until the client uses it again, which may be while it is read.
TEST(LeaseSteps, ASlotInUseAgainIsNotMistakenForWhatItWas) {
    EXPECT_GT((check_slot_in_use_again<kDatagram, kNextRequest>()), 0u);
    EXPECT_GT((check_slot_in_use_again<kDatagram, kNextDatagram>()), 0u);
    EXPECT_EQ((check_slot_in_use_again<kRequest, kNextRequest>()), 0u);
    EXPECT_EQ((check_slot_in_use_again<kRequest, kNextDatagram>()), 0u);
}

// Another thread may have received what one is reading, and the client have used the slot again.
TEST(LeaseSteps, NobodyReceivesAMixtureOfTwoMessages) {
    World start;
    start.threads = {{&client_again<kDatagram, kNextDatagram>, {}}, {&server, {}}, {&server, {}}};
    std::size_t mixtures = 0, received = 0;
    explore(start, [&](const World& world) {
        if (world.read_mixture) ++mixtures;
        if (expected(world, kNextDatagram) == Leftover::received_datagram) ++received;
    });
    EXPECT_GT(mixtures, 0u);
    EXPECT_GT(received, 0u);
}

void ringing_client(World& world) {
    ModelSteps steps{ModelWords()};
    if (!send(steps, 0, kRequest)) return;
    if (!steps.sleeping(Owner::server, Name::sleeps)) return;
    execution().operate([&] {
        world.bell = true;
        world.asleep = false;
        return 0u;
    });
}

void sleeping_server(World& world) {
    ModelSteps steps{ModelWords()};
    steps.begin_sleep(Owner::server, Name::sleeps);
    if (steps.look_for_message().found == Found::message) return;
    execution().operate([&] {
        world.asleep = !world.bell;  // the bell is kept for who sleeps later
        return 0u;
    });
}

TEST(LeaseSteps, NobodySleepsBesideAMessage) {
    World start;
    start.threads = {{&ringing_client, {}}, {&sleeping_server, {}}};
    std::size_t ends = 0, slept = 0;
    explore(start, [&](const World& world) {
        if (world.asleep) ++slept;
        if (!world.threads[0].done || !world.threads[1].done) return;
        ++ends;
        EXPECT_FALSE(world.asleep);
    });
    EXPECT_GT(ends, 1u);
    EXPECT_GT(slept, 0u);
}

// Whatever the other side writes, a look finds a slot that exists, or says that it is garbage.
TEST(LeaseSteps, ALookBelievesNothing) {
    for (const std::uint64_t published : {std::uint64_t{1} | std::uint64_t{kFew} << 32, std::uint64_t{3},
                                          std::uint64_t{kNumbers}, std::uint64_t{5} | kTakenBack}) {
        World world;
        world.threads = {{[](World&) {}, {}}};
        world.words[{static_cast<std::uint32_t>(Owner::client), static_cast<std::uint32_t>(Name::published),
                     0}] = published;
        world.threads[0].program = [](World&) {
            const Look look = ModelSteps{ModelWords()}.look_for_message();
            EXPECT_EQ(look.found, Found::garbage);
        };
        while (!world.threads[0].done) world = after_step(std::move(world), 0);
    }
}

TEST(LeaseSteps, CountsGoOnFromTheirEnd) {
    EXPECT_EQ(after(kNumbers), 0u);
    EXPECT_EQ(ahead(0, kNumbers), 1u);
    EXPECT_EQ(ahead(kNumbers, kNumbers), 0u);
}

}  // namespace
}  // namespace ntalpc::lease
