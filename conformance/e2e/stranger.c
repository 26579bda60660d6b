// SPDX-License-Identifier: LGPL-2.1-or-later
// A program as somebody writes it who knows LPC from books and has never heard of this project: its own
// declarations, the calls looked up in ntdll, one server with a pool of threads and worker processes with
// several threads each, views on both sides, callbacks, data read and written in the client's memory,
// impersonation, notices of dead threads and closed ports.
//
// The service counts words. A worker's thread puts a text into its view and asks; in the course of the
// request the server asks back which letter separates words, takes the text's title from the worker's memory,
// writes a capital letter into it, and puts the words' lengths into its own view.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PROCESSES 3
#define THREADS 4
#define ROUNDS 25
#define VIEW_SIZE 0x20000
#define SERVER_THREADS 3
#define PATIENCE 10000
#define PORT_NAME L"\\RPC Control\\word counting service"

typedef LONG STATUS;

typedef struct {
    USHORT Length, MaximumLength;
    PWSTR Buffer;
} USTRING;

typedef struct {
    ULONG Length;
    HANDLE RootDirectory;
    USTRING* ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor, SecurityQualityOfService;
} OBJATTR;

typedef struct {
    SHORT DataLength, TotalLength, Type, DataInfoOffset;
    HANDLE ProcessId, ThreadId;
    ULONG MessageId;
    ULONG_PTR ClientViewSize;
} HEADER;

typedef struct {
    ULONG Length;
    HANDLE SectionHandle;
    ULONG SectionOffset;
    SIZE_T ViewSize;
    PVOID ViewBase, ViewRemoteBase;
} VIEW;

typedef struct {
    ULONG Length;
    SIZE_T ViewSize;
    PVOID ViewBase;
} REMOTEVIEW;

enum { T_REQUEST = 1, T_REPLY = 2, T_DATAGRAM = 3, T_CLOSED = 5, T_DIED = 6, T_CONNECT = 10 };
enum { ASK_COUNT = 1, ASK_SEPARATOR = 2, TELL_GOODBYE = 3 };

typedef struct {
    HEADER h;
    ULONG what;
    ULONG length;     // of the text in the view
    ULONG separator;  // answer to the callback
    ULONG words;      // answer
    struct {
        ULONG Count;
        struct {
            PVOID Base;
            ULONG Size;
        } Entry[1];
    } info;
} MESSAGE;

typedef struct {
    VIEW ours;
    REMOTEVIEW theirs;
    HANDLE port;
} SESSION;

#define CALLS(X)                                                                                    \
    X(NtCreatePort, (HANDLE*, OBJATTR*, ULONG, ULONG, ULONG))                                       \
    X(NtConnectPort,                                                                                \
      (HANDLE*, USTRING*, SECURITY_QUALITY_OF_SERVICE*, VIEW*, REMOTEVIEW*, ULONG*, PVOID, ULONG*)) \
    X(NtAcceptConnectPort, (HANDLE*, PVOID, HEADER*, BOOLEAN, VIEW*, REMOTEVIEW*))                  \
    X(NtCompleteConnectPort, (HANDLE))                                                              \
    X(NtReplyWaitReceivePort, (HANDLE, PVOID*, HEADER*, HEADER*))                                   \
    X(NtRequestWaitReplyPort, (HANDLE, HEADER*, HEADER*))                                           \
    X(NtReplyWaitReplyPort, (HANDLE, HEADER*))                                                      \
    X(NtRequestPort, (HANDLE, HEADER*))                                                             \
    X(NtReadRequestData, (HANDLE, HEADER*, ULONG, PVOID, SIZE_T, SIZE_T*))                          \
    X(NtWriteRequestData, (HANDLE, HEADER*, ULONG, PVOID, SIZE_T, SIZE_T*))                         \
    X(NtImpersonateClientOfPort, (HANDLE, HEADER*))                                                 \
    X(NtRegisterThreadTerminatePort, (HANDLE))

#define X(name, arguments) static STATUS(NTAPI* name) arguments;
CALLS(X)
#undef X

static volatile LONG failures;

static int ok(STATUS status, const char* where) {
    if (status == 0) return 1;
    printf("%lu: %s gave %08lx\n", GetCurrentProcessId(), where, (unsigned long)(ULONG)status);
    fflush(stdout);
    InterlockedIncrement(&failures);
    return 0;
}

