// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects to the demo port and then waits for a message that never comes.
#include "conformance/samples/demo.h"

int main(void) {
    static const char* const me = "patient client";
    HANDLE port = NULL;
    UNICODE_STRING name = demo_port_name();
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    LARGE_INTEGER limit = seconds(30);
    struct demo_message message;
    SIZE_T length = sizeof(message);
    NTSTATUS status = NtAlpcConnectPort(&port, &name, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL,
                                        NULL, NULL, NULL, &limit);
    if (status != STATUS_SUCCESS) {
        say(me, "cannot connect: status %08lx", (unsigned long)(ULONG)status);
        return 1;
    }
    say(me, "connected");
    status = NtAlpcSendWaitReceivePort(port, 0, NULL, NULL, &message.header, &length, NULL, NULL);
    say(me, "the wait ended: status %08lx", (unsigned long)(ULONG)status);
    return 1;
}
