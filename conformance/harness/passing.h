// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles in messages: ports that let them in, attributes that carry them, and what came out.
#pragma once

#include <vector>

#include "conformance/harness/objects.h"

namespace ntalpc::conformance {

// Port flags. A receiver gets one handle at once, or asks for each by its index.
constexpr ULONG takes_one = ALPC_PORFLG_ALLOW_DUP_OBJECT;
constexpr ULONG takes_many = ALPC_PORFLG_ALLOW_DUP_OBJECT | ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE;
constexpr ULONG same_access = ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS;

// A connection whose ports all have these flags.
void make_passing_connection(Connection& connection, ULONG flags);

// Attributes with a handle attribute to be sent.
class Passing {
  public:
    explicit Passing(HANDLE handle, ULONG flags = same_access, ULONG type = 0, ACCESS_MASK access = 0);
    // The array form, with the same flags for each.
    explicit Passing(const std::vector<HANDLE>& handles, ULONG flags = same_access);
    // The form that gives back what came.
    Passing() : Passing(HANDLE{}, 0) {}

    PALPC_MESSAGE_ATTRIBUTES get() { return attributes_.get(); }
    ALPC_HANDLE_ATTR& handle() { return attributes_.handle(); }
    std::vector<ALPC_HANDLE_ATTR32>& elements() { return elements_; }

  private:
    Attributes attributes_{ALPC_MESSAGE_HANDLE_ATTRIBUTE};
    std::vector<ALPC_HANDLE_ATTR32> elements_;
};

// A received message with room for handles.
struct Received {
    Message<> message;
    Attributes attributes{ALPC_MESSAGE_HANDLE_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE};

    bool has_handle() { return (attributes.valid() & ALPC_MESSAGE_HANDLE_ATTRIBUTE) != 0; }
    // The handle that was made at once; whoever calls this owns it.
    Port take() { return Port(attributes.handle().Handle); }
};
NTSTATUS receive(const Port& port, Received& received);

// Sends a datagram with one handle to the server, which receives it.
void pass_datagram(Connection& connection, HANDLE handle, Received& received);

// Class AlpcMessageHandleInformation.
NTSTATUS query_handle(const Port& port, Message<>& message, ULONG index,
                      ALPC_MESSAGE_HANDLE_INFORMATION* information);
Port fetch_handle(const Port& port, Message<>& message, ULONG index);

// Ends a received message that owes no answer but must be given back.
NTSTATUS give_back(const Port& port, Message<>& message);

}  // namespace ntalpc::conformance
