// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/direct_event.h"

#include <sys/socket.h>

#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/log.h"

namespace ntalpc::server {

std::int32_t DirectEvent::make(const Ref<QuotaAccount>& payer, DirectEvent* made, UniqueFd* sender_end) {
    DirectEvent event;
    if (!event.charge_.charge(payer)) return STATUS_QUOTA_EXCEEDED;
    if (!make_socket_pair(&event.end_, sender_end)) {
        log(LogLevel::always,
            "out of descriptors: a direct message cannot be sent; raise the limit on open files");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *made = std::move(event);
    return STATUS_SUCCESS;
}

// It fails only when the sender has closed its end and does not want to know any more.
void DirectEvent::message_taken() {
    const char taken = 1;
    send(end_.get(), &taken, sizeof(taken), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace ntalpc::server
