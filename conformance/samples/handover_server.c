// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program that is handed a file by another one, reads what is in it, and writes an answer
// behind it. It never learns the name of the file.
#include "handover.h"

static const char* const me = "server";

static int fail(const char* what, NTSTATUS status) {
    say(me, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

static NTSTATUS next_message(HANDLE port, struct demo_message* message, struct handle_attribute* attribute) {
    SIZE_T length = sizeof(*message);
    LARGE_INTEGER limit = seconds(60);
    *attribute = room_for_a_handle();
    return NtAlpcSendWaitReceivePort(port, 0, NULL, NULL, &message->header, &length, &attribute->header,
                                     &limit);
}

static int answer_in(HANDLE file) {
    static const char answer[] = "The server was here.\n";
    char content[200];
    DWORD size = 0, written = 0;
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    if (!ReadFile(file, content, sizeof(content), &size, NULL)) return 0;
    say(me, "the file says \"%.*s\"", (int)size - 1, content);
    return WriteFile(file, answer, sizeof(answer) - 1, &written, NULL) && CloseHandle(file);
}

static NTSTATUS serve(HANDLE listener, HANDLE* server) {
    ALPC_PORT_ATTRIBUTES attributes = handover_port_attributes();
    struct demo_message message;
    struct handle_attribute attribute;
    NTSTATUS status = next_message(listener, &message, &attribute);
    if (status == STATUS_SUCCESS) {
        status = NtAlpcAcceptConnectPort(server, listener, 0, NULL, &attributes, NULL, &message.header, NULL,
                                         TRUE);
    }
    if (status == STATUS_SUCCESS) status = next_message(listener, &message, &attribute);
    if (status != STATUS_SUCCESS) return status;
    if (!(attribute.header.ValidAttributes & ALPC_MESSAGE_HANDLE_ATTRIBUTE)) return STATUS_INVALID_MESSAGE;
    if (!answer_in(attribute.handle.Handle)) return STATUS_UNSUCCESSFUL;
    set_text(&message, "done");
    return NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, NULL, NULL, NULL,
                                     NULL, NULL);
}

int main(void) {
    HANDLE listener = NULL, server = NULL;
    UNICODE_STRING name = handover_port_name();
    OBJECT_ATTRIBUTES object;
    ALPC_PORT_ATTRIBUTES attributes = handover_port_attributes();
    InitializeObjectAttributes(&object, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&listener, &object, &attributes);
    if (status != STATUS_SUCCESS) return fail("cannot create the port", status);
    say(me, "waiting for a client");
    status = serve(listener, &server);
    if (status != STATUS_SUCCESS) return fail("serving failed", status);
    NtClose(server);
    NtClose(listener);
    return 0;
}
