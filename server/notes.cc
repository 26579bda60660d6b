// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/notes.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "ntalpc/status.h"
#include "server/thread.h"

namespace ntalpc::server {

namespace {

// In one answer; what is more waits for the next.
constexpr std::size_t kMostNotes = 1024;
static_assert(kMostNotes * sizeof(wire::Note) < wire::kMaxPacket / 2);

}  // namespace

// The thread of a process that hands its notes on.
class NoteWait final : public Wait {
  public:
    NoteWait(Thread& thread, NoteBox& box) : Wait(thread), box_(box) { box.waiter_ = this; }
    ~NoteWait() override {
        if (box_.waiter_ == this) box_.waiter_ = nullptr;
    }
    void answer(std::int32_t status) override { thread().reply(status); }

    // Destroys *this.
    void end_with_notes() {
        const auto self = thread().unpark();
        box_.answer(thread());
    }

  private:
    NoteBox& box_;
};

void Association::note(std::size_t count) {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    count_ = static_cast<std::uint32_t>(std::min(most, count_ + count));
    become_due();
}

void Association::port_ended() {
    ended_ = true;
    become_due();
}

void Association::become_due() {
    if (!box_) return;
    if (!due_) box_->due_.push_back(this);
    due_ = true;
    box_->wake();
}

NoteBox::~NoteBox() {
    for (const auto& [cookie, association] : associations_) association->box_ = nullptr;
}

std::int32_t NoteBox::add(const Ref<QuotaAccount>& payer, std::uint64_t cookie, Ref<Association>* made) {
    if (associations_.contains(cookie)) return STATUS_INVALID_PARAMETER;
    ObjectCharge charge;
    if (!charge.charge(payer)) return STATUS_QUOTA_EXCEEDED;
    *made = make_ref<Association>(*this, cookie, std::move(charge));
    associations_.emplace(cookie, *made);
    return STATUS_SUCCESS;
}

bool NoteBox::drop(std::uint64_t cookie) {
    const auto found = associations_.find(cookie);
    if (found == associations_.end()) return false;
    if (found->second->due_) due_.remove(found->second.get());
    found->second->box_ = nullptr;
    associations_.erase(found);
    return true;
}

void NoteBox::answer_or_park(Thread& thread) {
    if (!due_.empty()) return answer(thread);
    if (waiter_) waiter_->finish(STATUS_CANCELLED);
    thread.park(std::make_unique<NoteWait>(thread, *this));
}

void NoteBox::answer(Thread& thread) {
    const std::vector<wire::Note> notes = take();
    wire::TakeNotes::Reply reply;
    thread.reply<wire::TakeNotes>(STATUS_SUCCESS, reply, {.notes = std::as_bytes(std::span(notes))});
}

std::vector<wire::Note> NoteBox::take() {
    std::vector<wire::Note> notes;
    while (!due_.empty() && notes.size() < kMostNotes) {
        Association& association = *due_.front();
        due_.pop_front();
        wire::Note note;
        note.cookie = association.cookie_;
        note.count = std::exchange(association.count_, 0);
        note.ended = association.ended_ ? 1 : 0;
        notes.push_back(note);
        association.due_ = false;
        if (association.ended_) drop(association.cookie_);
    }
    return notes;
}

void NoteBox::wake() {
    if (waiter_) waiter_->end_with_notes();
}

}  // namespace ntalpc::server
