// SPDX-License-Identifier: LGPL-2.1-or-later
// An eventfd that shows a state to whoever polls it.
//
// Clients hold the descriptor and may read and write it. Whatever they do, the server neither blocks nor
// fails; they mislead themselves and the others who use the same port.
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
    UniqueFd event_;
    bool shown_ = false;
    ObjectCharge charge_;
};

}  // namespace ntalpc::server
