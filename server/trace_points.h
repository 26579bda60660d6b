// SPDX-License-Identifier: LGPL-2.1-or-later
// The places where the server reports what it does (include/trace_events.def). When nobody records, each
// costs a look at one list.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/connection.h"
#include "server/message.h"
#include "server/port.h"
#include "server/process.h"
#include "server/thread.h"
#include "server/tracer.h"

namespace ntalpc::server {

class Kernel;

namespace trace_point {

void process_started(const ProcessFacts& process);
void process_ended(const ProcessFacts& process);
void port_created(const Port& port);
void port_closed(const Port& port);
void connect_requested(const Connection& connection, const Thread& client, const Message& request);
void connect_failed(const Thread& client, std::u16string_view name, std::int32_t status);
void connection_accepted(const Connection& connection, const Thread& server);
void connection_refused(const Connection& connection, const Thread& server);
void connection_ended(const Connection& connection, Side gone);
// `port` is where the step goes, nullptr when that is gone.
void message_sent(const Message& message, const Port* port);
void message_received(const Message& message, const Thread& receiver);
void message_canceled(const Message& message, Side by);
void wait_began(const Thread& thread, std::uint16_t request, const Wait& wait);
void call_ended(const Thread& thread, std::uint16_t request, std::int32_t status, Nanoseconds began,
                Nanoseconds waited);
void client_dropped(const ProcessFacts& process, std::string_view reason);

// An object that is there, as if it had come into being this moment.
void describe(const Process& process, TraceBuffer& buffer);
void describe(const Port& port, TraceBuffer& buffer);

// What is there already apart from the recorder, which begins now: the same events as if all of it happened
// this moment.
void describe_present(const Kernel& kernel, const Process& recorder, TraceBuffer& buffer);

}  // namespace trace_point

// What follows `on` runs only when somebody records.
#define NTALPC_TRACE(point) (tracer().on() ? trace_point::point : static_cast<void>(0))

}  // namespace ntalpc::server
