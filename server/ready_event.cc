// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/ready_event.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "ntalpc/status.h"
#include "server/log.h"

namespace ntalpc::server {

// What a client writes goes nowhere.
bool ReadyEvent::make() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    writer_.reset(ends[0]);
    shown_to_clients_.reset(ends[1]);
    return shutdown(writer_.get(), SHUT_RD) == 0;
}

std::int32_t ReadyEvent::open(const Ref<QuotaAccount>& payer, bool ready, UniqueFd* descriptor) {
    if (!writer_) {
        DescriptorCharge charge;
        if (!charge.charge(payer, 2)) return STATUS_QUOTA_EXCEEDED;
        if (make()) charge_ = std::move(charge);
        shown_ = false;
        show(ready);
    }
    if (shown_to_clients_) descriptor->reset(fcntl(shown_to_clients_.get(), F_DUPFD_CLOEXEC, 0));
    if (*descriptor) return STATUS_SUCCESS;
    log(LogLevel::always,
        "out of descriptors: a port's event could not be given; raise the limit on open files");
    return STATUS_INSUFFICIENT_RESOURCES;
}

void ReadyEvent::show(bool ready) {
    if (!writer_ || ready == shown_) return;
    shown_ = ready;
    // Neither can fail but for a client that has read the byte or shut the socket down, which is then as it
    // wanted.
    char byte = 0;
    if (ready) {
        send(writer_.get(), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        recv(shown_to_clients_.get(), &byte, 1, MSG_DONTWAIT);
    }
}

}  // namespace ntalpc::server
