// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: the server of a Quick LPC conversation, with a thread for each client.
#include "quick_lpc.h"

static const char* const me = "quick server";
static struct quick_calls calls;
static struct quick_section* section;

static DWORD WINAPI serve(void* argument) {
    const int number = (int)(intptr_t)argument;
    struct quick_message* message = &section->client[number];
    HANDLE pair = NULL;
    unsigned long answered = 0;
    NTSTATUS status = get_pair(calls.create, number, &pair);
    if (status == STATUS_SUCCESS) say(me, "ready for client %d", number);
    if (status == STATUS_SUCCESS) status = calls.wait_high(pair);
    while (status == STATUS_SUCCESS && !message->goodbye) {
        message->answer = checksum_of(message);
        ++answered;
        status = calls.set_low_wait_high(pair);
    }
    if (status == STATUS_SUCCESS) status = calls.set_low(pair);
    if (pair) NtClose(pair);
    if (status != STATUS_SUCCESS) {
        say(me, "client %d: status %08lx", number, (unsigned long)(ULONG)status);
        return 1;
    }
    say(me, "client %d has said goodbye after %lu requests", number, answered);
    return 0;
}

int main(void) {
    HANDLE threads[QUICK_LPC_CLIENTS], mapping;
    DWORD failed = 0;
    if (!find_quick_calls(&calls)) return 1;
    mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*section),
                                 QUICK_LPC_SECTION);
    section = mapping ? MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, sizeof(*section)) : NULL;
    if (!section) {
        say(me, "cannot make the section: error %lu", (unsigned long)GetLastError());
        return 1;
    }
    for (int i = 0; i < QUICK_LPC_CLIENTS; ++i) {
        threads[i] = CreateThread(NULL, 0, serve, (void*)(intptr_t)i, 0, NULL);
        if (!threads[i]) {
            say(me, "cannot start a thread: error %lu", (unsigned long)GetLastError());
            return 1;
        }
    }
    for (int i = 0; i < QUICK_LPC_CLIENTS; ++i) {
        DWORD code = 1;
        WaitForSingleObject(threads[i], INFINITE);
        GetExitCodeThread(threads[i], &code);
        failed |= code;
    }
    if (!failed) say(me, "done");
    return (int)failed;
}
