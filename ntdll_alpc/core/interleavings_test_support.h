// SPDX-License-Identifier: LGPL-2.1-or-later
// Every interleaving of a few threads: a model in which lock-free code is tried in all the orders that there
// are.
//
// A thread of the model is a function of the results that its operations on shared words had so far. To take
// one step it is run from its beginning with the recorded results, does the next operation for real, and is
// left by an exception at the one after. So a state of the world is plain data, and all of them can be
// visited. A thread that is killed is one that takes no step any more.
//
// A World has `threads`, each with its `results` and whether it is `done`, and a `key()` that is different
// for worlds that differ.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace ntalpc::core::model {

using Results = std::vector<std::uint64_t>;
using Key = std::vector<std::uint64_t>;

// Puts what is in the container into a key, such that nothing that follows is mistaken for it.
template <class Container>
void append(Key& key, const Container& values) {
    key.push_back(values.size());
    key.insert(key.end(), values.begin(), values.end());
}

struct OutOfSteps {};

// One thread taking one step in a world.
template <class World>
class Execution {
  public:
    Execution(World& world, std::size_t index) : world(world), index(index) {}

    auto& self() { return world.threads[index]; }
    template <class Operation>
    std::uint64_t operate(const Operation& operation) {
        Results& results = self().results;
        if (replayed_ < results.size()) return results[replayed_++];
        if (!may_step_) throw OutOfSteps();
        may_step_ = false;
        results.push_back(operation());
        return results[replayed_++];
    }

    World& world;
    const std::size_t index;

  private:
    std::size_t replayed_ = 0;
    bool may_step_ = true;
};

// The one that is under way.
template <class World>
inline Execution<World>* execution = nullptr;

// The world after a step of a thread. `run` runs the thread from its beginning to its end.
template <class World, class Run>
World after_step(World world, std::size_t index, const Run& run) {
    Execution<World> running(world, index);
    execution<World> = &running;
    try {
        run(world, running.self());
    } catch (const OutOfSteps&) {
    }
    execution<World> = nullptr;
    return world;
}

// Visits every world that `start` can come to, until a test fails. `visit` puts those that may come next
// after a world behind the others. Returns how many there are.
template <class World, class Visit>
std::size_t explore(const World& start, const Visit& visit) {
    std::set<Key> seen;
    std::vector<World> left{start};
    while (!left.empty() && !::testing::Test::HasFailure()) {
        const World world = std::move(left.back());
        left.pop_back();
        if (seen.insert(world.key()).second) visit(world, left);
    }
    return seen.size();
}

}  // namespace ntalpc::core::model
