// SPDX-License-Identifier: LGPL-2.1-or-later
// Anonymous and named pipes, in byte mode and in message mode, and all that can be asked of them.
#include "plain.h"

static const char* const pipe_name = "\\\\.\\pipe\\ntalpc plain pipe";

static HANDLE make_pipe(DWORD open_mode, DWORD pipe_mode, DWORD instances) {
    const HANDLE pipe = CreateNamedPipeA(pipe_name, open_mode, pipe_mode, instances, 512, 512, 100, NULL);
    check("CreateNamedPipe", pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static HANDLE open_pipe(DWORD access, DWORD flags) {
    const HANDLE pipe = CreateFileA(pipe_name, access, 0, NULL, OPEN_EXISTING, flags, NULL);
    check("CreateFile", pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static void put(HANDLE pipe, const char* text) {
    DWORD written = 0;
    check("WriteFile", WriteFile(pipe, text, (DWORD)strlen(text), &written, NULL));
    say("    %lu bytes\n", written);
}

static void get(HANDLE pipe, DWORD length) {
    char data[100] = "";
    DWORD read = 0;
    check("ReadFile", ReadFile(pipe, data, length, &read, NULL));
    say("    %lu bytes \"%.*s\"\n", read, (int)read, data);
}

static void show_state(HANDLE pipe) {
    DWORD state = 99, instances = 99, flags = 99, out = 99, in = 99, maximum = 99;
    check("GetNamedPipeHandleState", GetNamedPipeHandleStateA(pipe, &state, &instances, NULL, NULL, NULL, 0));
    say("    state %lu, %lu instances\n", state, instances);
    check("GetNamedPipeInfo", GetNamedPipeInfo(pipe, &flags, &out, &in, &maximum));
    say("    flags %lu, buffers %lu %lu, at most %lu\n", flags, out, in, maximum);
}

static int run_echo(void) {
    char line[100];
    while (fgets(line, sizeof(line), stdin)) say("echo of %s", line);
    return 4;
}

static void anonymous_pipes(void) {
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
    HANDLE child_in, to_child, from_child, child_out;
    PROCESS_INFORMATION process;
    say("-- anonymous pipes\n");
    CreatePipe(&child_in, &to_child, &inheritable, 0);
    CreatePipe(&from_child, &child_out, &inheritable, 0);
    SetHandleInformation(to_child, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(from_child, HANDLE_FLAG_INHERIT, 0);
    if (!check("start", start_self("echo", TRUE, NULL, child_in, child_out, &process))) return;
    CloseHandle(child_in);
    CloseHandle(child_out);
    put(to_child, "one\ntwo\n");
    CloseHandle(to_child);
    say("the child ends with %lu\n", end_of(&process));
    get(from_child, 99);
    get(from_child, 99);
    CloseHandle(from_child);
}

static void byte_mode(void) {
    HANDLE server, client;
    DWORD read = 99, available = 99, left = 99, mode = PIPE_READMODE_MESSAGE;
    char data[10];
    say("-- byte mode\n");
    server = make_pipe(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT, 1);
    client = open_pipe(GENERIC_READ | GENERIC_WRITE, 0);
    check("ConnectNamedPipe", ConnectNamedPipe(server, NULL));
    put(client, "abc");
    put(client, "defg");
    check("PeekNamedPipe", PeekNamedPipe(server, data, 2, &read, &available, &left));
    say("    %lu read, %lu there, %lu left of the message\n", read, available, left);
    get(server, 5);
    get(server, 99);
    check("messages of a byte pipe", SetNamedPipeHandleState(client, &mode, NULL, NULL));
    show_state(server);
    show_state(client);
    CloseHandle(client);
    get(server, 5);
    put(server, "nobody");
    CloseHandle(server);
}

static DWORD WINAPI answer_call(void* server) {
    char data[20];
    DWORD count = 0;
    ConnectNamedPipe(server, NULL);
    ReadFile(server, data, sizeof(data), &count, NULL);
    WriteFile(server, "called", 6, &count, NULL);
    FlushFileBuffers(server);
    return 0;
}

static void message_mode(void) {
    HANDLE server, client, thread;
    DWORD mode = PIPE_READMODE_MESSAGE, nowait = PIPE_READMODE_MESSAGE | PIPE_NOWAIT, read = 0;
    char answer[20];
    say("-- message mode\n");
    server = make_pipe(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, 3);
    client = open_pipe(GENERIC_READ | GENERIC_WRITE, 0);
    put(server, "first");
    put(server, "second");
    get(client, 99);
    check("SetNamedPipeHandleState", SetNamedPipeHandleState(client, &mode, NULL, NULL));
    put(server, "first");
    put(server, "");
    put(server, "second");
    get(client, 3);
    get(client, 99);
    get(client, 99);
    get(client, 99);
    thread = CreateThread(NULL, 0, answer_call, server, 0, NULL);
    check("TransactNamedPipe", TransactNamedPipe(client, "question", 8, answer, sizeof(answer), &read, NULL));
    say("    %lu bytes \"%.*s\"\n", read, (int)read, answer);
    say("the thread: %s\n", wait_result(WaitForSingleObject(thread, PATIENCE)));
    put(server, "first");
    check("TransactNamedPipe", TransactNamedPipe(client, "question", 8, answer, sizeof(answer), &read, NULL));
    get(client, 99);
    check("do not wait", SetNamedPipeHandleState(client, &nowait, NULL, NULL));
    get(client, 99);
    show_state(client);
    check("FlushFileBuffers", FlushFileBuffers(server));
    check("DisconnectNamedPipe", DisconnectNamedPipe(server));
    get(client, 99);
    get(server, 99);
    CloseHandle(client);
    CloseHandle(server);
}

static void several_instances(void) {
    HANDLE first, second, client, other;
    say("-- instances\n");
    check("wait for no pipe", WaitNamedPipeA(pipe_name, 10));
    first = make_pipe(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 2);
    CloseHandle(make_pipe(PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 2));
    second = make_pipe(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2);
    CloseHandle(make_pipe(PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2));
    client = open_pipe(GENERIC_READ | GENERIC_WRITE, 0);
    check("wait for a free instance", WaitNamedPipeA(pipe_name, 1000));
    other = open_pipe(GENERIC_READ | GENERIC_WRITE, 0);
    CloseHandle(open_pipe(GENERIC_READ | GENERIC_WRITE, 0));
    check("wait for a busy pipe", WaitNamedPipeA(pipe_name, 50));
    put(client, "to the first");
    put(other, "to the second");
    get(first, 99);
    get(second, 99);
    CloseHandle(client);
    check("disconnect", DisconnectNamedPipe(first));
    CloseHandle(open_pipe(GENERIC_READ, 0));
    CloseHandle(first);
    CloseHandle(second);
    CloseHandle(other);
}

static void directions(void) {
    HANDLE server, client;
    say("-- directions\n");
    server = make_pipe(PIPE_ACCESS_OUTBOUND, PIPE_TYPE_BYTE, 2);
    CloseHandle(open_pipe(GENERIC_WRITE, 0));
    client = open_pipe(GENERIC_READ, 0);
    put(server, "out");
    get(client, 99);
    put(client, "in");
    get(server, 99);
    CloseHandle(client);
    CloseHandle(server);
}

static void overlapped(void) {
    HANDLE server, client;
    OVERLAPPED state;
    char data[20] = "";
    DWORD count = 99;
    say("-- overlapped\n");
    memset(&state, 0, sizeof(state));
    state.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    server = make_pipe(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1);
    check("ConnectNamedPipe", ConnectNamedPipe(server, &state));
    client = open_pipe(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    say("connected: %s\n", wait_result(WaitForSingleObject(state.hEvent, PATIENCE)));
    check("ReadFile", ReadFile(server, data, sizeof(data), NULL, &state));
    check("GetOverlappedResult", GetOverlappedResult(server, &state, &count, FALSE));
    put(client, "later");
    check("GetOverlappedResult", GetOverlappedResult(server, &state, &count, TRUE));
    say("    %lu bytes \"%.*s\"\n", count, (int)count, data);
    check("ReadFile", ReadFile(server, data, sizeof(data), NULL, &state));
    check("CancelIo", CancelIo(server));
    check("GetOverlappedResult", GetOverlappedResult(server, &state, &count, TRUE));
    CloseHandle(client);
    CloseHandle(server);
}

static int run_caller(void) {
    char answer[20] = "";
    DWORD count = 0;
    check("CallNamedPipe", CallNamedPipeA(pipe_name, "call", 4, answer, sizeof(answer), &count, 5000));
    say("    %lu bytes \"%.*s\"\n", count, (int)count, answer);
    return 6;
}

static void another_process(void) {
    PROCESS_INFORMATION process;
    HANDLE server, thread;
    say("-- another process\n");
    server = make_pipe(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    thread = CreateThread(NULL, 0, answer_call, server, 0, NULL);
    if (!check("start", start_self("caller", TRUE, NULL, NULL, NULL, &process))) return;
    say("the child ends with %lu\n", end_of(&process));
    say("the thread: %s\n", wait_result(WaitForSingleObject(thread, PATIENCE)));
}

int main(int argc, char** argv) {
    begin(argc > 1 ? argv[1] : "parent");
    if (argc > 1 && !strcmp(argv[1], "echo")) return run_echo();
    if (argc > 1 && !strcmp(argv[1], "caller")) return run_caller();
    anonymous_pipes();
    byte_mode();
    message_mode();
    several_instances();
    directions();
    overlapped();
    another_process();
    return 0;
}
