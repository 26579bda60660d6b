// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock-free part of completion lists: every interleaving of a few threads, with deaths, in a model.
#include "core/completion_list.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "core/interleavings_test_support.h"

namespace ntalpc::core {
namespace {

constexpr std::uint32_t kChunks = 2;
const ListLayout kLayout = ListLayout::with_chunks(kChunks);
constexpr std::uint32_t kNobody = 0xFF;

enum class Role { writer, taker, worker, freer, asker };

struct ModelThread {
    Role role;
    std::uint32_t round = 0;
    model::Results results;  // of this round
    bool done = false, killed = false;
    std::uint32_t expects = 0;  // the message that its claim is about; 0 for none
};

struct World {
    std::uint64_t state = ListState{}.word();
    std::uint64_t used = 0, last = 0, wanted = 0;
    std::array<std::uint32_t, kChunks> entries{0xFFFFFFFF, 0xFFFFFFFF};
    std::uint32_t return_count = 0;
    std::vector<ModelThread> threads;
    int kills_left = 0;
    // What no real list knows.
    std::array<std::uint32_t, kChunks> content{};                // the number of the message in a chunk
    std::array<std::uint32_t, kChunks> owner{kNobody, kNobody};  // which thread has taken it
    std::deque<std::uint32_t> in_list;
    std::vector<std::uint32_t> delivered;
    std::uint32_t published = 0;
    std::uint32_t active_at_publish = 0;
    bool told = false, asleep = false;

    model::Key key() const {
        model::Key key{state,        used,       last,
                       wanted,       entries[0], entries[1],
                       return_count, published,  active_at_publish,
                       told,         asleep,     static_cast<std::uint64_t>(kills_left)};
        for (const auto value : content) key.push_back(value);
        for (const auto value : owner) key.push_back(value);
        model::append(key, in_list);
        model::append(key, delivered);
        for (const auto& thread : threads) {
            key.push_back(thread.done | thread.killed << 1 | thread.expects << 2 | thread.round << 8);
            model::append(key, thread.results);
        }
        return key;
    }
};

model::Execution<World>& execution() {
    return *model::execution<World>;
}

// What a change of State means for who has which message.
void note_change_of_state(World& world, const ListState& before, const ListState& after) {
    ModelThread& self = execution().self();
    if (self.role == Role::writer) {
        world.in_list.push_back(++world.published);
        world.active_at_publish = before.active_threads;
        return;
    }
    if (before.head == after.head) return;  // joined or left
    ASSERT_FALSE(world.in_list.empty());
    ASSERT_EQ(self.expects, 0u);
    self.expects = world.in_list.front();
    world.in_list.pop_front();
}

class ModelWords {
  public:
    std::uint64_t load64(std::uint32_t offset) {
        return execution().operate([&] { return *word(offset); });
    }
    bool exchange64(std::uint32_t offset, std::uint64_t& expected, std::uint64_t desired) {
        const std::uint64_t before = execution().operate([&] {
            std::uint64_t& now = *word(offset);
            const std::uint64_t old = now;
            if (old != expected) return old;
            now = desired;
            if (&now == &execution().world.state)
                note_change_of_state(execution().world, ListState::of(old), ListState::of(desired));
            return old;
        });
        return std::exchange(expected, before) == before;
    }
    std::uint32_t load32(std::uint32_t offset) {
        return static_cast<std::uint32_t>(execution().operate([&] { return entry(offset); }));
    }
    void store32(std::uint32_t offset, std::uint32_t value) {
        execution().operate([&] { return entry(offset) = value; });
    }
    std::uint32_t add32(std::uint32_t, std::uint32_t value) {
        return static_cast<std::uint32_t>(
            execution().operate([&] { return execution().world.return_count += value; }));
    }

