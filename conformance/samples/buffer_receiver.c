// SPDX-License-Identifier: LGPL-2.1-or-later
// Receives one large buffer as a view, answers with its sum, and gives the view back.
#include "buffer_demo.h"

static const char* const me = "receiver";

static NTSTATUS receive(HANDLE port, struct demo_message* message, struct view_attributes* attributes) {
    SIZE_T length = sizeof(*message);
    LARGE_INTEGER limit = seconds(60);
    *attributes = room_for_a_view();
    return NtAlpcSendWaitReceivePort(port, 0, NULL, NULL, &message->header, &length, &attributes->header,
                                     &limit);
}

// The reply ends the message; the flag in it unmaps the view that came with the request.
static NTSTATUS answer(HANDLE port, struct demo_message* message, const struct view_attributes* received) {
    struct view_attributes attributes = room_for_a_view();
    char text[40];
    snprintf(text, sizeof(text), "%016llx",
             (unsigned long long)sum_of(received->view.ViewBase, received->view.ViewSize));
    set_text(message, text);
    attributes.header.ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
    attributes.view.Flags = ALPC_VIEWFLG_UNMAP_EXISTING;
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_RELEASE_MESSAGE, &message->header, &attributes.header,
                                     NULL, NULL, NULL, NULL);
}

static int is_mapped(const void* address) {
    MEMORY_BASIC_INFORMATION information;
    return VirtualQuery(address, &information, sizeof(information)) && information.State != MEM_FREE;
}

int main(void) {
    HANDLE listener = NULL, server = NULL;
    UNICODE_STRING name = buffer_port_name();
    OBJECT_ATTRIBUTES object;
    ALPC_PORT_ATTRIBUTES limits = buffer_port_attributes();
    struct demo_message message;
    struct view_attributes attributes;
    InitializeObjectAttributes(&object, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&listener, &object, &limits);
    if (status != STATUS_SUCCESS) return failed(me, "cannot create the port", status);
    say(me, "ready on \\RPC Control\\ntalpc-buffer-demo");
    status = receive(listener, &message, &attributes);
    if (status == STATUS_SUCCESS)
        status = NtAlpcAcceptConnectPort(&server, listener, 0, NULL, &limits, NULL, &message.header, NULL, TRUE);
    if (status == STATUS_SUCCESS) status = receive(listener, &message, &attributes);
    if (status != STATUS_SUCCESS) return failed(me, "there is no request", status);
    if (!(attributes.header.ValidAttributes & ALPC_MESSAGE_VIEW_ATTRIBUTE)) {
        say(me, "there is no view in the request");
        return 1;
    }
    say(me, "received a view of %lu MiB", (unsigned long)(attributes.view.ViewSize >> 20));
    status = answer(listener, &message, &attributes);
    if (status != STATUS_SUCCESS) return failed(me, "cannot answer", status);
    if (is_mapped(attributes.view.ViewBase)) {
        say(me, "the view is still there");
        return 1;
    }
    NtClose(server);
    NtClose(listener);
    say(me, "done");
    return 0;
}
