// SPDX-License-Identifier: LGPL-2.1-or-later
// Moving data between a server and the memory of the thread that waits for its answer.
#pragma once

#include <vector>

#include "server/message.h"
#include "server/thread.h"

namespace ntalpc::server {

// A thread that waits until another one, the owner of the memory, has copied. Owners serve one order at a
// time.
class DataWait final : public Wait {
  public:
    DataWait(Thread& thread, Thread& owner, Message& message, const wire::ServeData::Reply& order,
             wire::Bytes data);
    ~DataWait() override;
    void answer(std::int32_t status) override { thread().reply(status); }

    // Orders the copy, unless the owner does not wait for the message any more: then the wait ends, which
    // destroys *this, and the answer is false.
    bool place_order();
    // Both destroy *this.
    void served(bool ok, wire::Bytes data);
    void owner_gone();

  private:
    Thread* owner_;
    const Ref<Message> message_;
    wire::ServeData::Reply order_;
    const std::vector<std::byte> data_;
};

// The owner's thread has ended.
void abandon_data_waits(Thread& owner);

}  // namespace ntalpc::server
