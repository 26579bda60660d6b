// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock-free steps of a lease: how the two ends of a connection pass messages without the server, and how
// the server takes the lease back.
//
// A lease has two regions of memory, one that only the client process writes to and one that only the server
// process (the one with the connection port) writes to. Each word of the protocol stands in the region of the
// one who writes it. alpcserver writes to both once, when it takes the lease back: then it sets kTakenBack in
// every word by which something is made to count, and all steps that have not been taken by then fail.
//
// A conversation takes one of kSlots slots from its request to the end of its answer, and that slot's next
// serial number. The words, all of 64 bits (what counts in each is in the low half, which can be slept on):
//
// In the client's region:
//   published        how many messages have been sent, and (high half) the slot of the last
//   order[i]         the slot of the message that was sent as number i
//   serial[slot]     the conversation that has the slot,
//   place[slot]      and the number of the message that began it
//   finished[slot]   the conversation whose answer has been received, and
//                    (high half) which of all answers it was
//   sleeps           how many threads sleep until answers are queued,
//   awaits[slot]     or until this one is there
// In the server process's:
//   taken            how many messages have been received
//   answered[slot]   the conversation that has been answered last
//   queued           how many answers that nobody waits for have been put in order,
//   order[i]         and their slots
//   sleeps           whether nobody looks until the bell rings
//
// Who did what is decided by one compare-exchange each, on a word that the server marks when it takes back:
//
//   send      client  published  n -> n + 1
//   receive   server  taken      n -> n + 1
//   answer    server  answered   previous serial -> serial
//   finish    client  finished   previous serial -> serial
//
// The server marks published, taken, answered and finished in this order. A message is then in exactly one
// state, and all three agree on it: not sent (the compare-exchange of the client failed, and the client sends
// it by way of the server), sent and not received, received and not answered, answered and not finished, or
// over. For a client whose step fails knows that the server does not have it as done, and one whose step
// succeeds did it before the mark, so that the server, reading later, sees it. That a word is marked after
// another one matters in one place only: an answer that is finished must have been seen as answered, and is,
// since `answered` is looked at through a value that the client saw before it finished, and neither goes
// back.
//
// The slot of an unsent message must not be mistaken for one that has been sent. Its owner makes `place` void
// before it changes `serial`, and sets it to the number that the message would get; the server reads `serial`
// first. A number that is not below the count of published ones was never sent, and a void place belongs to
// no conversation.
//
// Everything read from the peer's region is checked by Look and Leftovers: counts that are more than kSlots
// apart and slots that there are none of are garbage, and who finds it has the lease taken back and the
// connection ended.
#pragma once

#include <atomic>
#include <cstdint>

namespace ntalpc::lease {

inline constexpr std::uint32_t kSlots = 64;
inline constexpr std::uint32_t kTakenBack = 0x80000000;
inline constexpr std::uint32_t kNumbers = 0x7FFFFFFF;  // counts and serials: 31 bits, and then from 0 again
inline constexpr std::uint32_t kNowhere = 0xFFFFFFFF;  // as a place: no message

enum class Owner : std::uint8_t { client, server };
enum class Name : std::uint8_t {
    published,
    taken,
    queued,
    order,
    serial,
    place,
    answered,
    finished,
    sleeps,
    awaits
};

// How many steps a count is ahead of another one.
constexpr std::uint32_t ahead(std::uint32_t count, std::uint32_t of) {
    return (count - of) & kNumbers;
}
constexpr std::uint32_t after(std::uint32_t number) {
    return (number + 1) & kNumbers;
}

enum class Found : std::uint8_t { nothing, message, taken_back, garbage };

struct Look {
    Found found = Found::nothing;
    std::uint32_t number = 0;
    std::uint32_t slot = 0;
};

// What the server finds about one slot when it has taken the lease back.
enum class Leftover : std::uint8_t { none, received_datagram, unanswered, unreceived, unfinished };

// `Words` gives access to the words of both regions:
//   std::uint64_t load(Owner, Name, std::uint32_t index)
//   void store(Owner, Name, std::uint32_t index, std::uint64_t value)
//   bool exchange(Owner, Name, std::uint32_t index, std::uint64_t& expected, std::uint64_t desired)
//   std::uint64_t fetch_or(Owner, Name, std::uint32_t index, std::uint64_t bits)
//   void add(Owner, Name, std::uint32_t index, std::uint64_t difference)
// all sequentially consistent, but for store, which releases.
template <class Words, std::uint32_t kSlots = lease::kSlots>
class Steps {
  public:
    explicit Steps(Words words) : words_(words) {}
    Words& words() { return words_; }

