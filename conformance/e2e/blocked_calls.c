// SPDX-License-Identifier: LGPL-2.1-or-later
// A program, for Linux and for Windows, that has a thread blocked in every call that can block. When all are about to
// be, it prints "ready"; each that ends prints its name and status. When all but the one that waits for an event
// pair have ended, that is set, and a port is created, by which one sees that there is a server again.
#include "conformance/samples/demo.h"

#include <stdlib.h>

#ifdef _WIN32
typedef HANDLE thread_handle;
#define THREAD_RESULT DWORD WINAPI
#else
#include <pthread.h>
typedef pthread_t thread_handle;
#define THREAD_RESULT void*
#endif

static HANDLE receiver, asked, client, deaf, waitable, listed, lpc_receiver, lpc_asked, lpc_client, lpc_deaf;
static HANDLE event_pair, processed;
static char list[0x10000] NTALPC_ALIGNED(128);

static void need(const char* what, NTSTATUS status) {
    if (status == STATUS_SUCCESS) return;
    say("blocked", "%s: %08lx", what, (unsigned long)(ULONG)status);
    exit(1);
}

static UNICODE_STRING* path(const char* name) {
    UNICODE_STRING* string = calloc(1, sizeof(*string));
    char text[100];
    const int length = snprintf(text, sizeof(text), "\\RPC Control\\%s", name);
    string->Buffer = calloc((size_t)length + 1, sizeof(WCHAR));
    for (int i = 0; i < length; ++i) string->Buffer[i] = (WCHAR)text[i];
    string->Length = string->MaximumLength = (USHORT)((size_t)length * sizeof(WCHAR));
    return string;
}

static ALPC_PORT_ATTRIBUTES* attributes(void) {
    static ALPC_PORT_ATTRIBUTES all;
    all = demo_port_attributes();
    all.Flags = ALPC_PORFLG_WAITABLE_PORT;
    return &all;
}

static HANDLE create(const char* name, int legacy) {
    OBJECT_ATTRIBUTES object;
    HANDLE port = NULL;
    InitializeObjectAttributes(&object, path(name), 0, NULL, NULL);
    need(name, legacy ? NtCreatePort(&port, &object, 0, 128, 0) : NtAlpcCreatePort(&port, &object, attributes()));
    return port;
}

static NTSTATUS connect_to(const char* name, HANDLE* port) {
    return NtAlpcConnectPort(port, path(name), NULL, attributes(), ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL, NULL, NULL,
                             NULL, NULL);
}

static NTSTATUS connect_in_the_old_way(const char* name, HANDLE* port) {
    SECURITY_QUALITY_OF_SERVICE quality;
    memset(&quality, 0, sizeof(quality));
    quality.Length = sizeof(quality);
    quality.ImpersonationLevel = SecurityImpersonation;
    return NtConnectPort(port, path(name), &quality, NULL, NULL, NULL, NULL, NULL);
}

// ---- What blocks ----

static NTSTATUS receive_from(HANDLE port) {
    struct demo_message message;
    SIZE_T room = sizeof(message);
    return NtAlpcSendWaitReceivePort(port, 0, NULL, NULL, &message.header, &room, NULL, NULL);
}

static NTSTATUS in_receive(void) {
    return receive_from(receiver);
}

static NTSTATUS in_request(void) {
    struct demo_message question, answer;
    SIZE_T room = sizeof(answer);
    memset(&question, 0, sizeof(question));
    set_text(&question, "anybody?");
    return NtAlpcSendWaitReceivePort(client, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL, &answer.header, &room,
                                     NULL, NULL);
}

static NTSTATUS in_connect(void) {
    HANDLE port;
    return connect_to("deaf", &port);
}

// The wait tells that there is news; a receive says what.
static NTSTATUS in_wait(void) {
#ifdef _WIN32
    if (WaitForSingleObject(waitable, INFINITE) != WAIT_OBJECT_0) return STATUS_UNSUCCESSFUL;
#else
    if (NtWaitForSingleObject(waitable, FALSE, NULL) != STATUS_SUCCESS) return STATUS_UNSUCCESSFUL;
#endif
    return receive_from(waitable);
}

static NTSTATUS in_completion_list(void) {
    return receive_from(listed);
}

