// SPDX-License-Identifier: LGPL-2.1-or-later
// Notes: how a process learns that messages have come to ports that it has associated with completion ports.
//
// The server knows nothing of completion ports, which are Wine's. It counts, per association, and the process
// fetches the counts when it is ready for them, so that one which never does costs no more than the counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "generated/protocol.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

class NoteBox;
class NoteWait;
class Thread;

// Between one port and the process that hears of it. The port holds it, and the box until it has been told of
// its end.
class Association final : public RefCounted, public Counted<Association> {
  public:
    Association(NoteBox& box, std::uint64_t cookie, ObjectCharge charge)
        : box_(&box), cookie_(cookie), charge_(std::move(charge)) {}

    // Somebody is told: the process lives and has not dropped the association.
    bool in_force() const { return box_ != nullptr; }
    // So many receives are worth while.
    void note(std::size_t count);
    void port_ended();

  private:
    friend class NoteBox;
    void become_due();

    NoteBox* box_;
    const std::uint64_t cookie_;
    std::uint32_t count_ = 0;
    bool ended_ = false;
    bool due_ = false;
    ObjectCharge charge_;
};

// What one process has not been told yet.
class NoteBox {
  public:
    NoteBox() = default;
    NoteBox(const NoteBox&) = delete;
    NoteBox& operator=(const NoteBox&) = delete;
    ~NoteBox();

    // STATUS_INVALID_PARAMETER for a cookie in use, STATUS_QUOTA_EXCEEDED.
    std::int32_t add(const Ref<QuotaAccount>& payer, std::uint64_t cookie, Ref<Association>* made);
    // False when there is no such association.
    bool drop(std::uint64_t cookie);

    // Answers take_notes, now or later.
    void answer_or_park(Thread& thread);

  private:
    friend class Association;
    friend class NoteWait;
    void answer(Thread& thread);
    std::vector<wire::Note> take();
    void wake();

    std::map<std::uint64_t, Ref<Association>> associations_;  // by cookie
    std::list<Association*> due_;
    NoteWait* waiter_ = nullptr;
};

}  // namespace ntalpc::server
