// SPDX-License-Identifier: LGPL-2.1-or-later
// A Windows program that passes and takes files on command, one line for each; the answer is the status, the
// message type and perhaps a text. The test holds the strings.
//
//   create NAME        connect NAME        accept              receive PORT MS
//   write TEXT         pass PORT           take                read
//   release            serve N             cycles N            handles
//   place PORT         steal PROCESS HANDLE
//   keeper             kill_keeper         exit N
//
// write makes the file that pass sends and forgets; take makes a handle of what came with the last message
// and read tells what is in it. place tells where
// a port's handle is, and steal takes one out of another process. cycles asks N times, with the file in each
// request, what serve answers.
#include "conformance/samples/demo.h"

#include <stdlib.h>
#include <winternl.h>

static HANDLE listener, server, client, file, taken;
static struct demo_message message;  // the last one received
static char text[200];               // what the answer says besides

static LARGE_INTEGER* limit(const char* milliseconds) {
    static LARGE_INTEGER time;
    time.QuadPart = -10000LL * atoi(milliseconds);
    return time.QuadPart > 0 ? NULL : &time;
}

static HANDLE* port(const char* name) {
    return !strcmp(name, "listener") ? &listener : !strcmp(name, "server") ? &server : &client;
}

static UNICODE_STRING path(const char* name) {
    static WCHAR characters[200];
    UNICODE_STRING string;
    string.Length = (USHORT)(swprintf(characters, 200, L"\\RPC Control\\%hs", name) * (int)sizeof(WCHAR));
    string.MaximumLength = sizeof(characters);
    string.Buffer = characters;
    return string;
}

static ALPC_PORT_ATTRIBUTES letting_handles_in(void) {
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    attributes.Flags = ALPC_PORFLG_ALLOW_DUP_OBJECT | ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE;
    attributes.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_ALL;
    return attributes;
}

static NTSTATUS create(const char* name) {
    UNICODE_STRING string = path(name);
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = letting_handles_in();
    InitializeObjectAttributes(&attributes, &string, 0, NULL, NULL);
    return NtAlpcCreatePort(&listener, &attributes, &port_attributes);
}

static NTSTATUS connect_to(const char* name) {
    UNICODE_STRING string = path(name);
    ALPC_PORT_ATTRIBUTES attributes = letting_handles_in();
    LARGE_INTEGER time = seconds(30);
    return NtAlpcConnectPort(&client, &string, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL, NULL,
                             NULL, NULL, &time);
}

static NTSTATUS accept_client(void) {
    ALPC_PORT_ATTRIBUTES attributes = letting_handles_in();
    set_text(&message, "");
    return NtAlpcAcceptConnectPort(&server, listener, 0, NULL, &attributes, NULL, &message.header, NULL,
                                   TRUE);
}

static NTSTATUS receive(HANDLE from, const char* milliseconds) {
    SIZE_T length = sizeof(message);
    return NtAlpcSendWaitReceivePort(from, 0, NULL, NULL, &message.header, &length, NULL,
                                     limit(milliseconds));
}

static NTSTATUS write_file(const char* content) {
    char directory[MAX_PATH], name[MAX_PATH];
    DWORD written;
    GetTempPathA(MAX_PATH, directory);
    GetTempFileNameA(directory, "e2e", 0, name);
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE | DELETE, 7, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    return WriteFile(file, content, (DWORD)strlen(content), &written, NULL) ? STATUS_SUCCESS
                                                                            : STATUS_UNSUCCESSFUL;
}

// A handle attribute alone in its buffer.
struct handle_attributes {
    ALPC_MESSAGE_ATTRIBUTES header;
    ALPC_HANDLE_ATTR handle;
};

static struct handle_attributes carrying(HANDLE handle) {
    struct handle_attributes attributes = {{ALPC_MESSAGE_HANDLE_ATTRIBUTE, ALPC_MESSAGE_HANDLE_ATTRIBUTE},
                                           {0}};
    attributes.handle.Flags = ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS;
    attributes.handle.Handle = handle;
    return attributes;
}

static NTSTATUS pass(HANDLE to) {
    struct demo_message sent;
    struct handle_attributes attributes = carrying(file);
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, "a file");
    const NTSTATUS status = NtAlpcSendWaitReceivePort(to, ALPC_MSGFLG_RELEASE_MESSAGE, &sent.header,
                                                      &attributes.header, NULL, NULL, NULL, NULL);
    CloseHandle(file);
    return status;
}

static NTSTATUS take(HANDLE from) {
    ALPC_MESSAGE_HANDLE_INFORMATION information = {0};
    const NTSTATUS status = NtAlpcQueryInformationMessage(from, &message.header, AlpcMessageHandleInformation,
                                                          &information, sizeof(information), NULL);
    taken = (HANDLE)(ULONG_PTR)information.Handle;
    return status;
}

static NTSTATUS read_file(void) {
    DWORD size = 0;
    SetFilePointer(taken, 0, NULL, FILE_BEGIN);
    if (!ReadFile(taken, text, sizeof(text) - 1, &size, NULL)) return STATUS_UNSUCCESSFUL;
    text[size] = 0;
    return CloseHandle(taken) ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static NTSTATUS answer(void) {
    struct demo_message sent;
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, "");
    sent.header.MessageId = message.header.MessageId;
    return NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, &sent.header, NULL, NULL, NULL,
                                     NULL, NULL);
}