static NTSTATUS in_references(void) {
    ULONG count = 1000;
    return NtAlpcQueryInformation(client, AlpcWaitForPortReferences, &count, sizeof(count), NULL);
}

static NTSTATUS in_lpc_receive(void) {
    struct demo_message message;
    PVOID context;
    return NtReplyWaitReceivePort(lpc_receiver, &context, NULL, &message.header);
}

static NTSTATUS in_lpc_request(void) {
    struct demo_message question, answer;
    memset(&question, 0, sizeof(question));
    set_text(&question, "anybody?");
    return NtRequestWaitReplyPort(lpc_client, &question.header, &answer.header);
}

static NTSTATUS in_lpc_connect(void) {
    HANDLE port;
    return connect_in_the_old_way("lpc-deaf", &port);
}

// A message that has been neither received nor answered ends with the server.
static NTSTATUS in_direct_message(void) {
#ifdef _WIN32
    if (WaitForSingleObject(processed, INFINITE) != WAIT_OBJECT_0) return STATUS_UNSUCCESSFUL;
#else
    if (NtWaitForSingleObject(processed, FALSE, NULL) != STATUS_SUCCESS) return STATUS_UNSUCCESSFUL;
#endif
    return receive_from(client);
}

#ifdef _WIN32
static HANDLE associated, packets, among_others;

static NTSTATUS in_wait_among_others(void) {
    HANDLE all[2] = {CreateEventW(NULL, TRUE, FALSE, NULL), among_others};
    if (WaitForMultipleObjects(2, all, FALSE, INFINITE) != WAIT_OBJECT_0 + 1) return STATUS_UNSUCCESSFUL;
    return receive_from(among_others);
}

static NTSTATUS in_completion_port(void) {
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED* overlapped;
    if (!GetQueuedCompletionStatus(packets, &bytes, &key, &overlapped, INFINITE) || key != 77)
        return STATUS_UNSUCCESSFUL;
    return receive_from(associated);
}

static void prepare_for_windows(void) {
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted;
    among_others = create("among-others", 0);
    associated = create("associated", 0);
    packets = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    wanted.CompletionKey = (PVOID)77;
    wanted.CompletionPort = packets;
    need("associate", NtAlpcSetInformation(associated, AlpcAssociateCompletionPortInformation, &wanted, sizeof(wanted)));
}
#else
#include <poll.h>

static HANDLE polled;
static int event;

static NTSTATUS in_poll(void) {
    struct pollfd entry = {event, POLLIN, 0};
    if (poll(&entry, 1, -1) != 1) return STATUS_UNSUCCESSFUL;
    return receive_from(polled);
}
#endif

static const struct blocked {
    const char* name;
    NTSTATUS (*call)(void);
} all_calls[] = {
    {"receive", in_receive},
    {"request", in_request},
    {"connect", in_connect},
    {"wait", in_wait},
    {"completion-list", in_completion_list},
    {"references", in_references},
    {"lpc-receive", in_lpc_receive},
    {"lpc-request", in_lpc_request},
    {"lpc-connect", in_lpc_connect},
    {"direct-message", in_direct_message},
#ifdef _WIN32
    {"wait-among-others", in_wait_among_others},
    {"completion-port", in_completion_port},
#else
    {"poll", in_poll},
#endif
};
#define CALLS (sizeof(all_calls) / sizeof(all_calls[0]))

static THREAD_RESULT run_blocked(void* argument) {
    const struct blocked* blocked = argument;
    const NTSTATUS status = blocked->call();
    printf("%s %08lx\n", blocked->name, (unsigned long)(ULONG)status);
    fflush(stdout);
    return 0;
}

static THREAD_RESULT run_in_event_pair(void* unused) {
    (void)unused;
    printf("event-pair %08lx\n", (unsigned long)(ULONG)NtWaitLowEventPair(event_pair));
    fflush(stdout);
    return 0;
}

static thread_handle start(THREAD_RESULT (*function)(void*), const void* argument) {
    thread_handle thread;
#ifdef _WIN32
    thread = CreateThread(NULL, 0, function, (void*)(ULONG_PTR)argument, 0, NULL);
#else
    pthread_create(&thread, NULL, function, (void*)(uintptr_t)argument);
#endif
    return thread;
}

