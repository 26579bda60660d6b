// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/keeper.h"

#include <algorithm>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/log.h"
#include "server/passed_object.h"

namespace ntalpc::server {

// The keeper's thread, which has nothing to do.
class OrderWait final : public Wait {
  public:
    OrderWait(Thread& thread, Keeper& keeper) : Wait(thread), keeper_(&keeper) { keeper.idle_ = this; }
    ~OrderWait() override { keeper_->idle_ = nullptr; }
    void answer(std::int32_t status) override { thread().reply(status); }

  private:
    const Ref<Keeper> keeper_;
};

namespace {

// How many of each sort go into one order; the rest waits for the next one.
constexpr std::size_t kMostPerOrder = 4096;

std::vector<std::uint64_t> take_some(std::vector<std::uint64_t>& from) {
    const std::size_t count = std::min(from.size(), kMostPerOrder);
    const std::vector<std::uint64_t> taken(from.end() - static_cast<std::ptrdiff_t>(count), from.end());
    from.resize(from.size() - count);
    return taken;
}

}  // namespace

void Keeper::enqueue(AttachWait& sender) {
    queue_.push_back(&sender);
    give_order();
}

void Keeper::withdraw(AttachWait& sender) {
    if (served_ == &sender) served_ = nullptr;
    std::erase(queue_, &sender);
}

void Keeper::close(std::uint64_t value) {
    if (!alive_) return;
    to_close_.push_back(value);
    give_order();
}

void Keeper::forget(std::uint64_t process_id) {
    if (!alive_ || known_processes_.erase(process_id) == 0) return;
    to_forget_.push_back(process_id);
    give_order();
}

void Keeper::give_order() {
    if (!idle_ || (queue_.empty() && to_close_.empty() && to_forget_.empty())) return;
    const auto closed = take_some(to_close_);
    const auto gone = take_some(to_forget_);
    wire::KeepHandles::Reply order;
    wire::KeepHandles::ReplyBlobs blobs{
        .objects = {}, .closed = std::as_bytes(std::span(closed)), .gone = std::as_bytes(std::span(gone))};
    order.order = ++last_order_;
    reported_ = false;
    ordered_ = queue_.empty() ? 0 : queue_.front()->objects().size();
    if (!queue_.empty()) {
        served_ = queue_.front();
        queue_.pop_front();
        order.process_id = served_->thread().process().facts().id_in_world();
        known_processes_.insert(order.process_id);
        blobs.objects = std::as_bytes(std::span(served_->objects()));
    }
    const auto self = idle_->thread().unpark();
    self->thread().reply<wire::KeepHandles>(STATUS_SUCCESS, order, blobs);
}

void Keeper::report(std::uint64_t order, std::span<const wire::KeptHandle> results) {
    if (std::exchange(reported_, true)) return;
    if (order != last_order_ || results.size() > ordered_) results = {};
    if (served_) return std::exchange(served_, nullptr)->duplicated(results);
    for (const wire::KeptHandle& result : results) {
        if (result.status == STATUS_SUCCESS) close(result.value);
    }
}

std::int32_t Keeper::wait_for_order(Thread& thread) {
    if (idle_) return STATUS_INVALID_PARAMETER;
    thread.park(std::make_unique<OrderWait>(thread, *this));
    give_order();
    return STATUS_SUCCESS;
}

void Keeper::end() {
    const Ref<Keeper> alive(this);
    alive_ = false;
    if (served_) std::exchange(served_, nullptr)->keeper_gone();
    while (!queue_.empty()) queue_.front()->keeper_gone();
}

AttachWait::AttachWait(Thread& thread, Keepers& keepers, std::vector<wire::PassedHandle> objects)
    : Wait(thread), keepers_(keepers), objects_(std::move(objects)) {}

AttachWait::~AttachWait() {
    keepers_.starting().remove(this);
    if (keeper_) keeper_->withdraw(*this);
}

void AttachWait::assign(Keeper& keeper) {
    keeper_ = Ref<Keeper>(&keeper);
    keeper.enqueue(*this);
}

// A keeper that does not come, or does not answer.
void AttachWait::answer(std::int32_t status) {
    thread().reply(status == STATUS_TIMEOUT ? STATUS_IO_TIMEOUT : status);
}

// Whatever the keeper has duplicated becomes an object first, so that it is closed if the rest is not there.
std::int32_t AttachWait::take(std::span<const wire::KeptHandle> results) {
    if (results.size() != objects_.size()) return STATUS_UNSUCCESSFUL;
    std::int32_t failure = STATUS_SUCCESS;
    PassedObjects made;
    for (std::size_t i = 0; i < results.size(); ++i) {
        wire::PassedHandle facts = objects_[i];
        if (results[i].status != STATUS_SUCCESS) {
            if (failure == STATUS_SUCCESS) failure = results[i].status;
            continue;
        }
        ObjectCharge charge;
        if (!charge.charge(thread().process().account())) failure = STATUS_QUOTA_EXCEEDED;
        const bool port = facts.type == kPassedPort && results[i].type == ALPC_PORFLG_OBJECT_TYPE_FILE;
        if (facts.type != 0 && facts.type != results[i].type && !port) failure = STATUS_OBJECT_TYPE_MISMATCH;
        if (!port) facts.type = results[i].type;
        facts.value = results[i].value;
        facts.access = results[i].access;
        made.push_back(make_ref<PassedObject>(facts, keeper_, std::move(charge)));
    }
    if (failure != STATUS_SUCCESS) return failure;
    auto& attached = thread().attached();
    attached.insert(attached.end(), made.begin(), made.end());
    return STATUS_SUCCESS;
}

void AttachWait::duplicated(std::span<const wire::KeptHandle> results) {
    const auto self = thread().unpark();
    wire::AttachHandles::Reply reply;
    const auto status = take(results);
    thread().reply<wire::AttachHandles>(status, reply);
}

void AttachWait::keeper_gone() {
    const auto self = thread().unpark();
    wire::AttachHandles::Reply reply;
    reply.need = static_cast<std::uint32_t>(AttachNeed::keeper);
    thread().reply<wire::AttachHandles>(STATUS_SUCCESS, reply);
}

Keeper* Keepers::find(std::uint64_t world) const {
    const auto found = keepers_.find(world);
    return found == keepers_.end() ? nullptr : found->second.get();
}

Keeper* Keepers::appoint(Process& process) {
    const ProcessFacts& facts = process.facts();
    if (Keeper* const known = find(facts.world)) return process.is_keeper() ? known : nullptr;
    // Receivers remember keepers by this number, longer than a server may live: the next one must not give it
    // again.
    const std::uint64_t serial = static_cast<std::uint64_t>(facts.creation_time) + ++last_serial_;
    const auto keeper = make_ref<Keeper>(facts, serial);
    keepers_.emplace(facts.world, keeper);
    process.become_keeper();
    log(LogLevel::connections, "process %04llx keeps handles", static_cast<unsigned long long>(facts.id));
    std::vector<AttachWait*> waiting;
    for (AttachWait* wait : starting_) {
        if (wait->thread().process().facts().world == facts.world) waiting.push_back(wait);
    }
    for (AttachWait* wait : waiting) {
        starting_.remove(wait);
        wait->assign(*keeper);
    }
    return keeper.get();
}

void Keepers::process_gone(const Process& process) {
    const auto found = keepers_.find(process.facts().world);
    if (found == keepers_.end()) return;
    const Ref<Keeper> keeper = found->second;
    if (!process.is_keeper()) return keeper->forget(process.facts().id_in_world());
    keepers_.erase(found);
    keeper->end();
}

}  // namespace ntalpc::server
