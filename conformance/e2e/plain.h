// SPDX-License-Identifier: LGPL-2.1-or-later
// For programs that use none of the calls and must not notice who runs them: what they print to standard
// output is the same under wine, through alpcrun, and through alpcrun in a process that has the layer
// (LOAD_THE_LAYER in the environment).
#ifndef PLAIN_H
#define PLAIN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PATIENCE 20000  // milliseconds for what must happen

static void say(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

// Looking up a call brings the layer into the process where there is one. The test reads who has it.
static inline void begin(const char* who) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (getenv("LOAD_THE_LAYER")) GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtAlpcCreatePort");
    fprintf(stderr, "%s: %s the layer\n", who, GetModuleHandleA("ntdll_alpc.dll") ? "with" : "without");
    fflush(stderr);
}

// "what: ok" or "what: error 5"; for calls that tell success by a BOOL.
static inline BOOL check(const char* what, BOOL success) {
    const DWORD error = GetLastError();
    if (success)
        say("%s: ok\n", what);
    else
        say("%s: error %lu\n", what, error);
    return success;
}

static inline const char* wait_result(DWORD result) {
    static char text[30];
    if (result == WAIT_TIMEOUT) return "timeout";
    if (result == WAIT_IO_COMPLETION) return "apc";
    if (result == WAIT_FAILED) {
        sprintf(text, "failed, error %lu", GetLastError());
    } else if (result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + 64) {
        sprintf(text, "abandoned %lu", result - WAIT_ABANDONED_0);
    } else {
        sprintf(text, "signalled %lu", result - WAIT_OBJECT_0);
    }
    return text;
}

// This program again. A standard stream that is NULL is this process's own.
static inline BOOL start_self(const char* arguments, BOOL inherit, char* environment, HANDLE input,
                              HANDLE output, PROCESS_INFORMATION* process) {
    char program[MAX_PATH], command[2 * MAX_PATH];
    STARTUPINFOA startup;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" %s", program, arguments);
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    startup.dwFlags = inherit ? STARTF_USESTDHANDLES : 0;
    startup.hStdInput = input ? input : GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = output ? output : GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    return CreateProcessA(program, command, NULL, NULL, inherit, 0, environment, NULL, &startup, process);
}

static inline DWORD end_of(PROCESS_INFORMATION* process) {
    DWORD code = 999;
    WaitForSingleObject(process->hProcess, PATIENCE);
    GetExitCodeProcess(process->hProcess, &code);
    CloseHandle(process->hProcess);
    CloseHandle(process->hThread);
    return code;
}

#endif
