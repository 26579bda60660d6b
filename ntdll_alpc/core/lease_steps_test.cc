// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock-free steps of a lease: every interleaving of a client, a server process and alpcserver taking the
// lease back, in a model with two slots.
//
// What really happened is noted where a compare-exchange succeeds. The death of a thread at any step is among
// what is visited.
#include "ntalpc/lease_steps.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/interleavings_test_support.h"

namespace ntalpc::lease {
namespace {

namespace model = core::model;

constexpr std::uint32_t kFew = 2;

// What happened to the message in a slot.
struct Fate {
    bool sent = false, received = false, answered = false, finished = false;
};

struct World;
using Program = void (*)(World&);

struct ModelThread {
    Program program;
    model::Results results;
    bool done = false;
};

struct World {
    std::map<std::array<std::uint32_t, 3>, std::uint64_t> words;
    std::vector<ModelThread> threads;
    std::array<Fate, kFew> fates;
    std::array<Leftover, kFew> left{};
    bool taken_back = false;  // and looked at
    bool asleep = false, bell = false;

    model::Key key() const {
        model::Key key{taken_back, asleep, bell};
        for (const auto& [name, value] : words) {
            key.push_back(std::uint64_t{name[0]} << 40 | std::uint64_t{name[1]} << 32 | name[2]);
            key.push_back(value);
        }
        for (const Fate& fate : fates)
            key.push_back(fate.sent | fate.received << 1 | fate.answered << 2 | fate.finished << 3);
        for (const Leftover state : left) key.push_back(static_cast<std::uint64_t>(state));
        for (const ModelThread& thread : threads) {
            key.push_back(thread.done);
            model::append(key, thread.results);
        }
        return key;
    }
};

model::Execution<World>& execution() {
    return *model::execution<World>;
}

// A compare-exchange that succeeds is what makes a step count.
void note(World& world, Name name, std::uint32_t index, std::uint64_t before, std::uint64_t value) {
    switch (name) {
        case Name::published:
            world.fates[value >> 32].sent = true;
            break;
        case Name::taken: {
            const std::array<std::uint32_t, 3> place{static_cast<std::uint32_t>(Owner::client),
                                                     static_cast<std::uint32_t>(Name::order),
                                                     static_cast<std::uint32_t>(before % kFew)};
            world.fates[world.words[place]].received = true;
            break;
        }
        case Name::answered:
            world.fates[index].answered = true;
            break;
        case Name::finished:
            world.fates[index].finished = true;
            break;
        default:
            break;
    }
}

class ModelWords {
  public:
    std::uint64_t load(Owner owner, Name name, std::uint32_t index) {
        return execution().operate([&] { return word(owner, name, index); });
    }
    void store(Owner owner, Name name, std::uint32_t index, std::uint64_t value) {
        execution().operate([&] { return word(owner, name, index) = value; });
    }
    bool exchange(Owner owner, Name name, std::uint32_t index, std::uint64_t& expected,
                  std::uint64_t desired) {
        const std::uint64_t before = execution().operate([&] {
            std::uint64_t& now = word(owner, name, index);
            const std::uint64_t old = now;
            if (old != expected) return old;
            now = desired;
            note(execution().world, name, index, old, desired);
            return old;
        });
        return std::exchange(expected, before) == before;
    }
    std::uint64_t fetch_or(Owner owner, Name name, std::uint32_t index, std::uint64_t bits) {
        return execution().operate([&] {
            std::uint64_t& now = word(owner, name, index);
            return std::exchange(now, now | bits);
        });
    }
    void add(Owner owner, Name name, std::uint32_t index, std::uint64_t difference) {
        execution().operate([&] { return word(owner, name, index) += difference; });
    }

