// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepts one client on the demo port, takes its first request and never answers it.
#include "conformance/samples/demo.h"

static const char* const me = "silent server";

static NTSTATUS receive(HANDLE port, struct demo_message* message) {
    SIZE_T length = sizeof(*message);
    return NtAlpcSendWaitReceivePort(port, 0, NULL, NULL, &message->header, &length, NULL, NULL);
}

int main(void) {
    HANDLE listener = NULL, client = NULL;
    struct demo_message message;
    UNICODE_STRING name = demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&listener, &attributes, &port_attributes);
    if (status == STATUS_SUCCESS) {
        say(me, "ready on \\RPC Control\\ntalpc-demo");
        status = receive(listener, &message);
    }
    if (status == STATUS_SUCCESS)
        status = NtAlpcAcceptConnectPort(&client, listener, 0, NULL, NULL, NULL, &message.header, NULL, TRUE);
    if (status == STATUS_SUCCESS) status = receive(listener, &message);
    if (status == STATUS_SUCCESS) {
        say(me, "holding request \"%.*s\"", text_length(&message), message.data);
        status = receive(listener, &message);
    }
    say(me, "ended: status %08lx", (unsigned long)(ULONG)status);
    return 1;
}