    // ---- The client. One thread at a time sends. ----

    // False when the lease has been taken back. `number` is what the message would be.
    bool begin(std::uint32_t slot, std::uint32_t serial, std::uint32_t* number) {
        const std::uint64_t published = words_.load(Owner::client, Name::published, 0);
        if (published & kTakenBack) return false;
        *number = low(published);
        words_.store(Owner::client, Name::place, slot, kNowhere);
        words_.store(Owner::client, Name::serial, slot, serial);
        // x86 lets nothing that is stored later be seen earlier; the compiler must not either.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        return true;
    }
    // After the content is there. False: it has not been sent.
    bool publish(std::uint32_t slot, std::uint32_t number) {
        words_.store(Owner::client, Name::place, slot, number);
        words_.store(Owner::client, Name::order, number % kSlots, slot);
        std::uint64_t published = words_.load(Owner::client, Name::published, 0);
        if (published & kTakenBack) return false;
        return words_.exchange(Owner::client, Name::published, 0, published,
                               std::uint64_t{after(number)} | std::uint64_t{slot} << 32);
    }
    // How many messages have been received, and whether the message of a number is among so many.
    std::uint32_t received() { return low(words_.load(Owner::server, Name::taken, 0)) & kNumbers; }
    static bool among(std::uint32_t received, std::uint32_t number) {
        return ahead(received, after(number)) <= kNumbers / 2;
    }
    Found answer_of(std::uint32_t slot, std::uint32_t serial) {
        const std::uint32_t answered = low(words_.load(Owner::server, Name::answered, slot));
        if ((answered & kNumbers) == serial) return Found::message;
        return answered & kTakenBack ? Found::taken_back : Found::nothing;
    }
    // After the answer has been copied; it is number `count` of those received. False: the server has it.
    bool finish(std::uint32_t slot, std::uint32_t serial, std::uint32_t count) {
        return advance(Owner::client, Name::finished, slot, serial | std::uint64_t{count} << 32);
    }
    // The answer that is number `number` of those that nobody waits for.
    Look look_for_queued(std::uint32_t number) {
        return look(low(words_.load(Owner::server, Name::queued, 0)), Owner::server, number);
    }

    // ---- The server process. ----

    Look look_for_message() {
        const std::uint32_t taken = low(words_.load(Owner::server, Name::taken, 0));
        if (taken & kTakenBack) return {.found = Found::taken_back};
        const std::uint64_t published = words_.load(Owner::client, Name::published, 0);
        // Whoever keeps up need not look into the order.
        if (ahead(low(published) & kNumbers, taken) == 1) {
            const auto slot = static_cast<std::uint32_t>(published >> 32);
            return {slot < kSlots ? Found::message : Found::garbage, taken, slot};
        }
        return look(low(published), Owner::client, taken);
    }
    // After the message has been copied. False: another thread has it, or the server.
    bool take(std::uint32_t number) {
        std::uint64_t taken = words_.load(Owner::server, Name::taken, 0);
        return low(taken) == number && words_.exchange(Owner::server, Name::taken, 0, taken, after(number));
    }
    // After the content is there. False: the answer goes by way of the server.
    bool answer(std::uint32_t slot, std::uint32_t serial) {
        return advance(Owner::server, Name::answered, slot, serial);
    }
    // For an answer that nobody waits for; one thread at a time.
    void queue(std::uint32_t slot) {
        std::uint64_t queued = words_.load(Owner::server, Name::queued, 0);
        words_.store(Owner::server, Name::order, low(queued) % kSlots, slot);
        // Marked or not: nobody but the server looks at it after the mark, and it looks at `answered`, too.
        while (!words_.exchange(Owner::server, Name::queued, 0, queued,
                                (queued & kTakenBack) | after(low(queued) & kNumbers)))
            continue;
    }

    // ---- Sleeping. ----

