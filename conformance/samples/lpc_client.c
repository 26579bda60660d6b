// SPDX-License-Identifier: LGPL-2.1-or-later
// An LPC client: shares memory with the server, sends texts far longer than a message through it, and answers
// the server's callback inside each request. Its exit status is 0 if every text came back as it should.
#include "lpc_demo.h"

#define ROUNDS 3
#define TEXT_OFFSET 0x100
#define TEXT_LENGTH 40000

static const char* const me = "client";

static NTSTATUS connect_to_server(HANDLE* port, PORT_VIEW* view) {
    UNICODE_STRING name = lpc_demo_port_name();
    SECURITY_QUALITY_OF_SERVICE quality = {sizeof(quality), SecurityIdentification, SECURITY_DYNAMIC_TRACKING,
                                           TRUE};
    memset(view, 0, sizeof(*view));
    view->Length = sizeof(*view);
    view->ViewSize = LPC_DEMO_VIEW_SIZE;
    view->SectionHandle =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, LPC_DEMO_VIEW_SIZE, NULL);
    if (!view->SectionHandle) return STATUS_NO_MEMORY;
    const NTSTATUS status = NtConnectPort(port, &name, &quality, view, NULL, NULL, NULL, NULL);
    // The view stays when the handle goes.
    CloseHandle(view->SectionHandle);
    return status;
}

static char letter(ULONG round, ULONG i) {
    return (char)('a' + (i * 7 + round) % 26);
}

// Answers callbacks until the reply arrives in `note`.
static NTSTATUS ask(HANDLE port, struct note* note, const char* text, int* callbacks) {
    NTSTATUS status = NtRequestWaitReplyPort(port, &note->header, &note->header);
    while (status == STATUS_SUCCESS && note->header.u2.s2.Type == LPC_REQUEST) {
        ++*callbacks;
        note->checksum = checksum_of(text, note->length);
        set_note_lengths(note);
        status = NtReplyWaitReplyPort(port, &note->header);
    }
    return status;
}

static int change_a_text(HANDLE port, char* text, ULONG round) {
    struct note note;
    int callbacks = 0;
    for (ULONG i = 0; i < TEXT_LENGTH; ++i) text[i] = letter(round, i);
    memset(&note, 0, sizeof(note));
    set_note_lengths(&note);
    note.command = NOTE_CHANGE;
    note.offset = TEXT_OFFSET;
    note.length = TEXT_LENGTH;
    const NTSTATUS status = ask(port, &note, text, &callbacks);
    if (status != STATUS_SUCCESS) return fail(me, "the request failed", status);
    if (note.length != TEXT_LENGTH || callbacks != 1) {
        say(me, "%lu bytes changed after %d callbacks", (unsigned long)note.length, callbacks);
        return 1;
    }
    for (ULONG i = 0; i < TEXT_LENGTH; ++i) {
        if (text[i] == letter(round, i) - 'a' + 'A') continue;
        say(me, "byte %lu was not changed", (unsigned long)i);
        return 1;
    }
    say(me, "%lu bytes changed after a callback", (unsigned long)note.length);
    return 0;
}

int main(void) {
    HANDLE port = NULL;
    PORT_VIEW view;
    NTSTATUS status = connect_to_server(&port, &view);
    if (status != STATUS_SUCCESS) return fail(me, "cannot connect", status);
    for (ULONG round = 0; round < ROUNDS; ++round)
        if (change_a_text(port, (char*)view.ViewBase + TEXT_OFFSET, round)) return 1;
    status = NtClose(port);
    if (status != STATUS_SUCCESS) return fail(me, "cannot close the port", status);
    say(me, "done");
    return 0;
}
