// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects to the demo port and lets a child process use the connection through three handles: one that was
// made inheritable when it was opened, a duplicate that was marked inheritable later, and one duplicated into
// the child. The parent closes all of its own before the child begins. The calls are imported.
#include "conformance/samples/demo.h"

static const char* const me = "heir";

static int ask(HANDLE port, const char* text) {
    struct demo_message question, answer;
    SIZE_T length = sizeof(answer);
    LARGE_INTEGER limit = seconds(20);
    memset(&question, 0, sizeof(question));
    set_text(&question, text);
    const NTSTATUS status = NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL,
                                                      &answer.header, &length, NULL, &limit);
    say(me, "%s: status %08lx, \"%.*s\"", text, (unsigned long)(ULONG)status,
        status == STATUS_SUCCESS ? text_length(&answer) : 0, answer.data);
    return status != STATUS_SUCCESS;
}

// The values of the handles arrive on standard input.
static int run_child(void) {
    unsigned long long inherited, marked, given;
    if (scanf("%llx %llx %llx", &inherited, &marked, &given) != 3) return 2;
    if (ask((HANDLE)(ULONG_PTR)inherited, "inherited") || ask((HANDLE)(ULONG_PTR)marked, "marked") ||
        ask((HANDLE)(ULONG_PTR)given, "given")) {
        return 1;
    }
    const NTSTATUS status = NtClose((HANDLE)(ULONG_PTR)inherited);
    return status != STATUS_SUCCESS || ask((HANDLE)(ULONG_PTR)marked, "after a close");
}

static NTSTATUS connect_inheritably(HANDLE* port) {
    UNICODE_STRING name = demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    LARGE_INTEGER limit = seconds(20);
    InitializeObjectAttributes(&attributes, NULL, OBJ_INHERIT, NULL, NULL);
    return NtAlpcConnectPort(port, &name, &attributes, &port_attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL,
                             NULL, NULL, NULL, &limit);
}

static int start_child(HANDLE input, PROCESS_INFORMATION* child) {
    char program[MAX_PATH], command[MAX_PATH + 20];
    STARTUPINFOA startup;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" child", program);
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = input;
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    return CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, child);
}

static int run_parent(void) {
    HANDLE inherited, marked, given, pipe_out, pipe_in, process = GetCurrentProcess();
    PROCESS_INFORMATION child;
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
    char line[100];
    DWORD code = 99, written;
    const NTSTATUS status = connect_inheritably(&inherited);
    if (status != STATUS_SUCCESS) {
        say(me, "cannot connect: status %08lx", (unsigned long)(ULONG)status);
        return 1;
    }
    if (!DuplicateHandle(process, inherited, process, &marked, 0, FALSE, DUPLICATE_SAME_ACCESS) ||
        !SetHandleInformation(marked, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) ||
        !CreatePipe(&pipe_out, &pipe_in, &inheritable, 0) ||
        !SetHandleInformation(pipe_in, HANDLE_FLAG_INHERIT, 0) || !start_child(pipe_out, &child) ||
        !DuplicateHandle(process, inherited, child.hProcess, &given, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
        say(me, "cannot prepare the child: error %lu", GetLastError());
        return 1;
    }
    NtClose(inherited);
    NtClose(marked);
    snprintf(line, sizeof(line), "%llx %llx %llx\n", (unsigned long long)(ULONG_PTR)inherited,
             (unsigned long long)(ULONG_PTR)marked, (unsigned long long)(ULONG_PTR)given);
    if (!WriteFile(pipe_in, line, (DWORD)strlen(line), &written, NULL)) return 1;
    WaitForSingleObject(child.hProcess, 30000);
    GetExitCodeProcess(child.hProcess, &code);
    say(me, "the child ended with %lu", code);
    return (int)code;
}

int main(int argc, char** argv) {
    return argc > 1 && !strcmp(argv[1], "child") ? run_child() : run_parent();
}
