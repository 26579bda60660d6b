// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two programs of the hand-over sample share: a port that lets handles in, and a handle attribute.
#ifndef NTALPC_SAMPLES_HANDOVER_H
#define NTALPC_SAMPLES_HANDOVER_H

#include "demo.h"

static inline ALPC_PORT_ATTRIBUTES handover_port_attributes(void) {
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    attributes.Flags = ALPC_PORFLG_ALLOW_DUP_OBJECT;
    attributes.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_FILE;
    return attributes;
}

static inline UNICODE_STRING handover_port_name(void) {
    static WCHAR text[] = L"\\RPC Control\\ntalpc-handover";
    UNICODE_STRING name;
    name.Length = sizeof(text) - sizeof(text[0]);
    name.MaximumLength = sizeof(text);
    name.Buffer = text;
    return name;
}

// An attribute buffer in which only the handle attribute is allocated.
struct handle_attribute {
    ALPC_MESSAGE_ATTRIBUTES header;
    ALPC_HANDLE_ATTR handle;
};

static inline struct handle_attribute room_for_a_handle(void) {
    struct handle_attribute attribute;
    memset(&attribute, 0, sizeof(attribute));
    attribute.header.AllocatedAttributes = ALPC_MESSAGE_HANDLE_ATTRIBUTE;
    return attribute;
}

#endif
