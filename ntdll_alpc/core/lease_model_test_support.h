// SPDX-License-Identifier: LGPL-2.1-or-later
// A model of a lease, with two slots: the memory, the steps (ntalpc/lease_steps.h) as operations of threads
// that are tried in every order, and a note of what really happened wherever a compare-exchange succeeds.
//
// What a message says is the serial of its conversation, in two words that are written and read one after the
// other: whoever mixes two messages is seen to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "core/interleavings_test_support.h"
#include "ntalpc/lease_steps.h"

namespace ntalpc::lease {

namespace model = core::model;

inline constexpr std::uint32_t kFew = 2;

// What happened to a conversation.
struct Fate {
    bool sent = false, received = false, answered = false, finished = false;
};

// In place of the envelope and the data.
struct Content {
    std::uint64_t envelope = 0, data = 0;
    bool is_of(std::uint64_t serial) const { return envelope == serial && data == serial; }
};

// What alpcserver finds in a slot.
struct Finding {
    Leftover state = Leftover::none;
    bool still_there = false;  // or the client has begun another conversation meanwhile
    std::uint32_t serial = 0;
    Content content;
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
    std::map<std::uint64_t, Fate> fates;  // by serial
    std::array<Content, kFew> contents;
    std::array<Finding, kFew> found;
    bool taken_back = false;  // and looked at
    bool asleep = false, bell = false;
    bool read_mixture = false;  // and did not take it

    model::Key key() const {
        model::Key key{taken_back, asleep, bell, read_mixture, words.size(), fates.size()};
        for (const auto& [name, value] : words) {
            key.push_back(std::uint64_t{name[0]} << 40 | std::uint64_t{name[1]} << 32 | name[2]);
            key.push_back(value);
        }
        for (const auto& [serial, fate] : fates) {
            key.push_back(serial << 4 | fate.sent | fate.received << 1 | fate.answered << 2 |
                          fate.finished << 3);
        }
        for (const Content& content : contents) append(key, content);
        for (const Finding& finding : found) {
            key.push_back(static_cast<std::uint64_t>(finding.state));
            key.push_back(std::uint64_t{finding.serial} << 1 | finding.still_there);
            append(key, finding.content);
        }
        for (const ModelThread& thread : threads) {
            key.push_back(thread.done);
            model::append(key, thread.results);
        }
        return key;
    }

  private:
    static void append(model::Key& key, const Content& content) {
        key.insert(key.end(), {content.envelope, content.data});
    }
};

inline model::Execution<World>& execution() {
    return *model::execution<World>;
}

inline std::uint64_t& word(World& world, Owner owner, Name name, std::uint32_t index) {
    return world.words[{static_cast<std::uint32_t>(owner), static_cast<std::uint32_t>(name), index}];
}

inline std::uint64_t serial_in(World& world, std::uint64_t slot) {
    return word(world, Owner::client, Name::serial, static_cast<std::uint32_t>(slot));
}

// A compare-exchange that succeeds is what makes a step count.
inline void note(World& world, Name name, std::uint64_t before, std::uint64_t value) {
    switch (name) {
        case Name::published:
            world.fates[serial_in(world, value >> 32)].sent = true;
            break;
        case Name::taken: {
            const auto place = static_cast<std::uint32_t>(before % kFew);
            const std::uint64_t slot = word(world, Owner::client, Name::order, place);
            world.fates[serial_in(world, slot)].received = true;
            break;
        }
        case Name::answered:
            world.fates[value].answered = true;
            break;
        case Name::finished:
            world.fates[value & kNumbers].finished = true;
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
            note(execution().world, name, old, desired);
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
        return ntalpc::lease::word(execution().world, owner, name, index);
    }
};

using ModelSteps = Steps<ModelWords, kFew>;

// Requests have odd serials, datagrams even ones.
constexpr bool is_request(std::uint64_t serial) {
    return serial % 2 != 0;
}
inline constexpr std::uint32_t kRequest = 7, kDatagram = 8, kNextRequest = 9, kNextDatagram = 10;

inline Content& content_of(std::uint32_t slot) {
    return execution().world.contents[slot];
}
inline std::uint64_t read_envelope(std::uint32_t slot) {
    return execution().operate([&] { return content_of(slot).envelope; });
}
inline std::uint64_t read_data(std::uint32_t slot) {
    return execution().operate([&] { return content_of(slot).data; });
}

inline bool send(ModelSteps& steps, std::uint32_t slot, std::uint32_t serial, std::uint32_t* number) {
    if (!steps.begin(slot, serial, number)) return false;
    execution().operate([&] { return content_of(slot).envelope = serial; });
    execution().operate([&] { return content_of(slot).data = serial; });
    return steps.publish(slot, *number);
}
inline bool send(ModelSteps& steps, std::uint32_t slot, std::uint32_t serial) {
    std::uint32_t number = 0;
    return send(steps, slot, serial, &number);
}

inline World after_step(World world, std::size_t index) {
    return model::after_step(std::move(world), index, [](World& running, ModelThread& self) {
        self.program(running);
        self.done = true;
    });
}

// Visits all worlds that can come of this one. Returns how many there are.
inline std::size_t explore(const World& start, const std::function<void(const World&)>& check) {
    return model::explore(start, [&](const World& world, std::vector<World>& left) {
        check(world);
        for (std::size_t i = 0; i < world.threads.size(); ++i) {
            if (!world.threads[i].done) left.push_back(after_step(world, i));
        }
    });
}

}  // namespace ntalpc::lease