  private:
    static std::uint64_t& word(Owner owner, Name name, std::uint32_t index) {
        return execution()
            .world.words[{static_cast<std::uint32_t>(owner), static_cast<std::uint32_t>(name), index}];
    }
};

using ModelSteps = Steps<ModelWords, kFew>;

constexpr std::uint32_t kSerial = 7;

bool send(ModelSteps& steps, std::uint32_t slot) {
    std::uint32_t number = 0;
    return steps.begin(slot, kSerial + slot, &number) && steps.publish(slot, number);
}

// A request in slot 0, a datagram in slot 1, and a look whether the answer has come.
void client(World&) {
    ModelSteps steps{ModelWords()};
    if (!send(steps, 0) || !send(steps, 1)) return;
    if (steps.answer_of(0, kSerial) == Found::message) steps.finish(0, kSerial, 1);
}

void server(World&) {
    ModelSteps steps{ModelWords()};
    for (int i = 0; i < 2; ++i) {
        const Look look = steps.look_for_message();
        if (look.found != Found::message || !steps.take(look.number)) return;
        if (look.slot == 0 && steps.answer(0, kSerial)) steps.queue(0);
    }
}

void kernel(World& world) {
    ModelSteps steps{ModelWords()};
    steps.take_back();
    const auto counts = steps.counts();
    std::array<Leftover, kFew> left{};
    for (std::uint32_t slot = 0; slot < kFew; ++slot) {
        std::uint32_t serial = 0, number = 0;
        left[slot] = steps.leftover(
            counts, slot, [](std::uint32_t s) { return s == 0; }, &serial, &number);
        // Of a datagram that has been received an older one may be remembered in its place.
        const bool live = left[slot] != Leftover::none && left[slot] != Leftover::received_datagram;
        EXPECT_TRUE(!live || serial == kSerial + slot);
    }
    world.left = left;
    world.taken_back = true;
}

Leftover expected(const Fate& fate, bool request) {
    if (!fate.sent) return Leftover::none;
    if (!fate.received) return Leftover::unreceived;
    if (!request) return Leftover::received_datagram;
    if (!fate.answered) return Leftover::unanswered;
    return fate.finished ? Leftover::none : Leftover::unfinished;
}

World after_step(World world, std::size_t index) {
    return model::after_step(std::move(world), index, [](World& running, ModelThread& self) {
        self.program(running);
        self.done = true;
    });
}

// Visits all worlds that can come of this one. Returns how many there are.
std::size_t explore(const World& start, const std::function<void(const World&)>& check) {
    return model::explore(start, [&](const World& world, std::vector<World>& left) {
        check(world);
        for (std::size_t i = 0; i < world.threads.size(); ++i) {
            if (!world.threads[i].done && !(world.asleep && world.threads[i].program == &server))
                left.push_back(after_step(world, i));
        }
    });
}

TEST(LeaseSteps, WhatIsTakenBackIsExactlyWhatHappened) {
    World start;
    start.threads = {{&client, {}}, {&server, {}}, {&kernel, {}}};
    std::size_t outcomes = 0;
    std::set<std::vector<int>> kinds;
    const std::size_t worlds = explore(start, [&](const World& world) {
        if (!world.taken_back) return;
        ++outcomes;
        for (std::uint32_t slot = 0; slot < kFew; ++slot)
            EXPECT_EQ(world.left[slot], expected(world.fates[slot], slot == 0));
        kinds.insert({static_cast<int>(world.left[0]), static_cast<int>(world.left[1])});
    });
    EXPECT_GT(worlds, 10'000u);
    EXPECT_GT(outcomes, 100u);
    // All that can happen does: nothing sent; the first message sent, received, answered or over, each with
    // the second one not sent, sent, or received.
    EXPECT_GE(kinds.size(), 9u);
}

// A second use of a slot must not be mistaken for the first.
void client_again(World&) {
    ModelSteps steps{ModelWords()};
    std::uint32_t number = 0;
    if (!steps.begin(1, kSerial + 1, &number)) return;
    steps.publish(1, number);
}

TEST(LeaseSteps, ASlotInUseAgainIsNotMistakenForWhatItWas) {
    World start;
    start.threads = {{[](World& world) { client(world); }, {}}, {&server, {}}};
    // Let both finish undisturbed: slot 1 has carried a datagram that was received.
    for (const std::size_t thread : {0u, 1u}) {
        while (!start.threads[thread].done) start = after_step(std::move(start), thread);
    }
    ASSERT_TRUE(start.fates[1].received);
    const auto key = std::array<std::uint32_t, 3>{static_cast<std::uint32_t>(Owner::client),
                                                  static_cast<std::uint32_t>(Name::serial), 1};
    start.words[key] = kSerial;  // an older conversation
    start.threads = {{&client_again, {}}, {&kernel, {}}};
    start.fates[1] = {};
    std::size_t outcomes = 0;
    explore(start, [&](const World& world) {
        if (!world.taken_back) return;
        ++outcomes;
        // The older one was received; it may be remembered as long as its place has not been made void.
        if (world.fates[1].sent) {
            EXPECT_EQ(world.left[1], Leftover::unreceived);
        } else {
            EXPECT_NE(world.left[1], Leftover::unreceived);
        }
    });
    EXPECT_GT(outcomes, 10u);
}

void ringing_client(World& world) {
    ModelSteps steps{ModelWords()};
    if (!send(steps, 0)) return;
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
