// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/direct_call.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

DirectCall::DirectCall(CallScope& scope, PortLeases leases, const Request& request, wire::Bytes data)
    : scope_(scope),
      leases_(std::move(leases)),
      request_(request),
      data_(data),
      deadline_(request.timeout),
      port_{scope.channel().generation(), request.handle},
      to_send_(request.has_send != 0) {}

DirectCall::~DirectCall() {
    if (leases_.client && received.data.size() > lease::kSmall)
        leases_.client->done_with(received.reply.message.message_id);
}

DirectCall::Request DirectCall::remaining() const {
    Request request = request_;
    request.has_send = to_send_;
    request.resumed = resumed_;
    request.timeout = deadline_.left();
    return request;
}

bool DirectCall::end(NTSTATUS status) {
    received.status = status;
    complete(&received.reply);
    return true;
}

void DirectCall::complete(Reply* reply) const {
    if (sent_attributes_) reply->sent_attributes = *sent_attributes_;
}

// What is left, of a call that began by a lease.
bool DirectCall::by_server(ClientLease& lease) {
    Leases::instance().forget(port_, lease);
    if (sent_attributes_) to_send_ = false;
    return false;
}

// Whatever is odd about a call is for the server to say.
bool DirectCall::plain() const {
    if (request_.flags & ~kFlagsOfLeases) return false;
    if (!to_send_) return true;
    return request_.message.data_length == data_.size() &&
           request_.message.total_length >= sizeof(PORT_MESSAGE) + data_.size() &&
           !scope_.channel().presented_tokens.impersonating();
}

bool DirectCall::run() {
    if (!to_send_ && !request_.has_receive) return false;
    if ((!leases_.client && !leases_.port) || !plain()) return false;
    return leases_.client ? run_client(*leases_.client) : run_server(*leases_.port);
}

bool DirectCall::look_again() {
    if (to_send_) {
        // It was sent by the server, which told of it in this answer.
        sent_attributes_ = received.reply.sent_attributes;
        to_send_ = false;
    }
    received.reply = {};
    if (!Leases::instance().wait_for(port_)) Leases::release(scope_, port_.handle);
    leases_ = Leases::instance().at(scope_, port_);
    return run();
}

bool DirectCall::run_client(ClientLease& lease) {
    if (to_send_ && !send_by(lease)) return false;
    if (received.status != STATUS_SUCCESS) return true;
    if (request_.flags & ALPC_MSGFLG_SYNC_REQUEST) return finish_request(lease);
    return request_.has_receive ? receive_by(lease) : end(STATUS_SUCCESS);
}

// False: by way of the server. A status says that the call is over.
bool DirectCall::send_by(ClientLease& lease) {
    const std::uint32_t valid = request_.send_attributes.valid;
    const bool sync = (request_.flags & ALPC_MSGFLG_SYNC_REQUEST) != 0;
    const bool datagram = (request_.flags & ALPC_MSGFLG_RELEASE_MESSAGE) != 0;
    const bool carried = request_.message.message_id == 0 && (valid & ~ALPC_MESSAGE_CONTEXT_ATTRIBUTE) == 0 &&
                         request_.message.total_length <= lease.max_message_length() &&
                         !(sync && (datagram || !request_.has_receive));
    if (!carried) return by_server(lease);
    const std::uint64_t context =
        valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE ? request_.send_attributes.message_context : 0;
    switch (lease.send({request_.message, data_, scope_.channel().thread_id(), context, datagram, sync},
                       &sent_)) {
        case LeaseResult::done:
            break;
        case LeaseResult::unreadable:
            return end(STATUS_ACCESS_VIOLATION);
        default:
            return by_server(lease);
    }
    sent_attributes_.emplace();
    sent_attributes_->message_id = sent_.id;
    sent_attributes_->callback_id = lease::callback_id(sent_.id);
    sent_attributes_->sequence = sent_.sequence;
    return true;
}

// When the lease cannot bring the answer, the server has it or waits for it in this thread's stead.
bool DirectCall::finish_request(ClientLease& lease) {
    const LeaseResult waited = lease.wait_for_answer(scope_.guard(), sent_, deadline_);
    if (waited == LeaseResult::done) {
        const LeaseResult taken = lease.take_answer(scope_, sent_, request_, &received.reply, &received.data);
        if (taken == LeaseResult::done && received.reply.has_message) return end(STATUS_SUCCESS);
        if (taken == LeaseResult::garbage) report_garbage(scope_, lease.number());
    }
    if (waited != LeaseResult::taken_back) Leases::release(scope_, port_.handle);
    resumed_ = sent_.id;
    return by_server(lease);
}

bool DirectCall::receive_by(ClientLease& lease) {
    for (;;) {
        const LeaseResult taken = lease.take_any(scope_, request_, &received.reply, &received.data);
        if (taken == LeaseResult::done)
            return end(received.reply.has_message ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL);
        if (taken == LeaseResult::garbage) report_garbage(scope_, lease.number());
        if (taken != LeaseResult::timed_out) return by_server(lease);
        const LeaseResult waited = lease.wait_for_any(scope_.guard(), deadline_);
        if (waited == LeaseResult::timed_out) return end(STATUS_TIMEOUT);
    }
}

bool DirectCall::run_server(LeasedPort& port) {
    if (request_.flags & ALPC_MSGFLG_SYNC_REQUEST) return false;
    if (port.idle()) {
        Leases::instance().forget_idle(port_);
        return false;
    }
    if (to_send_) {
        if (!answer_by(port)) {
            Reply reply;
            wire::SendWaitReceive::ReplyBlobs blobs;
            Request sending = remaining();
            sending.has_receive = 0;
            received.status =
                scope_.call<wire::SendWaitReceive>(Blocking::no, sending, {.data = data_}, &reply, &blobs);
            sent_attributes_ = reply.sent_attributes;
        }
        if (received.status != STATUS_SUCCESS || !request_.has_receive) return end(received.status);
        to_send_ = false;
    }
    if (port.receive(scope_, request_, deadline_, &received)) return end(received.status);
    Leases::instance().forget_idle(port_);
    return false;
}

// False: by way of the server.
bool DirectCall::answer_by(LeasedPort& port) {
    const std::uint32_t id = request_.message.message_id;
    if (!lease::is_leased_id(id) || request_.send_attributes.valid != 0) return false;
    if (!(request_.flags & ALPC_MSGFLG_RELEASE_MESSAGE)) return false;
    const auto lease = port.find(lease::lease_of(id));
    if (!lease) return false;
    switch (lease->answer(request_.message, data_, scope_.channel().thread_id())) {
        case LeaseResult::done:
            break;
        case LeaseResult::unreadable:
            received.status = STATUS_ACCESS_VIOLATION;
            break;
        default:
            return false;
    }
    sent_attributes_.emplace();
    sent_attributes_->message_id = id;
    sent_attributes_->callback_id = lease::callback_id(id);
    return true;
}

}  // namespace ntalpc::core
