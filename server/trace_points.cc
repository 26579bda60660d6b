// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/trace_points.h"

#include "ntalpc/status.h"
#include "server/kernel.h"

namespace ntalpc::server::trace_point {

namespace {

using wire::bytes_of;

template <class Event>
Event by(const Connection& connection, const Thread& thread) {
    Event event;
    event.connection = connection.serial();
    event.process = thread.process().facts().id;
    event.thread = thread.id();
    return event;
}

trace::ProcessStarted::Event started(const ProcessFacts& process) {
    trace::ProcessStarted::Event event;
    event.process = process.id;
    event.unix_process = process.unix_process;
    event.session = process.session;
    return event;
}

trace::PortCreated::Event created(const Port& port) {
    trace::PortCreated::Event event;
    event.port = port.serial();
    event.connection = port.connection() ? port.connection()->serial() : 0;
    event.process = port.owner().id;
    event.kind = static_cast<std::uint32_t>(port.kind());
    event.flags = port.flags();
    return event;
}

}  // namespace

void process_started(const ProcessFacts& process) {
    tracer().emit<trace::ProcessStarted>(started(process), {.image = bytes_of(process.image_path)});
}

void process_ended(const ProcessFacts& process) {
    tracer().emit<trace::ProcessEnded>({.process = process.id});
}

void port_created(const Port& port) {
    const std::u16string path = port.path();
    tracer().emit<trace::PortCreated>(created(port), {.name = bytes_of(path)});
}

void port_closed(const Port& port) {
    tracer().emit<trace::PortClosed>({.port = port.serial()});
}

void connect_requested(const Connection& connection, const Thread& client, const Message& request) {
    auto event = by<trace::ConnectRequested::Event>(connection, client);
    event.port = connection.listener() ? connection.listener()->serial() : 0;
    event.message = request.id();
    tracer().emit<trace::ConnectRequested>(event);
}

void connect_failed(const Thread& client, std::u16string_view name, std::int32_t status) {
    trace::ConnectFailed::Event event;
    event.process = client.process().facts().id;
    event.thread = client.id();
    event.status = status;
    tracer().emit<trace::ConnectFailed>(event, {.name = bytes_of(name)});
}

void connection_accepted(const Connection& connection, const Thread& server) {
    tracer().emit<trace::ConnectionAccepted>(by<trace::ConnectionAccepted::Event>(connection, server));
}

void connection_refused(const Connection& connection, const Thread& server) {
    tracer().emit<trace::ConnectionRefused>(by<trace::ConnectionRefused::Event>(connection, server));
}

void connection_ended(const Connection& connection, Side gone) {
    tracer().emit<trace::ConnectionEnded>(
        {.connection = connection.serial(), .side = static_cast<std::uint32_t>(gone)});
}

void message_sent(const Message& message, const Port* port) {
    const Message::Step& step = message.step();
    trace::MessageSent::Event event;
    event.process = step.process_id;
    event.thread = step.thread_id;
    event.connection = message.connection_serial();
    event.port = port ? port->serial() : 0;
    event.message = message.id();
    event.callback = message.callback_id();
    event.type = step.type;
    event.side = static_cast<std::uint32_t>(step.from);
    event.size = static_cast<std::uint32_t>(step.data.size());
    tracer().emit<trace::MessageSent>(event, {.data = step.data});
}

void message_received(const Message& message, const Thread& receiver) {
    const Message::Step& step = message.step();
    trace::MessageReceived::Event event;
    event.process = receiver.process().facts().id;
    event.thread = receiver.id();
    event.connection = message.connection_serial();
    event.message = message.id();
    event.callback = message.callback_id();
    event.type = step.type;
    event.size = static_cast<std::uint32_t>(step.data.size());
    tracer().emit<trace::MessageReceived>(event);
}

void message_canceled(const Message& message, Side side) {
    tracer().emit<trace::MessageCanceled>({.connection = message.connection_serial(),
                                           .message = message.id(),
                                           .side = static_cast<std::uint32_t>(side)});
}

void wait_began(const Thread& thread, std::uint16_t request, const Wait& wait) {
    const Wait::Target target = wait.target();
    trace::WaitBegan::Event event;
    event.process = thread.process().facts().id;
    event.thread = thread.id();
    event.port = target.port;
    event.message = target.message;
    event.request = request;
    tracer().emit<trace::WaitBegan>(event);
}

void call_ended(const Thread& thread, std::uint16_t request, std::int32_t status, Nanoseconds began,
                Nanoseconds waited) {
    trace::CallEnded::Event event;
    event.process = thread.process().facts().id;
    event.thread = thread.id();
    event.began = static_cast<std::uint64_t>(began);
    event.waited = static_cast<std::uint64_t>(waited);
    event.request = request;
    event.status = status;
    tracer().emit<trace::CallEnded>(event);
    if (!is_quota_status(status)) return;
    tracer().emit<trace::QuotaHit>({event.process, event.thread, status, request});
}

void client_dropped(const ProcessFacts& process, std::string_view reason) {
    tracer().emit<trace::ClientDropped>({.process = process.id, .unix_process = process.unix_process},
                                        {.reason = bytes_of(reason)});
}

void describe(const Process& process, TraceBuffer& buffer) {
    Tracer::emit_to<trace::ProcessStarted>(buffer, started(process.facts()),
                                           {.image = bytes_of(process.facts().image_path)});
}

void describe(const Port& port, TraceBuffer& buffer) {
    const std::u16string path = port.path();
    Tracer::emit_to<trace::PortCreated>(buffer, created(port), {.name = bytes_of(path)});
}

void describe_present(const Kernel& kernel, const Process& recorder, TraceBuffer& buffer) {
    for (const Process* const process : kernel.processes()) {
        if (process != &recorder) describe(*process, buffer);
    }
    for (const Port* const port : kernel.ports) describe(*port, buffer);
}

}  // namespace ntalpc::server::trace_point
