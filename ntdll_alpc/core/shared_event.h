// SPDX-License-Identifier: LGPL-2.1-or-later
// An auto-reset event in memory that several processes share: one futex word, no lock, no owner.
//
// The word. Bit 0 says that the event is set. The other bits count registrations of waiters; they are a hint
// for set(), which enters the kernel only when somebody may be asleep.
//
//   set     SET := 1; when registrations > 0, wake all sleepers
//   wait    SET = 1: SET := 0 and return. Otherwise registrations + 1; then, until it succeeds: when SET = 1,
//           SET := 0 and registrations - 1 in one step and return; else sleep while the word is as it was
//           read
//
// Exactly one waiter returns per set. A waiter returns only by the compare-and-swap that changes SET from 1
// to 0 (SYNC POINT consume), and only set changes SET from 0 to 1. So the consumptions cannot outnumber the
// changes from 0 to 1, and a set that finds SET = 1 is lost, as it is for an event.
//
// No wake-up is lost. Suppose a waiter W sleeps although SET = 1 and every set() has returned. Take the set()
// that last changed SET to 1 (SYNC POINT publish). W registered (SYNC POINT register) before it slept, and
// keeps its registration until it consumes. Either register came before publish in the order of changes of
// the word: then set() has read a count above 0 and woken all sleepers after publish; had W gone to sleep
// after that, the kernel would have compared the word with SET = 1 against a value with SET = 0 (SYNC POINT
// sleep) and refused. Or register came after publish: then the value that W took from register, or any later
// one, had SET = 1, and W tried to consume instead of sleeping.
//
// All sleepers are woken rather than one, and those that do not get the event sleep again. That is what makes
// death harmless: a thread that is killed after it was woken and before it consumed leaves the event set, and
// nobody else depends on it, because everybody was woken. Event pairs are for two threads; many waiters on
// one event pay for this with a few needless wake-ups. Threads killed otherwise:
// - in the sleep or just before: their registration stays, and later sets enter the kernel for nothing.
// - in set() between publish and wake: the event is set, sleepers learn of it with the next set, which wakes
//   them although it finds SET = 1. For a sleeper it is as if the setter had died before its call.
//
// Any value is safe. The word is the only thing read, nothing is indexed, sized or trusted by it. A peer that
// writes to it at will can make the users of this pair wait or not wait, which it may do with set and wait as
// well. An overflow of the count needs 2^31 waiters killed on one event; it loses wake-ups on that event.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ntalpc::core {

// `WordType` is an atomic of 32 bits; the unit test has one whose operations it can put into any order.
template <class WordType>
class BasicSharedEvent {
  public:
    using Word = WordType;

    // `wake_all(word)` wakes everybody who sleeps on the word.
    template <class WakeAll>
    void set(const WakeAll& wake_all) {
        // SYNC POINT publish: pairs with consume, so that what the setter wrote before is seen by whom it
        // wakes.
        const std::uint32_t before = word_.fetch_or(kSet, std::memory_order_acq_rel);
        if (before >= kRegistration) wake_all(word_);
    }

    // `sleep(word, expected)` sleeps unless the word differs from `expected`, and may return at any time.
    template <class Sleep>
    void wait(const Sleep& sleep) {
        if (consume(word_.load(std::memory_order_relaxed), 0)) return;
        // SYNC POINT register: pairs with publish, see above.
        std::uint32_t seen = word_.fetch_add(kRegistration, std::memory_order_acq_rel) + kRegistration;
        while (!consume(seen, kRegistration)) {
            sleep(word_, word_.load(std::memory_order_relaxed) & ~kSet);  // SYNC POINT sleep
            seen = word_.load(std::memory_order_relaxed);
        }
    }

    // Takes the event when it is set.
    bool try_wait() { return consume(word_.load(std::memory_order_relaxed), 0); }

  private:
    static constexpr std::uint32_t kSet = 1;
    static constexpr std::uint32_t kRegistration = 2;

    // Returns false when SET = 0, as of `seen` or of a later look.
    bool consume(std::uint32_t seen, std::uint32_t registration) {
        while (seen & kSet) {
            // SYNC POINT consume: pairs with publish.
            if (word_.compare_exchange_weak(seen, (seen & ~kSet) - registration, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    Word word_{0};
};

using SharedEvent = BasicSharedEvent<std::atomic<std::uint32_t>>;
static_assert(SharedEvent::Word::is_always_lock_free && sizeof(SharedEvent) == sizeof(std::uint32_t));

// The page of an event pair. The two words are kept off each other's cache line.
struct SharedEventPair {
    alignas(64) SharedEvent high;
    alignas(64) SharedEvent low;
};
static_assert(offsetof(SharedEventPair, low) == 64 && sizeof(SharedEventPair) <= 4096);

}  // namespace ntalpc::core
