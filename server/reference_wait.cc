// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/reference_wait.h"

namespace ntalpc::server {

ReferenceWait::ReferenceWait(Thread& thread, Port& port, std::uint32_t count)
    : Wait(thread), port_(&port), count_(count) {
    place_ = port.reference_waits().insert(port.reference_waits().end(), this);
}

ReferenceWait::~ReferenceWait() {
    port_->reference_waits().erase(place_);
}

}  // namespace ntalpc::server
