// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread that waits until a number of messages have been sent through a port with
// ALPC_MSGFLG_TRACK_PORT_REFERENCES.
#pragma once

#include <cstdint>
#include <list>

#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

class ReferenceWait final : public Wait {
  public:
    ReferenceWait(Thread& thread, Port& port, std::uint32_t count);
    ~ReferenceWait() override;
    void answer(std::int32_t status) override { thread().reply(status); }

    std::uint32_t count() const { return count_; }

  private:
    const Ref<Port> port_;
    const std::uint32_t count_;
    std::list<ReferenceWait*>::iterator place_;
};

}  // namespace ntalpc::server