static void join(thread_handle thread) {
#ifdef _WIN32
    WaitForSingleObject(thread, INFINITE);
#else
    pthread_join(thread, NULL);
#endif
}

// ---- What has to be there ----

static THREAD_RESULT run_connect(void* unused) {
    (void)unused;
    need("connect", connect_to("asked", &client));
    return 0;
}

static THREAD_RESULT run_lpc_connect(void* unused) {
    (void)unused;
    need("connect in the old way", connect_in_the_old_way("lpc-asked", &lpc_client));
    return 0;
}

static void prepare_connections(void) {
    struct demo_message message;
    SIZE_T room = sizeof(message);
    HANDLE port;
    PVOID context;
    thread_handle thread = start(run_connect, NULL);
    need("receive", NtAlpcSendWaitReceivePort(asked, 0, NULL, NULL, &message.header, &room, NULL, NULL));
    need("accept", NtAlpcAcceptConnectPort(&port, asked, 0, NULL, attributes(), NULL, &message.header, NULL, 1));
    join(thread);
    thread = start(run_lpc_connect, NULL);
    need("receive in the old way", NtReplyWaitReceivePort(lpc_asked, &context, NULL, &message.header));
    need("accept in the old way", NtAcceptConnectPort(&port, NULL, &message.header, 1, NULL, NULL));
    need("complete", NtCompleteConnectPort(port));
    join(thread);
}

static void send_direct_message(void) {
    char buffer[64] NTALPC_ALIGNED(8);
    ALPC_MESSAGE_ATTRIBUTES* with = (ALPC_MESSAGE_ATTRIBUTES*)buffer;
    struct demo_message message;
    SIZE_T needed;
    memset(&message, 0, sizeof(message));
    set_text(&message, "directly");
    AlpcInitializeMessageAttribute(ALPC_MESSAGE_DIRECT_ATTRIBUTE, with, sizeof(buffer), &needed);
    with->ValidAttributes = ALPC_MESSAGE_DIRECT_ATTRIBUTE;
    ((ALPC_DIRECT_ATTR*)AlpcGetMessageAttribute(with, ALPC_MESSAGE_DIRECT_ATTRIBUTE))->EventHandle = processed;
    need("send directly", NtAlpcSendWaitReceivePort(client, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, with, NULL, NULL,
                                                    NULL, NULL));
}

static void prepare(void) {
    receiver = create("receiver", 0);
    asked = create("asked", 0);
    deaf = create("deaf", 0);
    waitable = create("waitable", 0);
    listed = create("listed", 0);
    lpc_receiver = create("lpc-receiver", 1);
    lpc_asked = create("lpc-asked", 1);
    lpc_deaf = create("lpc-deaf", 1);
    prepare_connections();
    need("register a list", AlpcRegisterCompletionList(listed, (ALPC_COMPLETION_LIST_HEADER*)list, sizeof(list), 1, 0));
    need("create an event pair", NtCreateEventPair(&event_pair, SYNCHRONIZE, NULL));
    // Used once, so that it is known.
    need("set a high event", NtSetHighEventPair(event_pair));
#ifdef _WIN32
    processed = CreateEventW(NULL, TRUE, FALSE, NULL);
    prepare_for_windows();
#else
    need("create an event", NtCreateEvent(&processed, 0x1F0003, NULL, NotificationEvent, 0));
    polled = create("polled", 0);
    need("open an event", NtalpcOpenPortEvent(polled, &event));
#endif
    send_direct_message();
}

int main(void) {
    thread_handle threads[CALLS], last;
    prepare();
    for (size_t i = 0; i < CALLS; ++i) threads[i] = start(run_blocked, &all_calls[i]);
    last = start(run_in_event_pair, NULL);
    printf("ready %d\n", (int)CALLS);
    fflush(stdout);
    for (size_t i = 0; i < CALLS; ++i) join(threads[i]);
    printf("set %08lx\n", (unsigned long)(ULONG)NtSetLowEventPair(event_pair));
    join(last);
    create("fresh", 0);
    printf("over\n");
    fflush(stdout);
    return 0;
}
