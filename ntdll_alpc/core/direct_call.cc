// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/direct_call.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

DirectCall::DirectCall(CallScope& scope, PortLeases leases, const Request& request, wire::Bytes data)
    : remaining(request),
      scope_(scope),
      leases_(std::move(leases)),
      data_(data),
      deadline_(request.timeout),
      port_{scope.channel().generation(), request.handle} {}

DirectCall::~DirectCall() {
    if (leases_.client && received.data.size() > lease::kSmall)
        leases_.client->done_with(received.reply.message.message_id);
}

bool DirectCall::end(NTSTATUS status) {
    received.status = status;
    complete(&received.reply);
    return true;
}

void DirectCall::complete(Reply* reply) const {
    if (sent_by_lease_) reply->sent_attributes = sent_attributes_;
}

// What is left, of a call that began by a lease.
bool DirectCall::by_server(ClientLease& lease) {
    Leases::instance().forget(port_, lease);
    if (sent_by_lease_) remaining.has_send = 0;
    remaining.timeout = deadline_.left();
    return false;
}

// Whatever is odd about a call is for the server to say.
bool DirectCall::plain() const {
    if (remaining.flags & ~kFlagsOfLeases) return false;
    if (!remaining.has_send) return true;
    return remaining.message.data_length == data_.size() &&
           remaining.message.total_length >= sizeof(PORT_MESSAGE) + data_.size() &&
           !scope_.channel().presented_tokens.impersonating();
}

bool DirectCall::run() {
    if (!remaining.has_send && !remaining.has_receive) return false;
    if ((!leases_.client && !leases_.port) || !plain()) return false;
    return leases_.client ? run_client(*leases_.client) : run_server(*leases_.port);
}

bool DirectCall::look_again(const Reply& reply) {
    if (remaining.has_send) {
        // It was sent by the server, which told of it in this answer.
        sent_by_lease_ = true;
        sent_attributes_ = reply.sent_attributes;
        remaining.has_send = 0;
    }
    remaining.timeout = deadline_.left();
    if (!Leases::instance().wait_for(port_)) Leases::release(scope_, port_.handle);
    leases_ = Leases::instance().at(scope_, port_);
    return run();
}

bool DirectCall::run_client(ClientLease& lease) {
    if (remaining.has_send && !send_by(lease)) return false;
    if (received.status != STATUS_SUCCESS) return true;
    if (remaining.flags & ALPC_MSGFLG_SYNC_REQUEST) return finish_request(lease);
    return remaining.has_receive ? receive_by(lease) : end(STATUS_SUCCESS);
}

// False: by way of the server. A status says that the call is over.
bool DirectCall::send_by(ClientLease& lease) {
    const std::uint32_t valid = remaining.send_attributes.valid;
    const bool sync = (remaining.flags & ALPC_MSGFLG_SYNC_REQUEST) != 0;
    const bool datagram = (remaining.flags & ALPC_MSGFLG_RELEASE_MESSAGE) != 0;
    const bool carried = remaining.message.message_id == 0 &&
                         (valid & ~ALPC_MESSAGE_CONTEXT_ATTRIBUTE) == 0 &&
                         remaining.message.total_length <= lease.max_message_length() &&
                         !(sync && (datagram || !remaining.has_receive));
    if (!carried) return by_server(lease);
    const std::uint64_t context =
        valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE ? remaining.send_attributes.message_context : 0;
    switch (lease.send({remaining.message, data_, scope_.channel().thread_id(), context, datagram, sync},
                       &sent_)) {
        case LeaseResult::done:
            break;
        case LeaseResult::unreadable:
            return end(STATUS_ACCESS_VIOLATION);
        default:
            return by_server(lease);
    }
    sent_by_lease_ = true;
    sent_attributes_.message_id = sent_.id;
    sent_attributes_.callback_id = lease::callback_id(sent_.id);
    sent_attributes_.sequence = sent_.sequence;
    return true;
}

// When the lease cannot bring the answer, the server has it or waits for it in this thread's stead.
bool DirectCall::finish_request(ClientLease& lease) {
    const LeaseResult waited = lease.wait_for_answer(scope_.guard(), sent_, deadline_);
    if (waited == LeaseResult::done) {
        const LeaseResult taken =
            lease.take_answer(scope_, sent_, remaining, &received.reply, &received.data);
        if (taken == LeaseResult::done && received.reply.has_message) return end(STATUS_SUCCESS);
        if (taken == LeaseResult::garbage) report_garbage(scope_, lease.number());
    }
    if (waited != LeaseResult::taken_back) Leases::release(scope_, port_.handle);
    received.reply = {};
    remaining.resumed = sent_.id;
    return by_server(lease);
}

bool DirectCall::receive_by(ClientLease& lease) {
    for (;;) {
        const LeaseResult taken = lease.take_any(scope_, remaining, &received.reply, &received.data);
        if (taken == LeaseResult::done)
            return end(received.reply.has_message ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        if (taken == LeaseResult::garbage) report_garbage(scope_, lease.number());
        if (taken != LeaseResult::timed_out) return by_server(lease);
        const LeaseResult waited = lease.wait_for_any(scope_.guard(), deadline_);
        if (waited == LeaseResult::timed_out) return end(STATUS_TIMEOUT);
    }
}

bool DirectCall::run_server(LeasedPort& port) {
    if (remaining.flags & ALPC_MSGFLG_SYNC_REQUEST) return false;
    if (port.idle()) {
        Leases::instance().forget_idle(port_);
        return false;
    }
    if (remaining.has_send) {
        if (!answer_by(port)) {
            Reply reply;
            wire::SendWaitReceive::ReplyBlobs blobs;
            Request sending = remaining;
            sending.has_receive = 0;
            received.status =
                scope_.call<wire::SendWaitReceive>(Blocking::no, sending, {.data = data_}, &reply, &blobs);
            sent_by_lease_ = true;
            sent_attributes_ = reply.sent_attributes;
        }
        if (received.status != STATUS_SUCCESS || !remaining.has_receive) return end(received.status);
        remaining.has_send = 0;
    }
    if (port.receive(scope_, remaining, deadline_, &received)) return end(received.status);
    Leases::instance().forget_idle(port_);
    received.reply = {};
    remaining.timeout = deadline_.left();
    return false;
}

// False: by way of the server.
bool DirectCall::answer_by(LeasedPort& port) {
    const std::uint32_t id = remaining.message.message_id;
    if (!lease::is_leased_id(id) || remaining.send_attributes.valid != 0) return false;
    if (!(remaining.flags & ALPC_MSGFLG_RELEASE_MESSAGE)) return false;
    const auto lease = port.find(lease::lease_of(id));
    if (!lease) return false;
    switch (lease->answer(remaining.message, data_, scope_.channel().thread_id())) {
        case LeaseResult::done:
            break;
        case LeaseResult::unreadable:
            received.status = STATUS_ACCESS_VIOLATION;
            break;
        default:
            return false;
    }
    sent_by_lease_ = true;
    sent_attributes_.message_id = id;
    sent_attributes_.callback_id = lease::callback_id(id);
    return true;
}

}  // namespace ntalpc::core
