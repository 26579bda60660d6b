// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/connection.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/port.h"
#include "server/sent_view.h"
#include "server/trace_points.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

std::size_t index(Side side) {
    return static_cast<std::size_t>(side);
}

const char* text_of(Side side) {
    return side == Side::client ? "client" : "server";
}

}  // namespace

// A lease costs some ten system calls and 32 KiB. So many messages of the client make it worth while.
constexpr std::uint32_t kFirstLeaseThreshold = 16;

Connection::Connection(Kernel& kernel, Port& listener, const Process& client)
    : kernel_(kernel),
      serial_(kernel.next_connection_serial()),
      listener_(&listener),
      client_facts_(client.shared_facts()),
      client_token_(client.token()),
      client_account_(client.account()),
      lease_threshold_(kFirstLeaseThreshold) {
    listener_place_ = listener.connections().insert(listener.connections().end(), this);
}

// Whoever does what there is to log: the client wanted the connection.
LogAbout Connection::about_client() const {
    return LogAbout({client_facts_->unix_user, client_facts_->unix_process});
}

Connection::~Connection() {
    leave_listener();
}

void Connection::leave_listener() {
    if (!listener_) return;
    listener_->connections().erase(listener_place_);
    listener_ = nullptr;
}

Port* Connection::queue_port(Side side) const {
    return side == Side::server ? listener_ : ports_[index(side)];
}

Port* Connection::handle_gate(Side side) const {
    Port* const own = ports_[index(side)];
    return own ? own : queue_port(side);
}

// 1, 2, 3… per connection and receiving side (PythonForWindows' recording).
std::uint32_t Connection::next_sequence(Side side) {
    return ++sequence_[index(side)];
}

std::int32_t Connection::set_quality(const Thread& client, const QualityOfService& quality,
                                     bool impersonable) {
    quality_ = quality;
    impersonable_ = impersonable;
    if (!impersonable || quality.dynamic) return STATUS_SUCCESS;
    if (const auto status = check_quality(client, quality)) return status;
    tracked_token_ = client.token();
    return STATUS_SUCCESS;
}

// With dynamic tracking an ALPC client learns at its send that it cannot let others act as itself
// (Sandboxie); a legacy server learns it when it impersonates (lpc-semantics 11.1).
std::int32_t Connection::make_security(const Thread& caller, Side from, const Outgoing& outgoing,
                                       MessageSecurity* made) const {
    made->token = caller.token();
    if (outgoing.attributes.valid & ALPC_MESSAGE_SECURITY_ATTRIBUTE) {
        std::array<SecurityContexts*, 2> tables;
        std::size_t count = 0;
        if (Port* const own = ports_[index(from)]) tables[count++] = &own->security_contexts();
        if (from == Side::server && listener_) tables[count++] = &listener_->security_contexts();
        return attach_context(caller, outgoing.attributes, std::span(tables).first(count), made);
    }
    if (from == Side::server || !impersonable_) return STATUS_SUCCESS;
    made->quality = quality_;
    const Port* const port = ports_[index(from)];
    const bool lpc = port && port->lpc();
    made->impersonable = !lpc || (outgoing.header.type & LPC_NO_IMPERSONATE) == 0;
    if (tracked_token_) made->token = tracked_token_;
    return tracked_token_ || lpc ? STATUS_SUCCESS : check_quality(caller, quality_);
}

std::int32_t Connection::make_step(Thread& caller, Side from, std::uint16_t type, const Outgoing& outgoing,
                                   Message::Step* made) const {
    Message::Step& step = *made;
    step.from = from;
    step.type = type;
    step.ends = type != LPC_REQUEST && type != LPC_CONNECTION_REQUEST;
    step.total_length = outgoing.header.total_length;
    step.data_info_offset = outgoing.header.data_info_offset;
    step.process_id = caller.process().facts().id;
    step.thread_id = caller.id();
    step.sender = caller.process().shared_facts();
    step.data.assign(outgoing.data.begin(), outgoing.data.end());
    if (outgoing.attributes.valid & ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE) {
        step.work_ticket = outgoing.attributes.work_ticket;
    }
    const auto status = make_security(caller, from, outgoing, &step.security);
    if (status != STATUS_SUCCESS) return status;
    if (outgoing.view) step.view = outgoing.view->use();
    step.carries_view = static_cast<bool>(step.view);
    const Port* const gate = handle_gate(peer_of(from));
    if (step.view && gate && !may_be_shared(step.view.region().memory(), *step.sender, gate->owner()))
        return STATUS_ACCESS_DENIED;
    if (!(outgoing.attributes.valid & ALPC_MESSAGE_HANDLE_ATTRIBUTE)) return STATUS_SUCCESS;
    if (!gate) return STATUS_PORT_DISCONNECTED;
    step.objects = std::move(caller.attached());
    return check_passing(step.objects, caller.process().facts().world, *gate);
}

