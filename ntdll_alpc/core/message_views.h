// SPDX-License-Identifier: LGPL-2.1-or-later
// The views of port sections that this process has mapped: those it made to send them and those it received.
//
// The server decides how long a view exists, this table knows where it is. Some of what happens to a view
// happens elsewhere; the server tells a thread that waits for an answer (Channel::serve_views), which may be
// another one than the one that is about to enter the view here.
#pragma once

#include <cstdint>

#include "core/call_scope.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

// The server's number, and which server's.
struct ViewId {
    std::uint64_t number = 0;
    std::uint32_t generation = 0;
    bool operator==(const ViewId&) const = default;
};

struct MessageView {
    ViewId id;
    void* base = nullptr;
    std::uint64_t size = 0;
    HANDLE port = nullptr;   // by which it came
    bool read_only = false;  // by make_view_read_only()
};

// Maps a view and enters it in the table. What the server has taken back meanwhile is not entered, and
// STATUS_INVALID_PARAMETER.
NTSTATUS map_view(MessageView view, UniqueFd memory, std::uint64_t offset, bool writable, void** base);

// The view at this very address, or around it.
bool find_view(const void* base, MessageView* found);
bool find_view_around(const void* address, MessageView* found);

// Takes a view out of the table, which stays mapped. False if another thread was faster.
bool forget_view(const ViewId& id);
void unmap_view(const MessageView& view);

// Makes the mapping read-only, on memory that cannot be written, for the time in which a receiver holds the
// view in its secured form.
NTSTATUS make_view_read_only(const ViewId& id, UniqueFd memory);

// The program is about to unmap what is at an address by itself.
void view_unmaps(const void* address);

// Returns when everything that the server orders about views because of what has happened so far is done.
NTSTATUS flush_views(CallScope& scope);

// What the server orders.
void unmap_ended_view(const ViewId& id);
// Copies the content of a read-only view to this memory and maps it instead, to be written again.
void restore_view(const ViewId& id, UniqueFd memory);

// Whether any view came by this handle value. Once the handle is closed, port_closed() looks whether that was
// the last one of the port.
bool has_views(HANDLE port);
void port_closed(HANDLE port);

// In the child of a fork, which does not inherit views.
void forget_views_after_fork();

}  // namespace ntalpc::core
