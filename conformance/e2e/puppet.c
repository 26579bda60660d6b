// SPDX-License-Identifier: LGPL-2.1-or-later
// A Windows program that makes one call for each line it reads, and prints one line about the outcome. It
// looks the calls up with GetProcAddress, as programs do that also run where the calls are missing. The test
// holds the strings.
//
//   create NAME                  connect NAME sync|async MS      accept     refuse
//   receive PORT MS              request TEXT MS                 datagram PORT TEXT
//   reply TEXT                   close PORT                      exit N
//   share PORT TEXT FLAGS        sends the text in a view; FLAGS are those of the view attribute, in hexadecimal
//   look PORT MS                 receives a message with a view; the text is what the view shows
//   glance                       what the received view shows now
//   unmap PORT                   deletes the received view
//   transfer N                   N requests of the client with a new section and view each
//   serve N                      answers N requests and gives their views back
//
// PORT is listener, server or client: the last one made of its kind. MS is a limit in milliseconds, -1 for
// none.
#include "conformance/samples/demo.h"

#include <stdlib.h>

#define LOOK_UP(name) __typeof__(&name) name##_
static struct {
    LOOK_UP(NtAlpcCreatePort);
    LOOK_UP(NtAlpcConnectPort);
    LOOK_UP(NtAlpcAcceptConnectPort);
    LOOK_UP(NtAlpcSendWaitReceivePort);
    LOOK_UP(NtAlpcCreatePortSection);
    LOOK_UP(NtAlpcDeletePortSection);
    LOOK_UP(NtAlpcCreateSectionView);
    LOOK_UP(NtAlpcDeleteSectionView);
} calls;

static HANDLE listener, server, client;
static struct demo_message message;  // the last one received
static PVOID seen;                   // the view that came with it

static int look_up_calls(void) {
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
#define FIND(name) (*(FARPROC*)& calls.name##_ = GetProcAddress(ntdll, #name)) != NULL
    return FIND(NtAlpcCreatePort) && FIND(NtAlpcConnectPort) && FIND(NtAlpcAcceptConnectPort) &&
           FIND(NtAlpcSendWaitReceivePort) && FIND(NtAlpcCreatePortSection) &&
           FIND(NtAlpcDeletePortSection) && FIND(NtAlpcCreateSectionView) && FIND(NtAlpcDeleteSectionView);
}

static void tell(NTSTATUS status) {
    const int received = status == STATUS_SUCCESS;
    const int kind = received ? message.header.u2.s2.Type & 0xFF : 0;
    // The notice of the end of a client carries a number, everything else what a puppet has said.
    const int length = received && kind != LPC_PORT_CLOSED ? text_length(&message) : 0;
    printf("%08lx %d %lu %.*s\n", (unsigned long)(ULONG)status, kind,
           received ? (unsigned long)(ULONG_PTR)message.header.ClientId.UniqueProcess : 0, length,
           message.data);
    fflush(stdout);
}

static LARGE_INTEGER* limit(const char* milliseconds) {
    static LARGE_INTEGER time;
    time.QuadPart = -10000LL * atoi(milliseconds);
    return time.QuadPart > 0 ? NULL : &time;
}

static HANDLE* port(const char* name) {
    return !strcmp(name, "listener") ? &listener : !strcmp(name, "server") ? &server : &client;
}

static UNICODE_STRING path(const char* name) {
    static WCHAR text[200];
    UNICODE_STRING string;
    string.Length = (USHORT)(swprintf(text, 200, L"\\RPC Control\\%hs", name) * (int)sizeof(WCHAR));
    string.MaximumLength = sizeof(text);
    string.Buffer = text;
    return string;
}

static NTSTATUS create(const char* name) {
    UNICODE_STRING string = path(name);
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    InitializeObjectAttributes(&attributes, &string, 0, NULL, NULL);
    return calls.NtAlpcCreatePort_(&listener, &attributes, &port_attributes);
}

