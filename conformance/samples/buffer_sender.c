// SPDX-License-Identifier: LGPL-2.1-or-later
// Fills a large buffer and sends it to the receiver as a view: the memory itself moves, nothing is copied.
#include "buffer_demo.h"

static const char* const me = "sender";

// A section of the port's, and all of it as one view.
static NTSTATUS make_buffer(HANDLE port, ALPC_DATA_VIEW_ATTR* view) {
    SIZE_T actual_size;
    memset(view, 0, sizeof(*view));
    view->ViewSize = BUFFER_SIZE;
    NTSTATUS status = NtAlpcCreatePortSection(port, 0, NULL, BUFFER_SIZE, &view->SectionHandle, &actual_size);
    return status == STATUS_SUCCESS ? NtAlpcCreateSectionView(port, 0, view) : status;
}

static void fill(ULONG64* words) {
    for (SIZE_T i = 0; i < BUFFER_SIZE / sizeof(ULONG64); ++i) words[i] = i * 0x9E3779B97F4A7C15;
}

// With the flag, the sender's own view is gone when the message has been sent.
static NTSTATUS send_buffer(HANDLE port, const ALPC_DATA_VIEW_ATTR* view, struct demo_message* answer) {
    struct demo_message request;
    struct view_attributes attributes = room_for_a_view();
    SIZE_T length = sizeof(*answer);
    LARGE_INTEGER limit = seconds(60);
    memset(&request, 0, sizeof(request));
    set_text(&request, "what is the sum?");
    attributes.header.ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
    attributes.view = *view;
    attributes.view.Flags = ALPC_VIEWFLG_AUTO_RELEASE;
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &request.header, &attributes.header,
                                     &answer->header, &length, NULL, &limit);
}

int main(void) {
    HANDLE port = NULL;
    UNICODE_STRING name = buffer_port_name();
    ALPC_PORT_ATTRIBUTES limits = buffer_port_attributes();
    LARGE_INTEGER limit = seconds(60);
    ALPC_DATA_VIEW_ATTR view;
    struct demo_message answer;
    char expected[40];
    NTSTATUS status = NtAlpcConnectPort(&port, &name, NULL, &limits, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL, NULL,
                                        NULL, NULL, &limit);
    if (status != STATUS_SUCCESS) return failed(me, "cannot connect", status);
    status = make_buffer(port, &view);
    if (status != STATUS_SUCCESS) return failed(me, "cannot make the buffer", status);
    fill(view.ViewBase);
    snprintf(expected, sizeof(expected), "%016llx", (unsigned long long)sum_of(view.ViewBase, BUFFER_SIZE));
    say(me, "sending %lu MiB", (unsigned long)(BUFFER_SIZE >> 20));
    status = send_buffer(port, &view, &answer);
    if (status == STATUS_SUCCESS) status = NtAlpcDeletePortSection(port, 0, view.SectionHandle);
    if (status != STATUS_SUCCESS) return failed(me, "cannot send it", status);
    say(me, "the receiver found the sum %.*s", text_length(&answer), answer.data);
    if ((size_t)text_length(&answer) != strlen(expected) || memcmp(answer.data, expected, strlen(expected))) {
        say(me, "expected %s", expected);
        return 1;
    }
    NtClose(port);
    say(me, "done");
    return 0;
}
