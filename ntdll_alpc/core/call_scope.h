// SPDX-License-Identifier: LGPL-2.1-or-later
// What every call that talks to the server begins with.
#pragma once

#include "core/channel.h"
#include "core/host.h"
#include "core/port_handle.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

// How a call with these ALPC_MSGFLG_* waits.
inline Blocking blocking_of(std::uint32_t flags) {
    return flags & ALPC_MSGFLG_WAIT_ALERTABLE ? Blocking::leaving : Blocking::yes;
}

// Turns the capability that came with an answer into a handle, and tells the program.
inline NTSTATUS give_handle(Channel& channel, UniqueFd capability, std::uint64_t id, std::uint32_t access,
                            std::uint32_t attributes, HANDLE* where, HANDLE* given = nullptr) {
    HANDLE handle;
    const NTSTATUS status =
        install_handle(channel, std::move(capability), {id, access, 0}, attributes, &handle);
    if (status != STATUS_SUCCESS) return status;
    if (given) *given = handle;
    if (host::copy_to_program(where, &handle, sizeof(handle))) return STATUS_SUCCESS;
    host::close_handle(handle);
    return STATUS_ACCESS_VIOLATION;
}

class CallScope {
  public:
    // Connects the thread if this is its first call.
    NTSTATUS connect() {
        NTSTATUS status;
        channel_ = Channel::current(&status);
        return status == STATUS_SUCCESS ? present_changed_tokens(guard_, *channel_) : status;
    }
    // For calls that begin something.
    NTSTATUS connect_to_living_server() {
        NTSTATUS status;
        channel_ = Channel::to_living_server(&status);
        return status == STATUS_SUCCESS ? present_changed_tokens(guard_, *channel_) : status;
    }
    // Connects and finds out what a handle stands for.
    NTSTATUS connect(HANDLE handle, std::uint64_t* id) {
        NTSTATUS status = connect();
        ServerHandle meaning;
        if (status == STATUS_SUCCESS) status = resolve_handle(guard_, *channel_, handle, &meaning);
        *id = meaning.id;
        return status;
    }

    template <class Type>
    NTSTATUS call(Blocking blocking, typename Type::Request& request,
                  const typename Type::RequestBlobs& blobs, typename Type::Reply* reply,
                  typename Type::ReplyBlobs* reply_blobs, std::span<UniqueFd> descriptors = {},
                  int sent_descriptor = -1) {
        return channel_->call<Type>(guard_, blocking, request, blobs, reply, reply_blobs, sent_descriptor,
                                    descriptors);
    }

    // See Channel::call_then().
    template <class Type, class Then>
    NTSTATUS call_then(Blocking blocking, typename Type::Request& request,
                       const typename Type::RequestBlobs& blobs, Then then) {
        return channel_->call_then<Type>(guard_, blocking, request, blobs, then);
    }
    // For the requests that have no answer.
    template <class Type>
    void tell() {
        channel_->tell<Type>();
    }
    Channel& channel() { return *channel_; }
    host::CallGuard& guard() { return guard_; }
    NTSTATUS keep_token() { return keep_current_token(guard_, *channel_); }

    NTSTATUS give_handle(UniqueFd capability, std::uint64_t id, std::uint32_t access,
                         std::uint32_t attributes, HANDLE* where, HANDLE* given = nullptr) {
        return core::give_handle(*channel_, std::move(capability), id, access, attributes, where, given);
    }

  private:
    host::CallGuard guard_;
    Channel* channel_ = nullptr;
};

}  // namespace ntalpc::core
