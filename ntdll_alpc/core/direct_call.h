// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a call of NtAlpcSendWaitReceivePort goes by leases.
//
// A lease carries plain messages: requests and datagrams of a client that acts as its process, and the
// server's final answers. Everything else goes to the server, which takes the lease back first; so a call may
// begin by a lease and end at the server, and what remains of it is a request that says so.
#pragma once

#include <optional>

#include "core/leases.h"

namespace ntalpc::core {

class DirectCall {
  public:
    using Request = wire::SendWaitReceive::Request;
    using Reply = wire::SendWaitReceive::Reply;

    // `request` is there as long as this is; `data` of the message that is sent is in the program's memory.
    DirectCall(CallScope& scope, PortLeases leases, const Request& request, wire::Bytes data);
    // What `received` refers to is there until then.
    ~DirectCall();
    DirectCall(const DirectCall&) = delete;
    DirectCall& operator=(const DirectCall&) = delete;

    // True: the call is over, with `received` as its result. False: remaining() is to be asked of the server.
    bool run();
    // The same after the server has said in `received` that messages may come by leases (kLookAtLeases) in
    // place of an answer.
    bool look_again();

    Request remaining() const;
    LeasedPort::Received received;
    // To be called on each answer of the server, so that it tells of what has been sent by a lease.
    void complete(Reply* reply) const;

  private:
    bool plain() const;
    bool run_client(ClientLease& lease);
    bool send_by(ClientLease& lease);
    bool finish_request(ClientLease& lease);
    bool receive_by(ClientLease& lease);
    bool run_server(LeasedPort& port);
    bool answer_by(LeasedPort& port);
    bool end(NTSTATUS status);
    bool by_server(ClientLease& lease);

    CallScope& scope_;
    PortLeases leases_;
    const Request& request_;
    const wire::Bytes data_;
    const Deadline deadline_;
    PortKey port_;
    // What is different in what remains.
    bool to_send_;
    std::uint32_t resumed_ = 0;
    ClientLease::Sent sent_;
    // Of what has been sent.
    std::optional<wire::MessageAttributes> sent_attributes_;
};

}  // namespace ntalpc::core
