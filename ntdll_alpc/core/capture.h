// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the structures that a program passes, and writing the answers. Every pointer may be wrong: each
// function returns STATUS_ACCESS_VIOLATION when the memory it needs is not there. What is read is read once,
// into memory of ours, so that the program cannot change it under our hands.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/host.h"
#include "core/passed_handles.h"
#include "generated/protocol.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

template <class T>
NTSTATUS read(const T* from, T* to) {
    return host::copy_from_program(to, from, sizeof(T)) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

template <class T>
NTSTATUS write(T* to, const T& value) {
    return host::copy_to_program(to, &value, sizeof(T)) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// Makes sure that memory can be written before something irrevocable is done, as Windows probes its
// arguments. The memory keeps its content.
NTSTATUS probe_for_write(void* memory, std::size_t size);
template <class T>
NTSTATUS probe_for_write(T* memory) {
    return probe_for_write(memory, sizeof(T));
}

struct ObjectName {
    std::u16string path;  // absolute unless it is wrong, or the root has no path; empty for no name
    wire::NameRoot root;
    std::uint32_t attributes = 0;
    std::vector<std::byte> security_descriptor;  // self-relative; empty for none
};

NTSTATUS capture_string(const UNICODE_STRING* string, std::u16string* text);
NTSTATUS capture_name(const UNICODE_STRING* string, ObjectName* name);
// NULL gives an empty name. A root directory is resolved to its path, where it has one.
NTSTATUS capture_object_attributes(const OBJECT_ATTRIBUTES* attributes, ObjectName* name);
NTSTATUS capture_port_attributes(const ALPC_PORT_ATTRIBUTES* attributes, wire::PortAttributes* captured);
// STATUS_INVALID_SID for one that is malformed. NULL gives none.
NTSTATUS capture_sid(PSID sid, std::vector<std::byte>* captured);

// A wait limit in nanoseconds from now; -1 for none.
NTSTATUS capture_timeout(const LARGE_INTEGER* timeout, std::int64_t* nanoseconds);

// A message to be sent: the header, and where its data is. The data stays in the program's memory.
struct CapturedMessage {
    wire::PortMessage header;
    wire::Bytes data;
};
NTSTATUS capture_message(const PORT_MESSAGE* message, CapturedMessage* captured);

// The attributes valid for sending. NULL gives none.
NTSTATUS capture_send_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, wire::MessageAttributes* captured);
// Which attributes there is room for. NULL gives none.
NTSTATUS capture_receive_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, wire::MessageAttributes* captured);

// Writes a received message; the buffer has been probed for its capacity, which the message does not exceed.
NTSTATUS write_message(PORT_MESSAGE* buffer, const wire::PortMessage& header, wire::Bytes data);
// Writes the attributes that came with it and says which are valid. A handle that came with it is taken.
NTSTATUS write_received_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& attributes,
                                   const ReceivedMessage& message);
// Writes the ids of a sent message into the context attribute it was sent with.
NTSTATUS write_sent_context(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& sent);

}  // namespace ntalpc::core
