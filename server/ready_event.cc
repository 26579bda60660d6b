// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/ready_event.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include "ntalpc/status.h"
#include "server/log.h"

namespace ntalpc::server {

std::int32_t ReadyEvent::open(const Ref<QuotaAccount>& payer, bool ready, UniqueFd* descriptor) {
    if (!event_) {
        ObjectCharge charge;
        if (!charge.charge(payer)) return STATUS_QUOTA_EXCEEDED;
        event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        charge_ = std::move(charge);
        shown_ = false;
        show(ready);
    }
    if (event_) descriptor->reset(fcntl(event_.get(), F_DUPFD_CLOEXEC, 0));
    if (*descriptor) return STATUS_SUCCESS;
    log(LogLevel::always,
        "out of descriptors: a port's event could not be given; raise the limit on open files");
    return STATUS_INSUFFICIENT_RESOURCES;
}

void ReadyEvent::show(bool ready) {
    if (!event_ || ready == shown_) return;
    shown_ = ready;
    // Neither can fail but for a client that has read or filled the counter itself, which is then as it
    // wanted.
    eventfd_t value = 0;
    if (ready) {
        eventfd_write(event_.get(), 1);
    } else {
        eventfd_read(event_.get(), &value);
    }
}

}  // namespace ntalpc::server
