// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/left_call.h"

#include "core/channel.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

int left_call_answers() {
    const Channel* const channel = Channel::left();
    return channel ? channel->answers() : -1;
}

NTSTATUS take_up_call(NTSTATUS outcome) {
    host::CallGuard guard;
    Channel* const channel = Channel::left();
    return channel ? channel->take_up(guard, outcome) : STATUS_INVALID_PARAMETER;
}

}  // namespace ntalpc::core