// The message stays as it was when this fails.
std::int32_t Connection::set_step(Thread& caller, Side from, std::uint16_t type, const Outgoing& outgoing,
                                  Message& message) const {
    Message::Step step;
    const auto status = make_step(caller, from, type, outgoing, &step);
    if (status != STATUS_SUCCESS) return status;
    return message.set_step(std::move(step), caller.process().account(), outgoing.pool);
}

std::int32_t Connection::request(Thread& caller, Port& client_port, const Outgoing& outgoing) {
    ports_[index(Side::client)] = &client_port;
    if (!charge_.charge(client_account_) || !Message::prepay(client_account_, &end_notice_))
        return STATUS_QUOTA_EXCEEDED;
    Ref<Message> message = Message::make(kernel_, *this);
    const auto status = set_step(caller, Side::client, LPC_CONNECTION_REQUEST, outgoing, *message);
    if (status != STATUS_SUCCESS) {
        message->retire();
        return status;
    }
    request_ = message;
    NTALPC_TRACE(connect_requested(*this, caller, *message));
    message->deliver();
    return STATUS_SUCCESS;
}

std::int32_t Connection::begin_accept(Thread& caller, Message& request,
                                      const wire::PortAttributes& attributes, const Outgoing& outgoing,
                                      NewHandle* server_handle) {
    auto port = make_ref<Port>(kernel_, caller.process(), attributes, *this, Side::server);
    NewHandle handle;
    auto status = kernel_.handles.open(caller.process(), Ref<Object>(port.get()), PORT_ALL_ACCESS, &handle);
    if (status != STATUS_SUCCESS) return status;
    // The request itself carries the answer back, so that the client sees the id it asked with.
    status = set_step(caller, Side::server, LPC_INTERNAL_CONNECTION_REPLY, outgoing, request);
    if (status != STATUS_SUCCESS) return status;
    ports_[index(Side::server)] = port.get();
    state_ = State::accepting;
    *server_handle = std::move(handle);
    NTALPC_TRACE(connection_accepted(*this, caller));
    const LogAbout about = about_client();
    log(LogLevel::connections, "%04llx:%04llx accepted connection %llu of process %04llx (%s)",
        static_cast<unsigned long long>(caller.process().facts().id),
        static_cast<unsigned long long>(caller.id()), static_cast<unsigned long long>(serial_),
        static_cast<unsigned long long>(client_facts_->id), client_facts_->image_path.c_str());
    return STATUS_SUCCESS;
}

void Connection::finish_accept(std::uint64_t port_context) {
    const Ref<Connection> alive(this);
    server_context_ = port_context;
    state_ = State::accepted;
    client_view.section.reset();
    const Ref<Message> answer = std::move(request_);
    if (connector_) {
        NTALPC_TRACE(message_sent(*answer, ports_[index(Side::client)]));
        connector_->accepted(*answer);
    } else {
        answer->deliver();
    }
}

void Connection::refuse(Thread& caller, Message& request, wire::Bytes information) {
    const Ref<Connection> alive(this);
    const LogAbout about = about_client();
    log(LogLevel::connections,
        "%04llx:%04llx refused connection %llu of process %04llx (%s): the server did not accept it",
        static_cast<unsigned long long>(caller.process().facts().id),
        static_cast<unsigned long long>(caller.id()), static_cast<unsigned long long>(serial_),
        static_cast<unsigned long long>(client_facts_->id), client_facts_->image_path.c_str());
    NTALPC_TRACE(connection_refused(*this, caller));
    become_refused(request, information);
}

void Connection::become_refused(Message& request, wire::Bytes information) {
    state_ = State::refused;
    receive_status_ = STATUS_PORT_CONNECTION_REFUSED;
    request_.reset();
    request.retire();
    leave_listener();
    if (connector_) {
        connector_->refused(information);
    } else if (Port* const port = ports_[index(Side::client)]) {
        port->finish_receivers(STATUS_PORT_CONNECTION_REFUSED);
    }
}

bool Connection::connector_takes_views() const {
    return connector_ && connector_->takes_views();
}

void Connection::server_view_mapped(std::uint64_t base) {
    if (!finisher_) return;
    server_view.remote_base = base;
    finisher_->finish(STATUS_SUCCESS);
}

std::int32_t Connection::lost_status(Side side) const {
    const Port* const port = ports_[index(side)];
    return port && port->lpc() ? STATUS_LPC_REPLY_LOST : STATUS_PORT_DISCONNECTED;
}

