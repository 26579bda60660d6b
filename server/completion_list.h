// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's side of a completion list: messages of a port that go to a process in batches.
//
// The list itself is memory of that process, and a thread of its client library, the writer, puts messages
// there. The writer asks for a batch and by that says that the one before is in the list. So the server knows
// when those who wait for messages should look at the list, without ever seeing it: it counts what has been
// put there, and a thread that found the list empty says what the count was.
//
// A message that does not fit waits in the port's queue, where ordinary receives find it.
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "ntalpc/unique_fd.h"
#include "server/dispatch.h"
#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

// The writer, waiting for a batch.
class FetchWait final : public Wait {
  public:
    FetchWait(Thread& thread, CompletionList& list, const wire::FetchCompletionList::Request& request)
        : Wait(thread), list_(&list), request_(request) {}
    ~FetchWait() override;
    void answer(std::int32_t status) override { thread().reply(status); }

    const wire::FetchCompletionList::Request& request() const { return request_; }
    // The end of the wait is not the end of the writer.
    void detach() { list_ = nullptr; }

  private:
    CompletionList* list_;
    const wire::FetchCompletionList::Request request_;
};

// A thread that waits until no batch is on its way.
class ListRestWait final : public Wait {
  public:
    ListRestWait(Thread& thread, CompletionList& list);
    ~ListRestWait() override;
    void answer(std::int32_t status) override { thread().reply(status); }

  private:
    CompletionList& list_;
    std::list<ListRestWait*>::iterator place_;
};

class CompletionList {
  public:
    CompletionList(Port& port, const Process& owner) : port_(port), owner_(owner) {}
    ~CompletionList();
    CompletionList(const CompletionList&) = delete;
    CompletionList& operator=(const CompletionList&) = delete;

    bool belongs_to(const Process& process) const { return &owner_ == &process; }
    std::list<ListRestWait*>& rest_waits() { return rest_waits_; }

    // Whether the message at the head of the queue, or any that comes, is for the list.
    bool claims_front() const;
    // Gives the writer what is queued, if it waits.
    void serve();
    // Whether messages are on their way from the queue into the list.
    bool in_flight() const { return in_flight_after(posts_); }
    // How many messages are known to have been put into the list since it was registered.
    std::uint64_t posts() const { return posts_; }
    // A thread found the list empty when it had been put so many, of which this side may not have heard yet.
    void seen_empty(std::uint64_t posts);
    // Whether the list has more than that thread has seen, and whether there is more on its way.
    bool more_than(std::uint64_t posts) const { return posts_ > posts; }
    bool in_flight_after(std::uint64_t posts) const;
    // Whether there may be something in it.
    bool may_have_messages() const { return posts_ != seen_; }

    // The requests.
    void fetch(Call& call, const wire::FetchCompletionList::Request& request);
    void run_down(Call& call);
    void room_freed();
    // Those who wait for messages look at the list.
    void wake_receivers(std::uint32_t most);

    // Ends the list when no batch is on its way.
    void unregister(Call& call);
    // Ends it now. Destroys *this.
    void end();
    void writer_gone();

  private:
    std::uint32_t size_in_list(const Message& message) const;
    bool fits(const Message& message) const;
    void acknowledge(const wire::FetchCompletionList::Request& request);
    struct Batch {
        std::uint32_t count = 0;
        std::vector<std::byte> messages;   // as they travel
        const UniqueFd* memory = nullptr;  // of the view in the last of them
    };
    bool take_front(Batch* batch);
    void reply_with_batch();
    void look_again();
    std::unique_ptr<Wait> take_writer();
    void finish_writer(std::int32_t status);
    void finish_rest_waits();

    Port& port_;
    const Process& owner_;
    FetchWait* writer_ = nullptr;  // while it waits
    std::list<ListRestWait*> rest_waits_;
    std::uint64_t posts_ = 0;
    std::uint64_t seen_ = 0;       // of them: when a thread last found the list empty
    std::uint32_t batch_out_ = 0;  // messages handed to the writer, not yet in the list
    bool room_hint_ = false;       // there may be more room than the writer says
    bool enabled_ = true;
    bool ending_ = false;
};

// The process is gone, whoever else holds the ports.
void end_completion_lists_of(Kernel& kernel, const Process& process);

}  // namespace ntalpc::server