static NTSTATUS connect_to(const char* name, const char* mode, const char* milliseconds) {
    UNICODE_STRING string = path(name);
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    SIZE_T length = sizeof(message);
    set_text(&message, "let me in");
    message.header.MessageId = 0;
    return calls.NtAlpcConnectPort_(&client, &string, NULL, &attributes,
                                    strcmp(mode, "sync") ? 0 : ALPC_MSGFLG_SYNC_REQUEST, NULL,
                                    &message.header, &length, NULL, NULL, limit(milliseconds));
}

static NTSTATUS decide(BOOLEAN accept) {
    set_text(&message, "welcome");
    return calls.NtAlpcAcceptConnectPort_(&server, listener, 0, NULL, NULL, NULL, &message.header, NULL,
                                          accept);
}

static NTSTATUS receive(HANDLE from, const char* milliseconds) {
    SIZE_T length = sizeof(message);
    return calls.NtAlpcSendWaitReceivePort_(from, 0, NULL, NULL, &message.header, &length, NULL,
                                            limit(milliseconds));
}

static NTSTATUS request(const char* text, const char* milliseconds) {
    struct demo_message question;
    SIZE_T length = sizeof(message);
    memset(&question, 0, sizeof(question));
    set_text(&question, text);
    return calls.NtAlpcSendWaitReceivePort_(client, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL,
                                            &message.header, &length, NULL, limit(milliseconds));
}

static NTSTATUS send_text(HANDLE to, const char* text, ULONG message_id) {
    struct demo_message sent;
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, text);
    sent.header.MessageId = message_id;
    return calls.NtAlpcSendWaitReceivePort_(to, ALPC_MSGFLG_RELEASE_MESSAGE, &sent.header, NULL, NULL, NULL,
                                            NULL, NULL);
}

// Attributes with a view and nothing else.
struct view_attributes {
    ALPC_MESSAGE_ATTRIBUTES header;
    ALPC_DATA_VIEW_ATTR view;
};

#define SHARED_SIZE 0x4000

// A section with one view that begins with the text. The section is deleted again: the view is enough.
static NTSTATUS make_view(HANDLE at, const char* text, ULONG flags, struct view_attributes* made) {
    const ULONG secure = flags & ALPC_VIEWFLG_SECURED_ACCESS ? ALPC_CREATEPORTSECTIONFLG_SECURE : 0;
    SIZE_T size;
    memset(made, 0, sizeof(*made));
    made->header.AllocatedAttributes = made->header.ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
    made->view.ViewSize = SHARED_SIZE;
    NTSTATUS status =
        calls.NtAlpcCreatePortSection_(at, secure, NULL, SHARED_SIZE, &made->view.SectionHandle, &size);
    if (status == STATUS_SUCCESS) status = calls.NtAlpcCreateSectionView_(at, 0, &made->view);
    if (status != STATUS_SUCCESS) return status;
    strcpy(made->view.ViewBase, text);
    made->view.Flags = flags;
    return STATUS_SUCCESS;
}

static NTSTATUS share(HANDLE at, const char* text, ULONG flags) {
    struct view_attributes attributes;
    struct demo_message sent;
    NTSTATUS status = make_view(at, text, flags, &attributes);
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, "a view");
    if (status == STATUS_SUCCESS)
        status = calls.NtAlpcSendWaitReceivePort_(at, ALPC_MSGFLG_RELEASE_MESSAGE, &sent.header,
                                                  &attributes.header, NULL, NULL, NULL, NULL);
    if (status == STATUS_SUCCESS)
        status = calls.NtAlpcDeletePortSection_(at, 0, attributes.view.SectionHandle);
    return status;
}

static NTSTATUS glance(void) {
    set_text(&message, seen ? seen : "no view");
    return STATUS_SUCCESS;
}

static NTSTATUS look(HANDLE from, const char* milliseconds) {
    struct view_attributes attributes;
    SIZE_T length = sizeof(message);
    memset(&attributes, 0, sizeof(attributes));
    attributes.header.AllocatedAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
    const NTSTATUS status = calls.NtAlpcSendWaitReceivePort_(from, 0, NULL, NULL, &message.header, &length,
                                                             &attributes.header, limit(milliseconds));
    if (status != STATUS_SUCCESS || (message.header.u2.s2.Type & 0xFF) == LPC_PORT_CLOSED) return status;
    seen = attributes.header.ValidAttributes ? attributes.view.ViewBase : NULL;
    return glance();
}