    // Before a last look, after which the thread sleeps: until messages are published (the server's
    // `sleeps`), until answers are queued (the client's), or until one conversation is answered (`awaits`).
    // Who takes such a step asks afterwards whether to wake somebody. One of the two sees what the other has
    // done.
    void begin_sleep(Owner owner, Name name, std::uint32_t index = 0) { words_.add(owner, name, index, 1); }
    void end_sleep(Owner owner, Name name, std::uint32_t index = 0) {
        words_.add(owner, name, index, ~std::uint64_t{0});
    }
    bool sleeping(Owner owner, Name name, std::uint32_t index = 0) {
        return words_.load(owner, name, index) != 0;
    }

    // ---- alpcserver. ----

    void take_back() {
        words_.fetch_or(Owner::client, Name::published, 0, kTakenBack);
        words_.fetch_or(Owner::server, Name::taken, 0, kTakenBack);
        for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
            words_.fetch_or(Owner::server, Name::answered, slot, kTakenBack);
            words_.fetch_or(Owner::client, Name::finished, slot, kTakenBack);
        }
        words_.fetch_or(Owner::server, Name::queued, 0, kTakenBack);
    }
    struct Counts {
        std::uint32_t published = 0;
        std::uint32_t taken = 0;
        bool garbage = false;
    };
    Counts counts() {
        Counts counts{low(words_.load(Owner::client, Name::published, 0)) & kNumbers,
                      low(words_.load(Owner::server, Name::taken, 0)) & kNumbers};
        counts.garbage = ahead(counts.published, counts.taken) > kSlots;
        return counts;
    }
    // `answerable` says, of the content that the client wrote, whether the conversation began with a request.
    template <class Answerable>
    Leftover leftover(const Counts& counts, std::uint32_t slot, const Answerable& answerable,
                      std::uint32_t* serial, std::uint32_t* number) {
        *serial = low(words_.load(Owner::client, Name::serial, slot)) & kNumbers;
        *number = low(words_.load(Owner::client, Name::place, slot));
        if (*number == kNowhere || *serial == 0) return Leftover::none;
        const std::uint32_t behind = ahead(counts.published, *number);
        if (behind == 0 || behind > kNumbers / 2) return Leftover::none;  // not sent
        if (behind <= ahead(counts.published, counts.taken)) return Leftover::unreceived;
        if (!answerable(slot)) return Leftover::received_datagram;
        if ((low(words_.load(Owner::client, Name::finished, slot)) & kNumbers) == *serial)
            return Leftover::none;
        const bool answered = (low(words_.load(Owner::server, Name::answered, slot)) & kNumbers) == *serial;
        return answered ? Leftover::unfinished : Leftover::unanswered;
    }
    // After the content has been copied. False: the client has begun another conversation there meanwhile,
    // which it does only when the last one is over, and which has not been sent.
    bool still_there(std::uint32_t slot, std::uint32_t serial, std::uint32_t number) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
        return low(words_.load(Owner::client, Name::place, slot)) == number &&
               (low(words_.load(Owner::client, Name::serial, slot)) & kNumbers) == serial;
    }
    // How many answers the client has received.
    std::uint32_t finished() {
        std::uint32_t most = 0;
        for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
            const auto count =
                static_cast<std::uint32_t>(words_.load(Owner::client, Name::finished, slot) >> 32);
            if (static_cast<std::int32_t>(count - most) > 0) most = count;
        }
        return most;
    }

  private:
    static std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

    bool advance(Owner owner, Name name, std::uint32_t slot, std::uint64_t after) {
        std::uint64_t before = words_.load(owner, name, slot);
        if (before & kTakenBack) return false;
        return words_.exchange(owner, name, slot, before, after);
    }
    Look look(std::uint32_t count, Owner owner, std::uint32_t number) {
        const std::uint32_t waiting = ahead(count & kNumbers, number);
        if (waiting == 0) return {count & kTakenBack ? Found::taken_back : Found::nothing};
        if (waiting > kSlots) return {.found = Found::garbage};
        const auto slot = static_cast<std::uint32_t>(words_.load(owner, Name::order, number % kSlots));
        return {slot < kSlots ? Found::message : Found::garbage, number, slot};
    }

    Words words_;
};

}  // namespace ntalpc::lease
