// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/termination.h"

namespace ntalpc::server {

// The reference counts as a handle, so that a client killed with its handles open is reported dead thread by
// thread before its port is reported closed (lpc-semantics 15.4 and 15.5).
void register_termination_port(Thread& thread, Port& port) {
    thread.termination_ports().emplace_back(&port);
    port.handle_opened();
}

void announce_end(Thread& thread) {
    while (!thread.termination_ports().empty()) {
        const Ref<Object> object = std::move(thread.termination_ports().back());
        thread.termination_ports().pop_back();
        static_cast<Port&>(*object).notify_client_died(thread);
        object->handle_closed();
    }
}

}  // namespace ntalpc::server
