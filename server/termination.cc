// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/termination.h"

#include "ntalpc/status.h"
#include "server/request_data.h"

namespace ntalpc::server {

// The reference counts as a handle, so that a client killed with its handles open is reported dead thread by
// thread before its port is reported closed (lpc-semantics 15.4 and 15.5).
std::int32_t register_termination_port(Thread& thread, Port& port) {
    ObjectCharge charge;
    MessageCost notice;
    const Ref<QuotaAccount>& payer = thread.process().account();
    if (!charge.charge(payer) || !Message::prepay(payer, &notice)) return STATUS_QUOTA_EXCEEDED;
    thread.termination_ports().push_back({Ref<Object>(&port), std::move(charge), std::move(notice)});
    port.handle_opened();
    return STATUS_SUCCESS;
}

void announce_end(Thread& thread) {
    while (!thread.termination_ports().empty()) {
        Thread::TerminationPort last = std::move(thread.termination_ports().back());
        thread.termination_ports().pop_back();
        static_cast<Port&>(*last.port).notify_client_died(thread, std::move(last.notice));
        last.port->handle_closed();
    }
}

void end_thread(Kernel& kernel, std::unique_ptr<Thread> thread) {
    kernel.remove_thread(*thread);
    // First, or what the end sets in motion might still be handed to this very thread.
    thread->unpark().reset();
    announce_end(*thread);
    abandon_data_waits(*thread);
}

}  // namespace ntalpc::server
