// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles of ordinary objects: who inherits them, what a duplicate is, and handles that travel between
// processes.
#include "plain.h"

static unsigned long long number_of(HANDLE handle) {
    return (unsigned long long)(ULONG_PTR)handle;
}

static HANDLE handle_of(const char* text) {
    return (HANDLE)(ULONG_PTR)strtoull(text, NULL, 16);
}

static HANDLE new_event(BOOL inheritable) {
    SECURITY_ATTRIBUTES security = {sizeof(security), NULL, inheritable};
    return CreateEventA(&security, TRUE, FALSE, NULL);
}

static void show_duplicate(const char* what, HANDLE source, DWORD access, BOOL inherit, DWORD options) {
    HANDLE copy = NULL;
    DWORD flags = 99;
    char text[100];
    snprintf(text, sizeof(text), "duplicate %s", what);
    if (!check(text, DuplicateHandle(GetCurrentProcess(), source, GetCurrentProcess(), &copy, access, inherit,
                                     options)))
        return;
    GetHandleInformation(copy, &flags);
    say("    flags %lu, ", flags);
    say("wait %s, ", wait_result(WaitForSingleObject(copy, 0)));
    check("set", SetEvent(copy));
    ResetEvent(source);
    CloseHandle(copy);
}

static void duplicates(void) {
    HANDLE event = new_event(FALSE), copy = NULL, process = GetCurrentProcess();
    show_duplicate("with the same access", event, 0, FALSE, DUPLICATE_SAME_ACCESS);
    show_duplicate("that is inheritable", event, 0, TRUE, DUPLICATE_SAME_ACCESS);
    show_duplicate("for waiting only", event, SYNCHRONIZE, FALSE, 0);
    show_duplicate("for setting only", event, EVENT_MODIFY_STATE, FALSE, 0);
    show_duplicate("of nothing", NULL, 0, FALSE, DUPLICATE_SAME_ACCESS);
    show_duplicate("of a wrong value", (HANDLE)(ULONG_PTR)0x7FFFFFF4, 0, FALSE, DUPLICATE_SAME_ACCESS);
    check("close the source", DuplicateHandle(process, event, process, &copy, 0, FALSE,
                                              DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    check("the source afterwards", SetEvent(event));
    check("the copy afterwards", SetEvent(copy));
    check("close the copy", CloseHandle(copy));
    check("close it again", CloseHandle(copy));
}

static void pseudo_handles(void) {
    HANDLE process = GetCurrentProcess(), real = NULL;
    check("a real handle of the process",
          DuplicateHandle(process, process, process, &real, 0, FALSE, DUPLICATE_SAME_ACCESS));
    say("    pseudo %d, own id %d\n", real == process, GetProcessId(real) == GetCurrentProcessId());
    CloseHandle(real);
    check("a real handle of the thread",
          DuplicateHandle(process, GetCurrentThread(), process, &real, 0, FALSE, DUPLICATE_SAME_ACCESS));
    say("    pseudo %d, own id %d\n", real == GetCurrentThread(), GetThreadId(real) == GetCurrentThreadId());
    CloseHandle(real);
    check("close a pseudo handle", CloseHandle(GetCurrentProcess()));
}

static void protected_handle(void) {
    HANDLE event = new_event(FALSE);
    check("protect",
          SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE));
    check("close what is protected", CloseHandle(event));
    check("unprotect", SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0));
    check("close", CloseHandle(event));
}

// What a process finds at two handle values of its parent.
static int run_heir(const char* name, const char* first, const char* second, BOOL has_child) {
    char label[60], arguments[120];
    snprintf(label, sizeof(label), "%s sets the inheritable event", name);
    check(label, SetEvent(handle_of(first)));
    snprintf(label, sizeof(label), "%s sets the other event", name);
    check(label, SetEvent(handle_of(second)));
    if (has_child) {
        PROCESS_INFORMATION process;
        snprintf(arguments, sizeof(arguments), "heir grandchild %s %s", first, second);
        if (check("the child has a child", start_self(arguments, TRUE, NULL, NULL, NULL, &process)))
            say("the grandchild ends with %lu\n", end_of(&process));
    }
    return 5;
}

