// SPDX-License-Identifier: LGPL-2.1-or-later
// Waits of all kinds on ordinary objects, and what NtQueryObject says about them: calls that the layer
// watches.
#include <winternl.h>

#include "plain.h"

static void show_wait(const char* what, DWORD result) {
    say("%s: %s\n", what, wait_result(result));
}

static VOID CALLBACK note_apc(ULONG_PTR what) {
    say("    apc %lu runs\n", (unsigned long)what);
}

static DWORD WINAPI set_soon(void* parameter) {
    HANDLE* events = parameter;
    WaitForSingleObject(events[0], PATIENCE);
    SetEvent(events[1]);
    return 3;
}

static DWORD WINAPI take_and_leave(void* mutex) {
    WaitForSingleObject(mutex, PATIENCE);
    return 0;
}

static void single_objects(void) {
    HANDLE automatic = CreateEventA(NULL, FALSE, TRUE, NULL), manual = CreateEventA(NULL, TRUE, TRUE, NULL);
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 2, NULL), mutex = CreateMutexA(NULL, FALSE, NULL);
    HANDLE timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    LARGE_INTEGER soon;
    LONG before = 99;
    soon.QuadPart = -200000;
    show_wait("automatic event", WaitForSingleObject(automatic, 0));
    show_wait("automatic event again", WaitForSingleObject(automatic, 0));
    show_wait("manual event", WaitForSingleObject(manual, 0));
    show_wait("manual event again", WaitForSingleObject(manual, 0));
    show_wait("semaphore", WaitForSingleObject(semaphore, 0));
    show_wait("semaphore again", WaitForSingleObject(semaphore, 10));
    check("release", ReleaseSemaphore(semaphore, 2, &before));
    check("release too much", ReleaseSemaphore(semaphore, 1, &before));
    show_wait("mutex", WaitForSingleObject(mutex, 0));
    show_wait("mutex again", WaitForSingleObject(mutex, 0));
    check("release mutex", ReleaseMutex(mutex));
    SetWaitableTimer(timer, &soon, 0, NULL, NULL, FALSE);
    show_wait("timer", WaitForSingleObject(timer, PATIENCE));
    show_wait("own process", WaitForSingleObject(GetCurrentProcess(), 0));
    show_wait("nothing", WaitForSingleObject(NULL, 0));
    show_wait("a wrong value", WaitForSingleObject((HANDLE)(ULONG_PTR)0x7FFFFFF4, 0));
}

static void several_objects(void) {
    HANDLE events[3];
    for (int i = 0; i < 3; ++i) events[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
    show_wait("any of three", WaitForMultipleObjects(3, events, FALSE, 10));
    SetEvent(events[2]);
    SetEvent(events[1]);
    show_wait("any of three", WaitForMultipleObjects(3, events, FALSE, 0));
    show_wait("all of three", WaitForMultipleObjects(3, events, TRUE, 0));
    SetEvent(events[0]);
    SetEvent(events[1]);
    show_wait("all of three", WaitForMultipleObjects(3, events, TRUE, 0));
    show_wait("none is left", WaitForMultipleObjects(3, events, FALSE, 0));
    events[1] = events[0];
    show_wait("one twice", WaitForMultipleObjects(3, events, FALSE, 0));
    events[1] = NULL;
    show_wait("nothing among them", WaitForMultipleObjects(3, events, FALSE, 0));
}

static void threads(void) {
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), mutex = CreateMutexA(NULL, FALSE, NULL);
    HANDLE events[2] = {CreateEventA(NULL, FALSE, FALSE, NULL), event};
    HANDLE thread = CreateThread(NULL, 0, set_soon, events, 0, NULL);
    DWORD code = 99;
    show_wait("an event that is set during the wait", SignalObjectAndWait(events[0], event, PATIENCE, FALSE));
    show_wait("the thread", WaitForSingleObject(thread, PATIENCE));
    GetExitCodeThread(thread, &code);
    say("    ends with %lu\n", code);
    thread = CreateThread(NULL, 0, take_and_leave, mutex, 0, NULL);
    WaitForSingleObject(thread, PATIENCE);
    show_wait("a mutex whose owner has ended", WaitForSingleObject(mutex, 0));
    ReleaseMutex(mutex);
    show_wait("signal and wait", SignalObjectAndWait(event, mutex, 0, FALSE));
    thread = CreateThread(NULL, 0, take_and_leave, mutex, 0, NULL);
    show_wait("a thread that is blocked", WaitForSingleObject(thread, 50));
    check("terminate it", TerminateThread(thread, 8));
    show_wait("the terminated thread", WaitForSingleObject(thread, PATIENCE));
}

static void alertable_waits(void) {
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    QueueUserAPC(note_apc, GetCurrentThread(), 1);
    show_wait("not alertable", WaitForSingleObject(event, 10));
    show_wait("alertable", WaitForSingleObjectEx(event, 10, TRUE));
    QueueUserAPC(note_apc, GetCurrentThread(), 2);
    QueueUserAPC(note_apc, GetCurrentThread(), 3);
    show_wait("alertable, several", WaitForMultipleObjectsEx(1, &event, FALSE, 10, TRUE));
    QueueUserAPC(note_apc, GetCurrentThread(), 4);
    show_wait("alertable sleep", SleepEx(PATIENCE, TRUE));
    SetEvent(event);
    show_wait("alertable and signalled", WaitForSingleObjectEx(event, 10, TRUE));
}

static void show_object(const char* what, HANDLE handle) {
    struct {
        UNICODE_STRING name;
        WCHAR rest[600];
    } type, name;
    ULONG length = 0;
    const LONG type_status = NtQueryObject(handle, 2, &type, sizeof(type), &length);
    const LONG name_status = NtQueryObject(handle, 1, &name, sizeof(name), &length);
    say("%s: %08lx %.*ls, ", what, type_status, type_status ? 0 : type.name.Length / 2, type.name.Buffer);
    say("%08lx %.*ls\n", name_status, name_status ? 0 : name.name.Length / 2, name.name.Buffer);
}

static void objects(void) {
    show_object("event", CreateEventA(NULL, TRUE, FALSE, NULL));
    show_object("named event", CreateEventA(NULL, TRUE, FALSE, "Local\\a plain event"));
    show_object("mutex", CreateMutexA(NULL, FALSE, NULL));
    show_object("semaphore", CreateSemaphoreA(NULL, 1, 2, NULL));
    show_object("section", CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL));
    show_object("file", CreateFileA("C:\\windows\\win.ini", GENERIC_READ, FILE_SHARE_READ, NULL,
                                    OPEN_EXISTING, 0, NULL));
    show_object("process", GetCurrentProcess());
    show_object("thread", GetCurrentThread());
    show_object("nothing", NULL);
}

int main(void) {
    begin("waits");
    single_objects();
    several_objects();
    threads();
    alertable_waits();
    objects();
    return 0;
}
