// SPDX-License-Identifier: LGPL-2.1-or-later
// What lpc_server and lpc_client agree on. The client puts a long text into the memory that it shares with
// the server and sends a short note about it. Before the server changes the text it calls back: the client
// confirms the checksum. The reply says how many bytes were changed.
#ifndef NTALPC_SAMPLES_LPC_DEMO_H
#define NTALPC_SAMPLES_LPC_DEMO_H

#include "demo.h"

#define LPC_DEMO_VIEW_SIZE 0x10000

enum { NOTE_CHANGE = 1, NOTE_CONFIRM = 2 };

struct note {
    PORT_MESSAGE header;
    ULONG command;
    ULONG offset;  // of the text in the client's view
    ULONG length;
    ULONG checksum;
};

static inline UNICODE_STRING lpc_demo_port_name(void) {
    static WCHAR text[] = L"\\RPC Control\\ntalpc-lpc-demo";
    UNICODE_STRING name;
    name.Length = sizeof(text) - sizeof(text[0]);
    name.MaximumLength = sizeof(text);
    name.Buffer = text;
    return name;
}

static inline void set_note_lengths(struct note* note) {
    note->header.u1.s1.DataLength = sizeof(*note) - sizeof(note->header);
    note->header.u1.s1.TotalLength = sizeof(*note);
}

static inline ULONG checksum_of(const char* text, ULONG length) {
    ULONG sum = 1;
    for (ULONG i = 0; i < length; ++i) sum = sum * 31 + (unsigned char)text[i];
    return sum;
}

static inline int fail(const char* who, const char* what, NTSTATUS status) {
    say(who, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

#endif