static void look_up_calls(void) {
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
#define X(name, arguments)                               \
    if (!(name = (void*)GetProcAddress(ntdll, #name))) { \
        puts("ntdll lacks " #name);                      \
        exit(3);                                         \
    }
    CALLS(X)
#undef X
}

static USTRING port_name(void) {
    static WCHAR text[] = PORT_NAME;
    USTRING name = {sizeof(text) - sizeof(WCHAR), sizeof(text), text};
    return name;
}

static void set_lengths(MESSAGE* message) {
    message->h.DataLength = sizeof(*message) - sizeof(HEADER);
    message->h.TotalLength = sizeof(*message);
}

static VIEW new_view(void) {
    VIEW view = {sizeof(view), 0, 0, VIEW_SIZE, 0, 0};
    view.SectionHandle = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, VIEW_SIZE, NULL);
    return view;
}

// ---- The server ----

static HANDLE listener;
static HANDLE all_closed;
static volatile LONG closed, died, goodbyes, requests, impersonations;

static void accept_worker(MESSAGE* message) {
    SESSION* session = calloc(1, sizeof(*session));
    session->ours = new_view();
    session->theirs.Length = sizeof(session->theirs);
    if (!ok(NtAcceptConnectPort(&session->port, session, &message->h, TRUE, &session->ours, &session->theirs),
            "accept"))
        return;
    CloseHandle(session->ours.SectionHandle);
    ok(NtCompleteConnectPort(session->port), "complete");
}

static void count_words(SESSION* session, MESSAGE* message) {
    MESSAGE question = *message, answer;
    char title[16] = {0};
    SIZE_T done = 0;
    HANDLE token;
    ULONG i, length = 0;
    const char* text = session->theirs.ViewBase;
    USHORT* lengths = session->ours.ViewBase;

    // Ask back within the request.
    question.what = ASK_SEPARATOR;
    question.h.Type = T_REQUEST;
    question.h.DataInfoOffset = 0;
    if (!ok(NtRequestWaitReplyPort(session->port, &question.h, &answer.h), "callback")) return;

    if (ok(NtReadRequestData(listener, &message->h, 0, title, sizeof(title), &done), "read") &&
        (done != sizeof(title) || strncmp(title, "title ", 6) != 0))
        ok(-1, "the title");
    title[0] = 'T';
    ok(NtWriteRequestData(listener, &message->h, 0, title, 1, &done), "write");

    if (ok(NtImpersonateClientOfPort(session->port, &message->h), "impersonate")) {
        if (OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) {
            CloseHandle(token);
            InterlockedIncrement(&impersonations);
        }
        RevertToSelf();
    }

    message->words = 0;
    for (i = 0; i <= message->length && i < session->theirs.ViewSize; i++) {
        if (i < message->length && (ULONG)(unsigned char)text[i] != answer.separator) {
            length++;
        } else if (length != 0) {
            lengths[message->words++] = (USHORT)length;
            length = 0;
        }
    }
    InterlockedIncrement(&requests);
}

static DWORD WINAPI serve(PVOID unused) {
    MESSAGE message, reply;
    HEADER* answer = NULL;
    SESSION* session;
    (void)unused;
    for (;;) {
        session = NULL;
        if (!ok(NtReplyWaitReceivePort(listener, (PVOID*)&session, answer, &message.h), "receive")) return 1;
        answer = NULL;
        switch (message.h.Type & 0xff) {
            case T_CONNECT:
                accept_worker(&message);
                break;
            case T_REQUEST:
                count_words(session, &message);
                reply = message;
                answer = &reply.h;
                break;
            case T_DATAGRAM:
                if (message.what == TELL_GOODBYE) InterlockedIncrement(&goodbyes);
                break;
            case T_DIED:
                InterlockedIncrement(&died);
                break;
            case T_CLOSED:
                CloseHandle(session->port);
                free(session);
                if (InterlockedIncrement(&closed) == PROCESSES * THREADS) SetEvent(all_closed);
                break;
            default:
                ok(-1, "an unexpected message");
        }
    }
}

// ---- A worker ----

static ULONG fill(char* text, ULONG words, char separator, USHORT* lengths) {
    ULONG i, used = 0;
    for (i = 0; i < words; i++) {
        lengths[i] = (USHORT)(1 + rand() % 20);
        memset(text + used, 'a' + i % 26, lengths[i]);
        used += lengths[i];
        text[used++] = separator;
    }
    return used;
}

static void ask_once(HANDLE port, VIEW* ours, REMOTEVIEW* theirs, ULONG round) {
    MESSAGE message, answer;
    USHORT lengths[2000];
    char title[16];
    const char separator = (char)(" ,;|"[round % 4]);
    const ULONG words = 1 + (ULONG)rand() % 2000;
    memset(&message, 0, sizeof(message));
    set_lengths(&message);
    message.what = ASK_COUNT;
    message.length = fill(ours->ViewBase, words, separator, lengths);
    message.h.DataInfoOffset = (SHORT)((char*)&message.info - (char*)&message);
    message.info.Count = 1;
    message.info.Entry[0].Base = title;
    message.info.Entry[0].Size = sizeof(title);
    memset(title, 0, sizeof(title));
    snprintf(title, sizeof(title), "title %lu", (unsigned long)round);
    if (!ok(NtRequestWaitReplyPort(port, &message.h, &answer.h), "request")) return;
    if ((answer.h.Type & 0xff) != T_REQUEST || answer.what != ASK_SEPARATOR) {
        ok(-1, "no callback");
        return;
    }
    answer.separator = (unsigned char)separator;
    if (!ok(NtReplyWaitReplyPort(port, &answer.h), "answer to the callback")) return;
    if ((answer.h.Type & 0xff) != T_REPLY || answer.words != words) ok(-1, "the number of words");
    if (memcmp(theirs->ViewBase, lengths, words * sizeof(USHORT)) != 0) ok(-1, "the lengths of the words");
    if (title[0] != 'T') ok(-1, "the changed title");
}

static DWORD WINAPI work(PVOID seed) {
    SECURITY_QUALITY_OF_SERVICE quality = {sizeof(quality), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING,
                                           TRUE};
    USTRING name = port_name();
    VIEW ours = new_view();
    REMOTEVIEW theirs = {sizeof(theirs), 0, 0};
    ULONG longest = 0, i;
    HANDLE port = NULL;
    MESSAGE goodbye;
    srand((unsigned)(ULONG_PTR)seed);
    if (!ok(NtConnectPort(&port, &name, &quality, &ours, &theirs, &longest, NULL, NULL), "connect")) return 1;
    CloseHandle(ours.SectionHandle);
    if (longest < sizeof(MESSAGE) || ours.ViewBase == NULL || theirs.ViewBase == NULL ||
        theirs.ViewSize < VIEW_SIZE)
        ok(-1, "what connecting told");
    ok(NtRegisterThreadTerminatePort(port), "register for the thread's end");
    for (i = 0; i < ROUNDS; i++) ask_once(port, &ours, &theirs, i);
    memset(&goodbye, 0, sizeof(goodbye));
    set_lengths(&goodbye);
    goodbye.what = TELL_GOODBYE;
    ok(NtRequestPort(port, &goodbye.h), "datagram");
    CloseHandle(port);
    return 0;
}

static int run_worker(int number) {
    HANDLE threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, work, (PVOID)(ULONG_PTR)(number * THREADS + i + 1), 0, NULL);
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    return failures != 0;
}

static HANDLE start_worker(int number) {
    char program[MAX_PATH], command[MAX_PATH + 16];
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION made;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" %d", program, number);
    if (!CreateProcessA(program, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made)) exit(4);
    CloseHandle(made.hThread);
    return made.hProcess;
}

int main(int argc, char** argv) {
    HANDLE workers[PROCESSES];
    USTRING name = port_name();
    OBJATTR attributes = {sizeof(attributes), NULL, &name, 0x40, NULL, NULL};
    DWORD code;
    int i;
    all_closed = CreateEventA(NULL, TRUE, FALSE, NULL);
    look_up_calls();
    if (argc > 1) return run_worker(atoi(argv[1]));
    if (!ok(NtCreatePort(&listener, &attributes, 64, sizeof(MESSAGE), 0), "create")) return 1;
    for (i = 0; i < SERVER_THREADS; i++) CreateThread(NULL, 0, serve, NULL, 0, NULL);
    for (i = 0; i < PROCESSES; i++) workers[i] = start_worker(i);
    for (i = 0; i < PROCESSES; i++) {
        WaitForSingleObject(workers[i], INFINITE);
        GetExitCodeProcess(workers[i], &code);
        if (code != 0) ok(-1, "a worker");
    }
    WaitForSingleObject(all_closed, PATIENCE);
    printf(
        "%ld requests, %ld impersonations, %ld goodbyes, %ld dead threads, %ld closed ports, %ld failures\n",
        requests, impersonations, goodbyes, died, closed, failures);
    return failures != 0;
}