static NTSTATUS serve(int count) {
    NTSTATUS status = STATUS_SUCCESS;
    while (count-- && status == STATUS_SUCCESS) {
        status = receive(listener, "-1");
        if (status == STATUS_SUCCESS) status = take(listener);
        if (status == STATUS_SUCCESS) status = NtClose(taken);
        if (status == STATUS_SUCCESS) status = answer();
    }
    return status;
}

static NTSTATUS ask_over_and_over(int count) {
    NTSTATUS status = STATUS_SUCCESS;
    while (count-- && status == STATUS_SUCCESS) {
        struct demo_message question, reply;
        struct handle_attributes attributes = carrying(file);
        SIZE_T length = sizeof(reply);
        memset(&question, 0, sizeof(question));
        set_text(&question, "?");
        status = NtAlpcSendWaitReceivePort(client, ALPC_MSGFLG_SYNC_REQUEST, &question.header,
                                           &attributes.header, &reply.header, &length, NULL, NULL);
    }
    return status;
}

// The keeper, as the system lists it: its process id and how many handles it has.
static int find_keeper(DWORD* id, ULONG* handles) {
    static char list[1 << 20];
    if (NtQuerySystemInformation(SystemProcessInformation, list, sizeof(list), NULL) != 0) return 0;
    for (char* at = list;; at += ((SYSTEM_PROCESS_INFORMATION*)at)->NextEntryOffset) {
        const SYSTEM_PROCESS_INFORMATION* const entry = (SYSTEM_PROCESS_INFORMATION*)at;
        // winternl.h has the image name as reserved fields.
        const UNICODE_STRING* const name = (const UNICODE_STRING*)(at + 0x38);
        *id = (DWORD)(ULONG_PTR)entry->UniqueProcessId;
        *handles = entry->HandleCount;
        if (name->Buffer && wcsstr(name->Buffer, L"ntalpc_keeper.exe")) return 1;
        if (entry->NextEntryOffset == 0) return 0;
    }
}

static NTSTATUS tell_of_keeper(int kill) {
    DWORD id;
    ULONG handles;
    if (!find_keeper(&id, &handles)) return STATUS_NOT_FOUND;
    sprintf(text, "%lu", handles);
    if (!kill) return STATUS_SUCCESS;
    const HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, id);
    const int ended = TerminateProcess(process, 9) && WaitForSingleObject(process, 10000) == WAIT_OBJECT_0;
    CloseHandle(process);
    return ended ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static NTSTATUS count_handles(void) {
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    sprintf(text, "%lu", count);
    return STATUS_SUCCESS;
}

static NTSTATUS tell_place(HANDLE handle) {
    sprintf(text, "%lu %p", GetCurrentProcessId(), handle);
    return STATUS_SUCCESS;
}

static NTSTATUS steal(DWORD id, const char* number) {
    const HANDLE process = OpenProcess(PROCESS_DUP_HANDLE, FALSE, id),
                 from = (HANDLE)strtoull(number, NULL, 16);
    HANDLE stolen = NULL;
    const BOOL done = DuplicateHandle(process, from, GetCurrentProcess(), &stolen, 0, FALSE,
                                      DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
    CloseHandle(process);
    return done ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static NTSTATUS run(int count, char** words) {
    const char* const verb = words[0];
    const char* const word = count > 1 ? words[1] : "";
    if (!strcmp(verb, "create")) return create(word);
    if (!strcmp(verb, "connect")) return connect_to(word);
    if (!strcmp(verb, "accept")) return accept_client();
    if (!strcmp(verb, "receive") && count == 3) return receive(*port(word), words[2]);
    if (!strcmp(verb, "write")) return write_file(word);
    if (!strcmp(verb, "pass")) return pass(*port(word));
    if (!strcmp(verb, "take")) return take(listener);
    if (!strcmp(verb, "read")) return read_file();
    if (!strcmp(verb, "release")) return answer();
    if (!strcmp(verb, "serve")) return serve(atoi(word));
    if (!strcmp(verb, "cycles")) return ask_over_and_over(atoi(word));
    if (!strcmp(verb, "handles")) return count_handles();
    if (!strcmp(verb, "place")) return tell_place(*port(word));
    if (!strcmp(verb, "steal") && count == 3) return steal((DWORD)atoi(word), words[2]);
    if (!strcmp(verb, "keeper")) return tell_of_keeper(0);
    if (!strcmp(verb, "kill_keeper")) return tell_of_keeper(1);
    if (!strcmp(verb, "exit")) exit(atoi(word));
    return STATUS_NOT_IMPLEMENTED;
}

int main(void) {
    char line[300];
    printf("ready %lu\n", GetCurrentProcessId());
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        char* words[5];
        int count = 0;
        for (char* word = strtok(line, " \r\n"); word && count < 5; word = strtok(NULL, " \r\n"))
            words[count++] = word;
        if (count == 0) continue;
        text[0] = 0;
        const NTSTATUS status = run(count, words);
        printf("%08lx %d 0 %s\n", (unsigned long)(ULONG)status, message.header.u2.s2.Type & 0xFF, text);
        fflush(stdout);
    }
    return 0;
}
