// SPDX-License-Identifier: LGPL-2.1-or-later
// Port sections and views for tests, and messages that carry them.
#pragma once

#include <cstring>

#include "conformance/harness/memory.h"
#include "conformance/harness/ports.h"

namespace ntalpc::conformance {

constexpr SIZE_T page = 0x1000;
constexpr SIZE_T granularity = 0x10000;
constexpr ULONG secure_section = ALPC_CREATEPORTSECTIONFLG_SECURE;
constexpr ULONG release_message = ALPC_MSGFLG_RELEASE_MESSAGE;
// What RPC sends large requests with (NtCoreLib), and OpenVMM everything.
constexpr ULONG secured_and_released = ALPC_VIEWFLG_SECURED_ACCESS | ALPC_VIEWFLG_AUTO_RELEASE;

struct PortSection {
    ALPC_HANDLE handle = nullptr;
    SIZE_T size = 0;
};

inline NTSTATUS create_section(const Port& port, PortSection* section, SIZE_T size, ULONG flags = 0,
                               HANDLE object = nullptr) {
    return api().NtAlpcCreatePortSection(port.get(), flags, object, size, &section->handle, &section->size);
}
inline NTSTATUS delete_section(const Port& port, const PortSection& section) {
    return api().NtAlpcDeletePortSection(port.get(), ULONG{0}, section.handle);
}
inline NTSTATUS create_view(const Port& port, const PortSection& section, SIZE_T size,
                            ALPC_DATA_VIEW_ATTR* view) {
    *view = {};
    view->SectionHandle = section.handle;
    view->ViewSize = size;
    return api().NtAlpcCreateSectionView(port.get(), ULONG{0}, view);
}
inline NTSTATUS delete_view(const Port& port, PVOID base) {
    return api().NtAlpcDeleteSectionView(port.get(), ULONG{0}, base);
}

inline char* bytes_of(const ALPC_DATA_VIEW_ATTR& view) {
    return static_cast<char*>(view.ViewBase);
}
inline bool is_filled(const ALPC_DATA_VIEW_ATTR& view, unsigned char value) {
    const auto* bytes = static_cast<const unsigned char*>(view.ViewBase);
    for (SIZE_T i = 0; i < view.ViewSize; ++i)
        if (bytes[i] != value) return false;
    return true;
}

// A section with a view of all that was asked for, filled with a value.
struct FilledView {
    PortSection section;
    ALPC_DATA_VIEW_ATTR view{};
};
inline void fill_view(const Port& port, FilledView& made, SIZE_T size, unsigned char value, ULONG flags = 0) {
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &made.section, size, flags));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, made.section, size, &made.view));
    std::memset(made.view.ViewBase, value, made.view.ViewSize);
}

// Attributes with nothing but a view in them.
class ViewAttributes : public Attributes {
  public:
    ViewAttributes() : Attributes(ALPC_MESSAGE_VIEW_ATTRIBUTE) {}
    ViewAttributes(ALPC_DATA_VIEW_ATTR sent, ULONG flags) : ViewAttributes() {
        sent.Flags = flags;
        view() = sent;
        set_valid(ALPC_MESSAGE_VIEW_ATTRIBUTE);
    }
    // What gives back the view that came with a message.
    static ViewAttributes releasing() { return ViewAttributes({}, ALPC_VIEWFLG_UNMAP_EXISTING); }
};

// A message with a view, or with nothing, from one port to another.
inline NTSTATUS send_view(const Port& port, const ALPC_DATA_VIEW_ATTR& view, ULONG view_flags,
                          ULONG flags = release_message) {
    Message<> message("with a view");
    ViewAttributes attributes(view, view_flags);
    return send(port, message.get(), flags, attributes.get());
}

struct ReceivedView {
    Message<> message;
    Attributes attributes{ALPC_MESSAGE_VIEW_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE};

    bool has_view() { return (attributes.valid() & ALPC_MESSAGE_VIEW_ATTRIBUTE) != 0; }
    ALPC_DATA_VIEW_ATTR& view() { return attributes.view(); }
};
inline NTSTATUS receive_view(const Port& port, ReceivedView& received) {
    return receive(port, received.message, received.attributes.get());
}

// Answers a message finally, and by that gives it back; with or without the view that came with it.
inline NTSTATUS give_back(const Port& port, ReceivedView& received, bool unmap) {
    auto answer = Message<>::answer(received.message, "");
    ViewAttributes attributes = ViewAttributes::releasing();
    return send(port, answer.get(), release_message, unmap ? attributes.get() : nullptr);
}

}  // namespace ntalpc::conformance