std::int32_t Connection::send_status() const {
    switch (state_) {
        case State::pending:
        case State::accepting:
            return STATUS_LPC_REQUESTS_NOT_ALLOWED;
        case State::accepted:
            return STATUS_SUCCESS;
        case State::refused:
            return STATUS_PORT_CONNECTION_REFUSED;
        case State::ended:
            return STATUS_PORT_DISCONNECTED;
    }
    return STATUS_PORT_DISCONNECTED;
}

std::int32_t Connection::send(Thread& caller, Side from, const Outgoing& outgoing, Ref<Message>* sent) {
    if (const auto status = send_status(); status != STATUS_SUCCESS) return status;
    const std::uint16_t type = outgoing.flags & ALPC_MSGFLG_RELEASE_MESSAGE ? LPC_DATAGRAM : LPC_REQUEST;
    if (from == Side::client) ++plain_messages_;
    Ref<Message> message = Message::make(kernel_, *this);
    const auto status = set_step(caller, from, type, outgoing, *message);
    if (status != STATUS_SUCCESS) {
        message->retire();
        return status;
    }
    if (outgoing.direct_event) message->set_direct_event(std::move(*outgoing.direct_event));
    if (outgoing.attributes.valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE) {
        message->message_context[index(from)] = outgoing.attributes.message_context;
    }
    message->deliver();
    *sent = std::move(message);
    return STATUS_SUCCESS;
}

std::int32_t Connection::reply(Thread& caller, Side from, Message& message, const Outgoing& outgoing) {
    if (message.state() != Message::State::pending || message.owner() != from) return STATUS_INVALID_MESSAGE;
    if (state_ == State::ended) return STATUS_PORT_DISCONNECTED;
    if (state_ != State::accepted) return STATUS_INVALID_MESSAGE;
    // Clients that never copy CallbackId are served (csandker, DownWithUp); a wrong one is refused.
    if (outgoing.header.callback_id != 0 && outgoing.header.callback_id != message.callback_id()) {
        return STATUS_INVALID_MESSAGE;
    }
    if (outgoing.view && outgoing.view->unmaps_existing()) message.unmap_received_view(from);
    // What has ended but for what it carries is not answered: its receiver gives it back
    // (alpc-semantics 5.6).
    if (message.step().ends) {
        message.retire();
        return STATUS_SUCCESS;
    }
    // A reply that is not released continues the conversation: its receiver sees a request and owes the next
    // step (csandker's screenshot of the requester).
    const std::uint16_t type = outgoing.flags & ALPC_MSGFLG_RELEASE_MESSAGE ? LPC_REPLY : LPC_REQUEST;
    const auto status = set_step(caller, from, type, outgoing, message);
    if (status != STATUS_SUCCESS) return status;
    if (outgoing.direct_event) message.set_direct_event(std::move(*outgoing.direct_event));
    message.deliver();
    return STATUS_SUCCESS;
}

namespace {

// Whether the thread that a reply or callback names waits for this very message.
bool names_waiter(const ReplyWait* wait, const wire::PortMessage& header) {
    return wait && wait->thread().id() == header.thread_id &&
           wait->thread().process().facts().id == header.process_id;
}

}  // namespace

