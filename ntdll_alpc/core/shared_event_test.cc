// SPDX-License-Identifier: LGPL-2.1-or-later
// The shared event: every interleaving of a few threads, with deaths, in a model; and real threads.
#include "core/shared_event.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "core/interleavings_test_support.h"

namespace ntalpc::core {
namespace {

// ---- The model ----

struct ModelThread {
    bool setter;
    model::Results results;
    bool asleep = false, done = false, killed = false;

    bool ended() const { return done || killed; }
    bool runnable() const { return !ended() && !asleep; }
};

struct World {
    std::uint32_t word = 0;
    std::vector<ModelThread> threads;
    int kills_left = 0;
    std::uint32_t times_set = 0;  // how often the event changed from reset to set
    bool second_chance = false;   // a set after the death of a setter has been given

    model::Key key() const {
        model::Key key{word, static_cast<std::uint64_t>(kills_left), times_set, second_chance};
        for (const auto& thread : threads) {
            key.push_back(thread.asleep | thread.done << 1 | thread.killed << 2 | thread.setter << 3);
            model::append(key, thread.results);
        }
        return key;
    }
};

model::Execution<World>& execution() {
    return *model::execution<World>;
}

class ModelWord {
  public:
    ModelWord(std::uint32_t) {}
    std::uint32_t load(std::memory_order) const {
        return operate([](World& world) { return world.word; });
    }
    std::uint32_t fetch_or(std::uint32_t bits, std::memory_order) {
        return operate([&](World& world) {
            if (!(world.word & 1) && (bits & 1)) ++world.times_set;
            return std::exchange(world.word, world.word | bits);
        });
    }
    std::uint32_t fetch_add(std::uint32_t value, std::memory_order) {
        return operate([&](World& world) { return std::exchange(world.word, world.word + value); });
    }
    bool compare_exchange_weak(std::uint32_t& expected, std::uint32_t desired, std::memory_order,
                               std::memory_order) {
        const std::uint32_t before = operate([&](World& world) {
            return world.word == expected ? std::exchange(world.word, desired) : world.word;
        });
        return std::exchange(expected, before) == before;
    }

  private:
    template <class Operation>
    static std::uint32_t operate(const Operation& operation) {
        return static_cast<std::uint32_t>(execution().operate([&] { return operation(execution().world); }));
    }
};

void model_sleep(const ModelWord&, std::uint32_t expected) {
    execution().operate([&] {
        execution().self().asleep = execution().world.word == expected;
        return 0u;
    });
}

void model_wake_all(ModelWord&) {
    execution().operate([] {
        for (ModelThread& thread : execution().world.threads) thread.asleep = false;
        return 0u;
    });
}

World after_step(const World& world, std::size_t index) {
    return model::after_step(world, index, [](World&, ModelThread& self) {
        BasicSharedEvent<ModelWord> event;
        self.setter ? event.set(model_wake_all) : event.wait(model_sleep);
        self.done = true;
    });
}

World after_kill(World world, std::size_t index) {
    world.threads[index].killed = true;
    --world.kills_left;
    return world;
}

// Of a world in which no thread can go on. A set after the death of a setter gives it another chance.
void check_at_rest(const World& world, std::vector<World>& left) {
    std::uint32_t consumed = 0;
    bool sleeper = false, dead_setter = false;
    for (const ModelThread& thread : world.threads) {
        consumed += !thread.setter && thread.done;
        sleeper |= thread.asleep && !thread.killed;
        dead_setter |= thread.setter && thread.killed;
    }
    const std::uint32_t set = world.word & 1;
    ASSERT_EQ(consumed + set, world.times_set);
    if (!sleeper || !set) return;
    ASSERT_TRUE(dead_setter && !world.second_chance) << "a waiter sleeps although the event is set";
    World again = world;
    again.second_chance = true;
    again.threads.push_back({.setter = true, .results = {}});
    left.push_back(again);
}

std::size_t explore(int setters, int waiters, int kills, std::uint32_t word = 0) {
    World start;
    start.word = word;
    start.times_set = word & 1;
    start.kills_left = kills;
    for (int i = 0; i < setters + waiters; ++i)
        start.threads.push_back({.setter = i < setters, .results = {}});
    return model::explore(start, [](const World& world, std::vector<World>& left) {
        bool at_rest = true;
        for (std::size_t i = 0; i < world.threads.size(); ++i) {
            if (world.threads[i].runnable()) {
                at_rest = false;
                left.push_back(after_step(world, i));
            }
            if (world.kills_left > 0 && !world.threads[i].ended()) left.push_back(after_kill(world, i));
        }
        if (at_rest) check_at_rest(world, left);
    });
}

TEST(SharedEventModel, EverySetReleasesOneWaiterInEveryOrder) {
    for (int setters = 1; setters <= 2; ++setters) {
        for (int waiters = 1; waiters <= 2; ++waiters) EXPECT_GT(explore(setters, waiters, 0), 10u);
    }
}

TEST(SharedEventModel, AnEventThatIsSetAlready) {
    explore(1, 2, 0, 1);
}

TEST(SharedEventModel, RegistrationsOfTheDeadDoNoHarm) {
    explore(2, 1, 0, 4);
    explore(1, 2, 0, 3);
}

TEST(SharedEventModel, OneDeathAtAnyMomentLosesNoWakeUp) {
    explore(1, 2, 1);
    explore(2, 1, 1);
}

// ---- Real threads ----

void wake_all(SharedEvent::Word& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr, nullptr, 0);
}
void sleep_on(const SharedEvent::Word& word, std::uint32_t expected) {
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, nullptr, nullptr, 0);
}

TEST(SharedEvent, ASetWithoutWaitersStaysForOneWait) {
    SharedEvent event;
    EXPECT_FALSE(event.try_wait());
    event.set(wake_all);
    event.set(wake_all);
    event.wait(sleep_on);
    EXPECT_FALSE(event.try_wait());
}

TEST(SharedEvent, PingPong) {
    constexpr int rounds = 5'000;
    SharedEventPair pair;
    int shared = 0;  // whoever was handed the turn owns it
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            pair.high.wait(sleep_on);
            ++shared;
            pair.low.set(wake_all);
        }
    });
    for (int i = 0; i < rounds; ++i) {
        ++shared;
        pair.high.set(wake_all);
        pair.low.wait(sleep_on);
        EXPECT_EQ(shared, 2 * (i + 1));
    }
    other.join();
}

// Each waiter that returns answers; the setter lets the next one go only after the answer. Two answers to one
// set would leave one over at the end.
TEST(SharedEvent, ExactlyOneOfManyWaitersReturnsPerSet) {
    constexpr int waiters = 4, waits_each = 1'000;
    SharedEvent event, answer;
    std::atomic<int> returned{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < waiters; ++i) {
        threads.emplace_back([&] {
            for (int wait = 0; wait < waits_each; ++wait) {
                event.wait(sleep_on);
                ++returned;
                answer.set(wake_all);
            }
        });
    }
    for (int sets = 1; sets <= waiters * waits_each; ++sets) {
        event.set(wake_all);
        answer.wait(sleep_on);
        ASSERT_EQ(returned.load(), sets);
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(event.try_wait());
    EXPECT_FALSE(answer.try_wait());
}

}  // namespace
}  // namespace ntalpc::core
