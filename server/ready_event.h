// SPDX-License-Identifier: LGPL-2.1-or-later
// A descriptor that shows a state to whoever polls it: a socket with a byte in it, or none.
//
// Clients hold it and may do with it what they like; they mislead themselves and the others who use the same
// port. It is not an eventfd because whether those block is a property of all duplicates together, so a
// client could make the server wait. A socket is told by each call.
#pragma once

#include <cstdint>

#include "ntalpc/unique_fd.h"
#include "server/quota.h"

namespace ntalpc::server {

class ReadyEvent {
  public:
    // A duplicate of the descriptor, which is made and paid for at the first call. `ready` is the state then.
    std::int32_t open(const Ref<QuotaAccount>& payer, bool ready, UniqueFd* descriptor);

    // Readable or not. Costs nothing while nobody has opened the event.
    void show(bool ready);

  private:
    bool make();

    UniqueFd writer_;
    UniqueFd shown_to_clients_;
    bool shown_ = false;
    DescriptorCharge charge_;
};

}  // namespace ntalpc::server