static NTSTATUS unmap(HANDLE at) {
    const PVOID base = seen;
    seen = NULL;
    return calls.NtAlpcDeleteSectionView_(at, 0, base);
}

static NTSTATUS transfer(int count) {
    for (int i = 0; i < count; ++i) {
        struct view_attributes attributes;
        struct demo_message question;
        SIZE_T length = sizeof(message);
        const ULONG secured = i % 2 ? ALPC_VIEWFLG_SECURED_ACCESS : 0;
        NTSTATUS status = make_view(client, "x", ALPC_VIEWFLG_AUTO_RELEASE | secured, &attributes);
        memset(&question, 0, sizeof(question));
        set_text(&question, "look");
        if (status == STATUS_SUCCESS)
            status = calls.NtAlpcSendWaitReceivePort_(client, ALPC_MSGFLG_SYNC_REQUEST, &question.header,
                                                      &attributes.header, &message.header, &length, NULL,
                                                      limit("20000"));
        if (status == STATUS_SUCCESS)
            status = calls.NtAlpcDeletePortSection_(client, 0, attributes.view.SectionHandle);
        if (status != STATUS_SUCCESS) return status;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS serve(int count) {
    for (int i = 0; i < count; ++i) {
        struct view_attributes attributes;
        NTSTATUS status = look(listener, "20000");
        if (status == STATUS_SUCCESS && (!seen || strcmp(seen, "x"))) return STATUS_UNSUCCESSFUL;
        memset(&attributes, 0, sizeof(attributes));
        attributes.header.AllocatedAttributes = attributes.header.ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
        attributes.view.Flags = ALPC_VIEWFLG_UNMAP_EXISTING;
        set_text(&message, "seen");
        if (status == STATUS_SUCCESS)
            status = calls.NtAlpcSendWaitReceivePort_(listener, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header,
                                                      &attributes.header, NULL, NULL, NULL, NULL);
        seen = NULL;
        if (status != STATUS_SUCCESS) return status;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS run(int count, char** words) {
    const char* const verb = words[0];
    if (!strcmp(verb, "create") && count == 2) return create(words[1]);
    if (!strcmp(verb, "connect") && count == 4) return connect_to(words[1], words[2], words[3]);
    if (!strcmp(verb, "accept")) return decide(TRUE);
    if (!strcmp(verb, "refuse")) return decide(FALSE);
    if (!strcmp(verb, "receive") && count == 3) return receive(*port(words[1]), words[2]);
    if (!strcmp(verb, "request") && count == 3) return request(words[1], words[2]);
    if (!strcmp(verb, "datagram") && count == 3) return send_text(*port(words[1]), words[2], 0);
    if (!strcmp(verb, "reply") && count == 2) return send_text(listener, words[1], message.header.MessageId);
    if (!strcmp(verb, "share") && count == 4)
        return share(*port(words[1]), words[2], strtoul(words[3], NULL, 16));
    if (!strcmp(verb, "look") && count == 3) return look(*port(words[1]), words[2]);
    if (!strcmp(verb, "glance")) return glance();
    if (!strcmp(verb, "unmap") && count == 2) return unmap(*port(words[1]));
    if (!strcmp(verb, "transfer") && count == 2) return transfer(atoi(words[1]));
    if (!strcmp(verb, "serve") && count == 2) return serve(atoi(words[1]));
    if (!strcmp(verb, "close") && count == 2) return NtClose(*port(words[1]));
    if (!strcmp(verb, "exit") && count == 2) exit(atoi(words[1]));
    return STATUS_NOT_IMPLEMENTED;
}

int main(void) {
    char line[300];
    if (!look_up_calls()) {
        printf("the calls are missing\n");
        return 1;
    }
    printf("ready %lu\n", GetCurrentProcessId());
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        char* words[5];
        int count = 0;
        for (char* word = strtok(line, " \r\n"); word && count < 5; word = strtok(NULL, " \r\n"))
            words[count++] = word;
        if (count != 0) tell(run(count, words));
    }
    return 0;
}