  private:
    std::uint64_t* word(std::uint32_t offset) {
        World& world = execution().world;
        if (offset == offsetof(ALPC_COMPLETION_LIST_HEADER, State)) return &world.state;
        if (offset == kRoomWantedOffset) return &world.wanted;
        return offset == kLayout.used_word(0) ? &world.used : &world.last;
    }
    std::uint32_t& entry(std::uint32_t offset) {
        return execution().world.entries[(offset - kLayout.list_offset) / 4];
    }
};

using ModelList = BasicCompletionList<ModelWords>;

// Puts one message in, if there is room, as CompletionListWriter does.
bool write_one(ModelList& list, std::uint32_t slot, std::uint32_t number) {
    const std::uint64_t used = list.words().load64(kLayout.used_word(0));
    const std::uint32_t chunk = used & 1 ? 1 : 0;
    if (used >> chunk & 1) return false;
    if (list.words().load32(kLayout.entry(slot)) != list.kNoMessage) return false;
    list.reserve(chunk, 1);
    execution().operate([&] {
        EXPECT_EQ(execution().world.owner[chunk], kNobody) << "written over a message that somebody holds";
        return execution().world.content[chunk] = number;
    });
    list.put(slot, chunk * kChunk);
    list.publish(slot, slot);
    return true;
}

// Takes a message, reads it, and gives it back.
bool take_one(ModelList& list) {
    const std::uint32_t offset = list.take();
    if (offset == list.kNoMessage) return false;
    execution().operate([&] {
        World& world = execution().world;
        ModelThread& self = execution().self();
        const std::uint32_t number = world.content[offset / kChunk];
        EXPECT_EQ(number, self.expects) << "not the message that was claimed";
        EXPECT_EQ(world.owner[offset / kChunk], kNobody);
        world.owner[offset / kChunk] = static_cast<std::uint32_t>(execution().index);
        world.delivered.push_back(number);
        self.expects = 0;
        return number;
    });
    execution().operate([&] {
        execution().world.owner[offset / kChunk] = kNobody;
        return 0;
    });
    EXPECT_TRUE(list.release(offset));
    return true;
}

// Joins, takes what there is, leaves. Its rounds: 0 joins, 1 takes, 2 leaves. Returns the next one.
std::uint32_t work(ModelList& list, std::uint32_t round) {
    if (round == 0) {
        EXPECT_TRUE(list.join());
        return 1;
    }
    if (round == 1) return take_one(list) ? 1 : 2;
    return list.leave() ? 3 : 1;
}

// Its only chunk is in use; it asks and sleeps unless there is room now.
void run_asker(ModelList& list) {
    list.ask_for_room(1);
    if (!(list.words().load64(kLayout.used_word(0)) & 1)) return;
    execution().operate([&] { return execution().world.asleep = true; });
}

void run_freer(ModelList& list) {
    EXPECT_TRUE(list.release(0));
    if (list.count_freed()) execution().operate([&] { return execution().world.told = true; });
}

// One round of a thread. True when it has ended.
bool run_round(ModelList& list, ModelThread& self, std::uint32_t messages) {
    switch (self.role) {
        case Role::writer:
            if (!write_one(list, self.round % kLayout.entries, self.round + 1)) return true;
            return ++self.round == messages;
        case Role::taker:
            take_one(list);
            return ++self.round == 2;
        case Role::worker:
            self.round = work(list, self.round);
            return self.round == 3;
        case Role::freer:
            run_freer(list);
            return true;
        case Role::asker:
            run_asker(list);
            return true;
    }
    return true;
}

World after_step(const World& world, std::size_t index, std::uint32_t messages) {
    return model::after_step(world, index, [&](World&, ModelThread& self) {
        ModelList list(ModelWords(), kLayout);
        self.done = run_round(list, self, messages);
        self.results.clear();
    });
}

// Visits every state that `start` can come to and looks at those in which all threads have ended.
std::size_t explore(const World& start, std::uint32_t messages,
                    const std::function<void(const World&)>& check) {
    return model::explore(start, [&](const World& world, std::vector<World>& left) {
        bool at_rest = true;
        for (std::size_t i = 0; i < world.threads.size(); ++i) {
            const ModelThread& thread = world.threads[i];
            if (thread.done || thread.killed) continue;
            at_rest = false;
            left.push_back(after_step(world, i, messages));
            if (world.kills_left == 0) continue;
            World after_kill = world;
            after_kill.threads[i].killed = true;
            --after_kill.kills_left;
            left.push_back(std::move(after_kill));
        }
        if (at_rest) check(world);
    });
}

World with(std::initializer_list<Role> roles) {
    World world;
    for (const Role role : roles) world.threads.push_back({.role = role, .results = {}});
    return world;
}

// Every published message was delivered once, is still in the list, or went with a killed thread.
void check_deliveries(const World& world) {
    std::set<std::uint32_t> accounted(world.delivered.begin(), world.delivered.end());
    ASSERT_EQ(accounted.size(), world.delivered.size()) << "a message was delivered twice";
    accounted.insert(world.in_list.begin(), world.in_list.end());
    std::size_t lost = 0;
    for (const auto& thread : world.threads) lost += thread.expects != 0;
    ASSERT_EQ(accounted.size() + lost, world.published);
    const ListState state = ListState::of(world.state);
    ASSERT_EQ(state.empty(), world.in_list.empty());
}

// One thread plays all others here, so ThreadSanitizer would only make it slow.
class CompletionListModel : public testing::Test {
  protected:
    void SetUp() override {
#ifdef __SANITIZE_THREAD__
        GTEST_SKIP() << "a single thread";
#endif
    }
};

TEST_F(CompletionListModel, EveryMessageIsDeliveredOnceInEveryOrder) {
    EXPECT_GT(explore(with({Role::writer, Role::taker}), 3, check_deliveries), 100u);
    EXPECT_GT(explore(with({Role::writer, Role::taker, Role::taker}), 2, check_deliveries), 1000u);
}

// The ring of two goes round while a taker is slow.
TEST_F(CompletionListModel, ARingThatGoesRoundConfusesNobody) {
    World world = with({Role::writer, Role::taker, Role::taker});
    EXPECT_GT(explore(world, 3, check_deliveries), 1000u);
}

TEST_F(CompletionListModel, ADeathTakesOneMessageAtMost) {
    World world = with({Role::writer, Role::taker, Role::taker});
    world.kills_left = 1;
    explore(world, 2, check_deliveries);
}

// A message that stays behind was published when nobody was at work, which the writer has seen.
TEST_F(CompletionListModel, NoWorkIsLeftBehind) {
    const auto check = [](const World& world) {
        check_deliveries(world);
        ASSERT_TRUE(world.in_list.empty() || world.active_at_publish == 0);
        ASSERT_EQ(ListState::of(world.state).active_threads, 0u);
    };
    explore(with({Role::writer, Role::worker}), 2, check);
    explore(with({Role::writer, Role::worker, Role::worker}), 1, check);
}

TEST_F(CompletionListModel, WhoAsksForRoomFindsItOrIsTold) {
    for (const bool others_left : {false, true}) {
        World world = with({Role::asker, Role::freer});
        world.used = world.last = others_left ? 3 : 1;
        if (others_left) world.state = ListState{1, 1, 0}.word();
        EXPECT_GT(explore(world, 0,
                          [](const World& end) {
                              ASSERT_TRUE(!end.asleep || end.told)
                                  << "the writer sleeps although there is room";
                          }),
                  5u);
    }
}

}  // namespace
}  // namespace ntalpc::core
