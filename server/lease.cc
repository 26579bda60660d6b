// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/lease.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <tuple>
#include <vector>

#include "server/connection.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/port.h"
#include "server/sealed_memory.h"
#include "server/thread.h"

namespace ntalpc::server {

namespace {

std::size_t index(Side side) {
    return static_cast<std::size_t>(side);
}

UniqueFd duplicate(const UniqueFd& descriptor) {
    return UniqueFd(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

// Low halves are what is slept on; the byte order is x86's.
void wake_all(lease::Word& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

bool LeaseRegion::make(UniqueFd* memory) {
    *memory = make_sealed_memory("lease", sizeof(lease::Region));
    if (!*memory) return false;
    void* const place =
        mmap(nullptr, sizeof(lease::Region), PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
    if (place == MAP_FAILED) return false;
    region_ = static_cast<lease::Region*>(place);
    return true;
}

LeaseRegion::~LeaseRegion() {
    if (region_) munmap(region_, sizeof(lease::Region));
}

bool Leases::add(Lease& lease, std::uint32_t* number) {
    if (all_.size() + left_.size() >= kMost) return false;
    do {
        last_ = (last_ + 1) % lease::kMaxLeases;
    } while (left_.contains(last_) || !all_.emplace(last_, &lease).second);
    *number = last_;
    return true;
}

bool Leases::may_open(const ProcessFacts& client) const {
    const auto found = open_.find(&client);
    return found == open_.end() || found->second < kMostOpen;
}

void Leases::no_longer_open(const ProcessFacts& client) {
    const auto found = open_.find(&client);
    if (found != open_.end() && --found->second == 0) open_.erase(found);
}

void Leases::message_ended(std::uint32_t id) {
    const auto found = left_.find(lease::lease_of(id));
    if (found != left_.end() && --found->second == 0) left_.erase(found);
}

Lease* Leases::find(std::uint32_t number) const {
    const auto found = all_.find(number);
    return found == all_.end() ? nullptr : found->second;
}

Lease* Leases::find_by_message(std::uint32_t id) const {
    return lease::is_leased_id(id) ? find(lease::lease_of(id)) : nullptr;
}

// Each leaves the table when its connection has taken it back.
void Leases::take_back_all(const char* reason) {
    while (!all_.empty()) all_.begin()->second->connection().drop_lease(reason);
}

namespace {

// Taking one back may end others.
template <class Concerned>
void take_back_if(const std::map<std::uint32_t, Lease*>& all, const char* reason,
                  const Concerned& concerned) {
    auto at = all.begin();
    while (at != all.end()) {
        const std::uint32_t number = at->first;
        if (concerned(*at->second)) at->second->connection().drop_lease(reason);
        at = all.upper_bound(number);
    }
}

}  // namespace

void Leases::take_back_what_carries(const Thread& thread, const char* reason) {
    take_back_if(all_, reason, [&](const Lease& lease) { return lease.carries_anything_of(thread); });
}

void Leases::take_back_of(const Process& process, const char* reason) {
    take_back_if(all_, reason, [&](const Lease& lease) { return lease.involves(process); });
}

std::unique_ptr<Lease> Lease::make(Kernel& kernel, Connection& connection) {
    std::unique_ptr<Lease> lease(new Lease(kernel, connection));
    if (!kernel.leases.add(*lease, &lease->number_)) return nullptr;
    lease->join(Side::client, connection.client_facts_shared());
    lease->join(Side::server, connection.listener()->owner_facts());
    return lease->processes_[0] && lease->processes_[1] ? std::move(lease) : nullptr;
}

Lease::~Lease() {
    if (stage_ == Stage::open) kernel_.leases.no_longer_open(connection_.client_facts());
    if (kernel_.leases.find(number_) == this) kernel_.leases.remove(number_);
}

void Lease::join(Side side, const SharedFacts& facts) {
    for (Process* const process : kernel_.processes()) {
        if (process->shared_facts() != facts) continue;
        processes_[index(side)] = Ref<Process>(process);
        tokens_[index(side)] = process->token();
    }
}

lease::Steps<lease::MappedWords> Lease::steps() const {
    return lease::Steps(lease::MappedWords(&region(Side::client), &region(Side::server)));
}

// Not before a process takes part: most of what is offered comes to nothing.
std::int32_t Lease::make_memory() {
    constexpr std::size_t touched = 4 * lease::kPage;
    const Ref<QuotaAccount>& payer = connection_.client_account();
    if (!descriptors_.charge(payer, 3) || !pages_.charge(payer, touched)) return STATUS_QUOTA_EXCEEDED;
    regions_ = {};
    bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const bool made = regions_[0].make(&memory_[0]) && regions_[1].make(&memory_[1]) && bell_;
    return made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

std::int32_t Lease::take_part(Side side, std::array<UniqueFd, 3>* descriptors) {
    if (side == Side::server) {
        if (const auto status = make_memory()) return status;
    }
    auto& [own, others, bell] = *descriptors;
    own = duplicate(memory_[index(side)]);
    others = open_for_reading(memory_[index(peer_of(side))]);
    bell = duplicate(bell_);
    if (!own || !others || !bell) return STATUS_INSUFFICIENT_RESOURCES;
    stage_ = side == Side::server ? Stage::open : Stage::held;
    if (stage_ == Stage::open) kernel_.leases.opened(connection_.client_facts());
    if (stage_ == Stage::held) {
        kernel_.leases.no_longer_open(connection_.client_facts());
        // The server process receives those first that wait for it here.
        const std::size_t waiting = connection_.datagrams();
        region(Side::server)
            .received_before.store(connection_.sequence(Side::server) + static_cast<std::uint32_t>(waiting));
        memory_ = {};
        bell_.reset();
        descriptors_ = {};
    }
    return STATUS_SUCCESS;
}

MessageSecurity Lease::security_of(Side side) const {
    return connection_.security_in_lease(side, tokens_[index(side)]);
}

bool Lease::has_thread(Side side, std::uint64_t thread_id) const {
    return find_thread(side, thread_id) != nullptr;
}

Thread* Lease::find_thread(Side side, std::uint64_t thread_id) const {
    const auto& threads = processes_[index(side)]->threads();
    const auto found =
        std::ranges::find_if(threads, [&](const Thread* thread) { return thread->id() == thread_id; });
    return found == threads.end() ? nullptr : *found;
}

bool Lease::involves(const Process& process) const {
    return processes_[0].get() == &process || processes_[1].get() == &process;
}

bool Lease::carries_anything_of(const Thread& thread) const {
    if (stage_ != Stage::held || !involves(thread.process())) return false;
    auto all = steps();
    const auto counts = all.counts();
    for (std::uint32_t slot = 0; slot < lease::kSlots; ++slot) {
        const bool sent = region(Side::client).slots[slot].envelope.thread_id == thread.id() ||
                          region(Side::server).slots[slot].envelope.thread_id == thread.id();
        std::uint32_t serial, number;
        const auto request = [](std::uint32_t) { return true; };
        if (sent && all.leftover(counts, slot, request, &serial, &number) != lease::Leftover::none)
            return true;
    }
    return false;
}

std::uint32_t Lease::sent_by(Side side) const {
    auto all = steps();
    return side == Side::client ? all.counts().published : all.finished();
}

// Who sleeps until an answer comes sleeps on the word that the answer would change.
void Lease::wake_sleepers() {
    for (std::uint32_t slot = 0; slot < lease::kSlots; ++slot) {
        if (region(Side::client).awaits[slot].load() != 0) wake_all(region(Side::server).answered[slot]);
    }
    if (region(Side::client).sleeps.load() != 0) wake_all(region(Side::server).queued);
}

bool Lease::end() {
    kernel_.leases.remove(number_);
    if (stage_ == Stage::offered) return true;
    auto all = steps();
    all.take_back();
    if (stage_ != Stage::held) return true;
    const Counts counts = all.counts();
    const bool whole = !counts.garbage && leave_messages(counts);
    connection_.count_leased(counts.taken, sent_by(Side::client), sent_by(Side::server));
    wake_sleepers();
    return whole;
}

// Where an answer stands among those that have been put in order. One that has not was given just now, or
// somebody waits for it.
std::uint32_t Lease::place_of_answer(std::uint32_t slot) const {
    const lease::Region& server = region(Side::server);
    const auto queued = static_cast<std::uint32_t>(server.queued.load()) & lease::kNumbers;
    for (std::uint32_t i = 1; i <= lease::kSlots; ++i) {
        if (server.order[(queued - i) % lease::kSlots].load() == slot) return lease::kSlots - i;
    }
    return lease::kSlots;
}

struct Lease::Left {
    lease::Leftover state;
    std::uint32_t order, slot, serial;
    lease::Envelope envelope;  // of what the client sent
    Message::Step step;
};

// Copied first, then looked at. A slot that the client is just using again has nothing left of the last
// conversation.
bool Lease::find_left(const Counts& counts, std::uint32_t slot, std::vector<Left>* left) {
    auto all = steps();
    Left found{};
    std::uint32_t number = 0;
    found.slot = slot;
    found.envelope = region(Side::client).slots[slot].envelope;
    const auto answerable = [&](std::uint32_t) { return found.envelope.type == LPC_REQUEST; };
    found.state = all.leftover(counts, slot, answerable, &found.serial, &number);
    if (found.state == lease::Leftover::none) return true;
    const bool known = read_step(Side::client, slot, found.envelope, &found.step);
    if (!all.still_there(slot, found.serial, number)) return true;
    found.order = found.state == lease::Leftover::unfinished
                      ? place_of_answer(slot)
                      : lease::kNumbers - lease::ahead(counts.published, number);
    left->push_back(std::move(found));
    return known;
}

// In the order in which they would have been received.
bool Lease::leave_messages(Counts counts) {
    std::vector<Left> left;
    for (std::uint32_t slot = 0; slot < lease::kSlots; ++slot) {
        if (!find_left(counts, slot, &left)) return false;
    }
    std::ranges::sort(left, {}, [](const Left& found) { return std::tuple(found.state, found.order); });
    return std::ranges::all_of(left, [this](Left& found) { return leave_message(found); });
}

Ref<Message> Lease::adopt(std::uint32_t slot, std::uint32_t serial, const lease::Envelope& envelope) {
    const std::uint32_t id = lease::message_id(number_, slot, serial);
    Ref<Message> message = Message::adopt(kernel_, connection_, id, lease::callback_id(id));
    if (message) message->message_context[index(Side::client)] = envelope.message_context;
    return message;
}

// It must not get lost, and its sender cannot be told any more that there is no room for it.
bool Lease::pay_for(Message& message, Side from, Message::Step step) {
    const Ref<QuotaAccount>& account = processes_[index(from)]->account();
    const std::size_t size = lease::kSlotSize + step.data.size();
    const bool affordable = MessageCost().charge(account, size);
    if (message.set_step(std::move(step), affordable ? account : account->overdraft()) == STATUS_SUCCESS)
        return true;
    log(LogLevel::always,
        "process %04llx (%s) has more under way without the server than its limits allow twice over",
        static_cast<unsigned long long>(processes_[index(from)]->facts().id),
        processes_[index(from)]->facts().image_path.c_str());
    return false;
}

bool Lease::leave_message(Left& left) {
    const std::uint64_t sender = left.step.thread_id;
    const Ref<Message> message = adopt(left.slot, left.serial, left.envelope);
    if (!message || !pay_for(*message, Side::client, std::move(left.step))) return false;
    if (left.state == lease::Leftover::received_datagram) {
        if (connection_.listener()) connection_.listener()->remember_datagram(*message);
        message->retire();
        return true;
    }
    if (left.envelope.awaited != 0) {
        Thread* const waiting = find_thread(Side::client, sender);
        if (waiting && waiting->set_away(*message)) message->expect_back(Side::client);
    }
    if (left.state == lease::Leftover::unreceived) {
        message->deliver();
        return true;
    }
    message->received();
    return left.state == lease::Leftover::unanswered || leave_answer(*message, left.slot);
}

bool Lease::leave_answer(Message& message, std::uint32_t slot) {
    Message::Step step;
    if (!read_step(Side::server, slot, region(Side::server).slots[slot].envelope, &step)) return false;
    if (!pay_for(message, Side::server, std::move(step))) return false;
    if (connection_.listener()) connection_.listener()->count_sent(1);
    message.deliver();
    return true;
}

bool Lease::read_step(Side from, std::uint32_t slot, const lease::Envelope& shared,
                      Message::Step* step) const {
    const lease::Envelope envelope = shared;
    const bool known = from == Side::server ? envelope.type == LPC_REPLY
                                            : envelope.type == LPC_REQUEST || envelope.type == LPC_DATAGRAM;
    if (!known || envelope.total_length < sizeof(PORT_MESSAGE) + envelope.data_length) return false;
    if (!has_thread(from, envelope.thread_id)) return false;
    step->from = from;
    step->type = envelope.type;
    step->ends = envelope.type != LPC_REQUEST;
    step->total_length = envelope.total_length;
    step->data_info_offset = envelope.data_info_offset;
    step->process_id = processes_[index(from)]->facts().id;
    step->thread_id = envelope.thread_id;
    step->sender = processes_[index(from)]->shared_facts();
    step->security = security_of(from);
    const std::byte* const data = lease::data_of(region(from), slot, envelope.data_length);
    step->data.assign(data, data + envelope.data_length);
    return true;
}

}  // namespace ntalpc::server
