// SPDX-License-Identifier: LGPL-2.1-or-later
// Keepers: Wine processes that hold what only Wine can hold.
//
// A handle of Wine means something to its wineserver only, so an object on its way from one Wine process to
// another must be held by a third, or it would end with its sender. That third is a keeper, one for each
// world. It does nothing of its own accord: it asks for an order, carries it out, reports and asks again.
// Only a keeper makes and closes its handles, and only the server orders it to, one order after the other;
// therefore no handle is ever forgotten or closed under somebody else's hands, whoever is killed when:
//
//   the sender waits until the keeper has duplicated; killed meanwhile, what was duplicated is closed again
//   a message, or a receiver that takes (Thread::hand), keeps the handle; the last one to go has it closed
//   a keeper that is gone has lost everything it held: its senders are told to start another one, and who
//   asks for an object it held finds that there is none
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <vector>

#include "generated/protocol.h"
#include "ntalpc/passing.h"
#include "server/ref.h"
#include "server/thread.h"

namespace ntalpc::server {

class AttachWait;
class Keepers;
class OrderWait;

class Keeper final : public RefCounted, public Counted<Keeper> {
  public:
    Keeper(const ProcessFacts& process, std::uint64_t serial)
        : world_(process.world), process_id_(process.id_in_world()), serial_(serial) {}

    std::uint64_t world() const { return world_; }
    std::uint64_t process_id() const { return process_id_; }
    // Tells keepers apart whose process ids are the same.
    std::uint64_t serial() const { return serial_; }
    bool alive() const { return alive_; }

    // Has the objects of a sender duplicated when it is its turn.
    void enqueue(AttachWait& sender);
    void withdraw(AttachWait& sender);
    void close(std::uint64_t value);
    // The process needs no handle to itself kept open any more.
    void forget(std::uint64_t process_id);

    // The keeper's thread, of which there is one, reports on the last order and waits for the next one.
    void report(std::uint64_t order, std::span<const wire::KeptHandle> results);
    std::int32_t wait_for_order(Thread& thread);
    // It will do no more.
    void end();

  private:
    friend class OrderWait;
    void give_order();

    const std::uint64_t world_;
    const std::uint64_t process_id_;
    const std::uint64_t serial_;
    bool alive_ = true;
    OrderWait* idle_ = nullptr;
    std::uint64_t last_order_ = 0;
    bool reported_ = true;           // the last order has been carried out
    std::size_t ordered_ = 0;        // how many objects were in it
    AttachWait* served_ = nullptr;   // for whom it is; none if that sender is gone
    std::deque<AttachWait*> queue_;  // senders whose turn is still to come
    std::vector<std::uint64_t> to_close_;
    std::vector<std::uint64_t> to_forget_;
    std::set<std::uint64_t> known_processes_;
};

// A sender that waits until its objects are duplicated.
class AttachWait final : public Wait {
  public:
    AttachWait(Thread& thread, Keepers& keepers, std::vector<wire::PassedHandle> objects);
    ~AttachWait() override;
    void answer(std::int32_t status) override;

    const std::vector<wire::PassedHandle>& objects() const { return objects_; }
    void assign(Keeper& keeper);
    // Both destroy *this.
    void duplicated(std::span<const wire::KeptHandle> results);
    void keeper_gone();

  private:
    std::int32_t take(std::span<const wire::KeptHandle> results);

    Keepers& keepers_;
    const std::vector<wire::PassedHandle> objects_;
    Ref<Keeper> keeper_;  // none while it is still being started
};

// All keepers, and the senders that wait for one to start.
class Keepers {
  public:
    // nullptr when the world has none.
    Keeper* find(std::uint64_t world) const;
    // Makes a process the keeper of its world; nullptr when there is another one.
    Keeper* appoint(Process& process);
    void process_gone(const Process& process);
    std::list<AttachWait*>& starting() { return starting_; }

  private:
    std::map<std::uint64_t, Ref<Keeper>> keepers_;  // by world
    std::list<AttachWait*> starting_;
    std::uint64_t last_serial_ = 0;
};

}  // namespace ntalpc::server
