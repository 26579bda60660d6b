// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two programs share that move a large buffer without copying it.
#ifndef NTALPC_SAMPLES_BUFFER_DEMO_H
#define NTALPC_SAMPLES_BUFFER_DEMO_H

#include "demo.h"

#define BUFFER_SIZE ((SIZE_T)256 << 20)
#define BUFFER_PORT_TEXT L"\\RPC Control\\ntalpc-buffer-demo"

// Attributes of a message with room for a view and nothing else.
struct view_attributes {
    ALPC_MESSAGE_ATTRIBUTES header;
    ALPC_DATA_VIEW_ATTR view;
};

static inline struct view_attributes room_for_a_view(void) {
    struct view_attributes attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.header.AllocatedAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
    return attributes;
}

static inline UNICODE_STRING buffer_port_name(void) {
    static WCHAR text[] = BUFFER_PORT_TEXT;
    UNICODE_STRING name;
    name.Length = sizeof(text) - sizeof(text[0]);
    name.MaximumLength = sizeof(text);
    name.Buffer = text;
    return name;
}

// The limits of a port say how large its sections may be.
static inline ALPC_PORT_ATTRIBUTES buffer_port_attributes(void) {
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    attributes.MaxSectionSize = attributes.MaxViewSize = attributes.MaxTotalSectionSize = BUFFER_SIZE;
    return attributes;
}

// A sum to which every word and its place counts.
static inline ULONG64 sum_of(const ULONG64* words, SIZE_T size) {
    ULONG64 sum = 0;
    for (SIZE_T i = 0; i < size / sizeof(ULONG64); ++i) sum = sum * 31 + words[i];
    return sum;
}

static inline int failed(const char* who, const char* what, NTSTATUS status) {
    say(who, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

#endif