static void inheritance(BOOL inherit) {
    HANDLE inheritable = new_event(TRUE), other = new_event(FALSE);
    char arguments[120];
    PROCESS_INFORMATION process;
    say("-- bInheritHandles %d\n", inherit);
    snprintf(arguments, sizeof(arguments), "heir child %llx %llx", number_of(inheritable), number_of(other));
    if (check("start", start_self(arguments, inherit, NULL, NULL, NULL, &process)))
        say("the child ends with %lu\n", end_of(&process));
    say("inheritable: %s\n", wait_result(WaitForSingleObject(inheritable, 0)));
    say("other: %s\n", wait_result(WaitForSingleObject(other, 0)));
    CloseHandle(inheritable);
    CloseHandle(other);
}

// The flag of a handle may change after it was made.
static void changed_flags(void) {
    HANDLE now = new_event(FALSE), no_more = new_event(TRUE);
    char arguments[120];
    PROCESS_INFORMATION process;
    say("-- changed flags\n");
    SetHandleInformation(now, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    SetHandleInformation(no_more, HANDLE_FLAG_INHERIT, 0);
    snprintf(arguments, sizeof(arguments), "heir child %llx %llx", number_of(now), number_of(no_more));
    if (check("start", start_self(arguments, TRUE, NULL, NULL, NULL, &process)))
        say("the child ends with %lu\n", end_of(&process));
}

// Reads a handle value that the parent has put into this process, and takes one out of the parent.
static int run_partner(DWORD parent_id, const char* in_parent) {
    char line[60];
    HANDLE parent, taken = NULL;
    if (!fgets(line, sizeof(line), stdin)) return 1;
    check("the partner sets what it was given", SetEvent(handle_of(line)));
    parent = OpenProcess(PROCESS_DUP_HANDLE, FALSE, parent_id);
    check("the partner opens its parent", parent != NULL);
    check("the partner takes a handle",
          DuplicateHandle(parent, handle_of(in_parent), GetCurrentProcess(), &taken, 0, FALSE,
                          DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    check("the partner sets what it took", SetEvent(taken));
    return 0;
}

static void across_processes(void) {
    HANDLE given = new_event(FALSE), taken = new_event(FALSE), watch = NULL, there = NULL, out, in;
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
    PROCESS_INFORMATION process;
    char text[120];
    DWORD written;
    say("-- across processes\n");
    DuplicateHandle(GetCurrentProcess(), taken, GetCurrentProcess(), &watch, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CreatePipe(&out, &in, &inheritable, 0);
    SetHandleInformation(in, HANDLE_FLAG_INHERIT, 0);
    snprintf(text, sizeof(text), "partner %lu %llx", GetCurrentProcessId(), number_of(taken));
    if (!check("start", start_self(text, TRUE, NULL, out, NULL, &process))) return;
    check("give a handle", DuplicateHandle(GetCurrentProcess(), given, process.hProcess, &there, 0, FALSE,
                                           DUPLICATE_SAME_ACCESS));
    snprintf(text, sizeof(text), "%llx\n", number_of(there));
    WriteFile(in, text, (DWORD)strlen(text), &written, NULL);
    say("the partner ends with %lu\n", end_of(&process));
    say("given: %s\n", wait_result(WaitForSingleObject(given, 0)));
    say("taken, seen through another handle: %s\n", wait_result(WaitForSingleObject(watch, 0)));
    check("taken itself", SetEvent(taken));
}

int main(int argc, char** argv) {
    begin(argc > 1 ? argv[1] : "parent");
    if (argc == 5 && !strcmp(argv[1], "heir"))
        return run_heir(argv[2], argv[3], argv[4], !strcmp(argv[2], "child"));
    if (argc == 4 && !strcmp(argv[1], "partner")) return run_partner(strtoul(argv[2], NULL, 10), argv[3]);
    duplicates();
    pseudo_handles();
    protected_handle();
    inheritance(FALSE);
    inheritance(TRUE);
    changed_flags();
    across_processes();
    return 0;
}
