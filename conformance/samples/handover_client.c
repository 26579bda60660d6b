// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program that hands an open file to another one, which may read and write it, and finds
// that one's answer in it.
#include "handover.h"

static const char* const me = "client";

static int fail(const char* what, NTSTATUS status) {
    say(me, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

// A file that is gone when its last handle is.
static HANDLE make_file(void) {
    static const char text[] = "A line from the client.\n";
    WCHAR directory[MAX_PATH], path[MAX_PATH];
    DWORD written = 0;
    GetTempPathW(MAX_PATH, directory);
    GetTempFileNameW(directory, L"han", 0, path);
    const HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL, CREATE_ALWAYS,
                                    FILE_FLAG_DELETE_ON_CLOSE, NULL);
    WriteFile(file, text, sizeof(text) - 1, &written, NULL);
    return file;
}

static NTSTATUS hand_over(HANDLE port, HANDLE file) {
    struct demo_message question, answer;
    struct handle_attribute attribute = room_for_a_handle();
    SIZE_T length = sizeof(answer);
    LARGE_INTEGER limit = seconds(60);
    memset(&question, 0, sizeof(question));
    set_text(&question, "please read this");
    attribute.header.ValidAttributes = ALPC_MESSAGE_HANDLE_ATTRIBUTE;
    attribute.handle.Flags = ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS;
    attribute.handle.Handle = file;
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &question.header, &attribute.header,
                                     &answer.header, &length, NULL, &limit);
}

static int check_answer(HANDLE file) {
    static const char expected[] = "A line from the client.\nThe server was here.\n";
    char content[200];
    DWORD size = 0;
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    if (!ReadFile(file, content, sizeof(content), &size, NULL)) size = 0;
    const int right = size == sizeof(expected) - 1 && !memcmp(content, expected, size);
    say(me, right ? "the file has both lines" : "the file does not have the server's line");
    return right ? 0 : 1;
}

int main(void) {
    HANDLE port = NULL;
    UNICODE_STRING name = handover_port_name();
    ALPC_PORT_ATTRIBUTES attributes = handover_port_attributes();
    LARGE_INTEGER limit = seconds(30);
    NTSTATUS status = NtAlpcConnectPort(&port, &name, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL,
                                        NULL, NULL, NULL, &limit);
    if (status != STATUS_SUCCESS) return fail("cannot connect", status);
    const HANDLE file = make_file();
    status = hand_over(port, file);
    if (status != STATUS_SUCCESS) return fail("handing the file over failed", status);
    const int result = check_answer(file);
    CloseHandle(file);
    NtClose(port);
    return result;
}