std::int32_t Connection::lpc_callback(Thread& caller, Side from, Message& message, const Outgoing& outgoing) {
    if (state_ != State::accepted) return STATUS_PORT_DISCONNECTED;
    if (message.state() != Message::State::pending || message.owner() != from ||
        !names_waiter(message.waiter[index(peer_of(from))], outgoing.header)) {
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    const auto status = set_step(caller, from, LPC_REQUEST, outgoing, message);
    if (status != STATUS_SUCCESS) return status;
    message.begin_callback();
    message.deliver();
    return STATUS_SUCCESS;
}

// The requester finds itself as the sender of the reply: the ClientId is echoed (lpc-semantics 2.3).
std::int32_t Connection::lpc_reply(Thread& caller, Side from, Message& message, const Outgoing& outgoing) {
    if (state_ != State::accepted) return STATUS_REPLY_MESSAGE_MISMATCH;
    if (message.state() != Message::State::pending || message.owner() != from ||
        !names_waiter(message.waiter[index(peer_of(from))], outgoing.header)) {
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    Message::Step step;
    auto status = make_step(caller, from, LPC_REPLY, outgoing, &step);
    if (status != STATUS_SUCCESS) return status;
    step.process_id = outgoing.header.process_id;
    step.thread_id = outgoing.header.thread_id;
    step.ends = !message.in_callback();
    status = message.set_step(std::move(step), caller.process().account());
    if (status != STATUS_SUCCESS) return status;
    if (message.in_callback()) message.end_callback();
    message.deliver();
    return STATUS_SUCCESS;
}

// For a closed port the time is the creation time of the client's process (lpc-semantics 15.1), for a dead
// thread that of the thread. The receiver must learn of it even if the sender has used up its quota, so
// it is paid beforehand.
void Connection::notify(Message::Step step, MessageCost paid) {
    Port* const port = queue_port(peer_of(step.from));
    if (!port) return;
    Ref<Message> message = Message::make(kernel_, *this);
    message->set_paid_step(std::move(step), std::move(paid));
    NTALPC_TRACE(message_sent(*message, port));
    port->enqueue(*message);
}

void Connection::notify_client_died(const Thread& thread, Side from, MessageCost paid) {
    if (state_ != State::accepted) return;
    notify(Message::time_step(from, LPC_CLIENT_DIED, thread.process().facts().id, thread.id(),
                              thread.creation_time()),
           std::move(paid));
}

void Connection::end(Side gone, std::int32_t own_status, PendingMessages pending) {
    const Ref<Connection> alive(this);
    const LogAbout about = about_client();
    drop_lease("the connection ended");
    if (state_ == State::pending || (state_ == State::accepting && gone == Side::client)) {
        return abandon_request();
    }
    if (state_ == State::accepting) {
        // The server gives up between the halves of an accept.
        const Ref<Message> request = request_;
        log(LogLevel::connections,
            "connection %llu of process %04llx (%s) refused: the server gave up its accept",
            static_cast<unsigned long long>(serial_), static_cast<unsigned long long>(client_facts_->id),
            client_facts_->image_path.c_str());
        return become_refused(*request, {});
    }
    if (state_ != State::accepted) return;
    log(LogLevel::connections, "connection %llu of process %04llx (%s) ended by its %s",
        static_cast<unsigned long long>(serial_), static_cast<unsigned long long>(client_facts_->id),
        client_facts_->image_path.c_str(), text_of(gone));
    NTALPC_TRACE(connection_ended(*this, gone));
    state_ = State::ended;
    receive_status_ = STATUS_PORT_DISCONNECTED;
    if (finisher_) finisher_->finish(STATUS_SUCCESS);
    const std::vector<Ref<Message>> live(messages_.begin(), messages_.end());
    for (const auto& message : live) {
        if (message->connection() == this) message->connection_ended(gone, own_status, pending);
    }
    if (gone == Side::client) {
        notify(Message::time_step(Side::client, LPC_PORT_CLOSED, client_facts_->id, 0,
                                  client_facts_->creation_time),
               std::move(end_notice_));
    }
    for (Port* port : ports_) {
        if (!port) continue;
        port->finish_reference_waits(STATUS_PORT_DISCONNECTED);
        if (port->drained()) {
            port->finish_receivers(STATUS_PORT_DISCONNECTED);
        } else {
            port->announce_end();
        }
    }
}

// What the other side left here when it disconnected.
void Connection::forget_messages_of(Side owner) {
    if (state_ != State::ended) return;
    const std::vector<Ref<Message>> live(messages_.begin(), messages_.end());
    for (const auto& message : live) {
        if (message->state() == Message::State::pending && message->owner() == owner) message->retire();
    }
}

// The client lets go of a connection nobody has decided on. A request that the server has not seen vanishes;
// one that it has seen makes its accept fail.
void Connection::abandon_request() {
    const bool accepting = state_ == State::accepting;
    NTALPC_TRACE(connection_ended(*this, Side::client));
    state_ = State::ended;
    receive_status_ = STATUS_PORT_DISCONNECTED;
    const Ref<Message> request = std::move(request_);
    if (request) {
        const bool seen = !accepting && request->state() == Message::State::pending;
        if (seen) listener_->remember_canceled_request(request->id());
        request->retire();
    }
    leave_listener();
    if (Port* const port = ports_[index(Side::client)]) port->finish_receivers(STATUS_PORT_DISCONNECTED);
}

void Connection::port_closed(const Port& port) {
    const Ref<Connection> alive(this);
    const Side side = port.side();
    if (ports_[index(side)] != &port) return;
    end(side, STATUS_PORT_CLOSED);
    forget_messages_of(side);
    ports_[index(side)] = nullptr;
}

void Connection::listener_closed(PendingMessages pending) {
    const Ref<Connection> alive(this);
    if (state_ == State::pending) {
        NTALPC_TRACE(connection_ended(*this, Side::server));
        state_ = State::ended;
        receive_status_ = STATUS_UNSUCCESSFUL;
        const Ref<Message> request = std::move(request_);
        if (connector_) {
            request->retire();
            connector_->refused({});
        } else if (request) {
            request->connection_ended(Side::server, STATUS_PORT_CLOSED, pending);
        }
    } else {
        end(Side::server, STATUS_PORT_CLOSED, pending);
    }
    leave_listener();
}

}  // namespace ntalpc::server
