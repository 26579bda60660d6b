// SPDX-License-Identifier: LGPL-2.1-or-later
// Mailslots with several writers, and environments of children.
#include "plain.h"

static const char* const slot_name = "\\\\.\\mailslot\\ntalpc\\plain slot";

static void show_slot(HANDLE slot) {
    DWORD maximum = 99, next = 99, count = 99, timeout = 99;
    check("GetMailslotInfo", GetMailslotInfo(slot, &maximum, &next, &count, &timeout));
    say("    at most %lu, next %ld, %lu messages, timeout %lu\n", maximum, (long)(int)next, count, timeout);
}

static void get(HANDLE slot, DWORD room) {
    char data[100] = "";
    DWORD read = 0;
    check("ReadFile", ReadFile(slot, data, room, &read, NULL));
    say("    %lu bytes \"%.*s\"\n", read, (int)read, data);
}

static HANDLE open_slot(void) {
    const HANDLE writer = CreateFileA(slot_name, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                      OPEN_EXISTING, 0, NULL);
    if (writer == INVALID_HANDLE_VALUE) check("CreateFile", FALSE);
    return writer;
}

static BOOL put(HANDLE writer, const char* text) {
    DWORD written = 0;
    return WriteFile(writer, text, (DWORD)strlen(text), &written, NULL);
}

static int run_writer(const char* name) {
    char text[40];
    const HANDLE writer = open_slot();
    for (int i = 0; i < 3; ++i) {
        snprintf(text, sizeof(text), "%s writes %d", name, i);
        if (!put(writer, text)) return 1;
    }
    return 0;
}

static int compare_text(const void* one, const void* other) {
    return strcmp(one, other);
}

// The messages of one writer arrive in its order; between writers there is none.
static void several_writers(HANDLE slot) {
    static const char* const names[3] = {"alice", "bob", "carol"};
    PROCESS_INFORMATION processes[3];
    static char messages[9][40];
    char arguments[40];
    DWORD read;
    for (int i = 0; i < 3; ++i) {
        snprintf(arguments, sizeof(arguments), "writer %s", names[i]);
        if (!start_self(arguments, TRUE, NULL, NULL, NULL, &processes[i])) check("start", FALSE);
    }
    for (int i = 0; i < 3; ++i) say("%s ends with %lu\n", names[i], end_of(&processes[i]));
    for (int i = 0; i < 9; ++i) {
        int last = -1;
        if (!ReadFile(slot, messages[i], sizeof(messages[i]) - 1, &read, NULL)) check("ReadFile", FALSE);
        for (int j = 0; j < i; ++j)
            if (messages[j][0] == messages[i][0]) last = messages[j][strlen(messages[j]) - 1] - '0';
        if (last != messages[i][strlen(messages[i]) - 1] - '0' - 1) say("out of order: %s\n", messages[i]);
    }
    qsort(messages, 9, sizeof(messages[0]), compare_text);
    for (int i = 0; i < 9; ++i) say("    %s\n", messages[i]);
}

static void mailslots(void) {
    HANDLE slot, one, other;
    say("-- mailslots\n");
    open_slot();
    slot = CreateMailslotA(slot_name, 0, 50, NULL);
    check("CreateMailslot", slot != INVALID_HANDLE_VALUE);
    check("the same name", CreateMailslotA(slot_name, 0, 0, NULL) != INVALID_HANDLE_VALUE);
    show_slot(slot);
    get(slot, 99);
    one = open_slot();
    other = open_slot();
    check("write", put(one, "first"));
    check("write", put(other, "second one"));
    show_slot(slot);
    get(slot, 3);
    get(slot, 99);
    get(slot, 99);
    check("SetMailslotInfo", SetMailslotInfo(slot, 0));
    show_slot(slot);
    get(slot, 99);
    several_writers(slot);
    CloseHandle(slot);
    check("write to nobody", put(one, "gone"));
}

static int run_child_with_environment(void) {
    char value[100];
    static const char* const names[] = {"PLAIN_INHERITED", "PLAIN_GIVEN", "PLAIN_EMPTY", "PLAIN_LATER"};
    for (int i = 0; i < 4; ++i) {
        SetLastError(0);
        const DWORD length = GetEnvironmentVariableA(names[i], value, sizeof(value));
        say("    %s: %lu, error %lu \"%s\"\n", names[i], length, GetLastError(), length ? value : "");
    }
    return 2;
}

static void environments(void) {
    char block[4096], *end = block;
    PROCESS_INFORMATION process;
    say("-- environment\n");
    SetEnvironmentVariableA("PLAIN_INHERITED", "from the parent");
    if (check("inherited", start_self("environment", TRUE, NULL, NULL, NULL, &process)))
        say("the child ends with %lu\n", end_of(&process));
    SetEnvironmentVariableA("PLAIN_INHERITED", NULL);
    SetEnvironmentVariableA("PLAIN_LATER", "changed");
    if (check("changed", start_self("environment", TRUE, NULL, NULL, NULL, &process)))
        say("the child ends with %lu\n", end_of(&process));
    end += sprintf(end, "PLAIN_EMPTY=") + 1;
    end += sprintf(end, "PLAIN_GIVEN=in a block = %s", "of its own") + 1;
    if (getenv("LOAD_THE_LAYER")) end += sprintf(end, "LOAD_THE_LAYER=1") + 1;
    end += sprintf(end, "SystemRoot=%s", getenv("SystemRoot")) + 1;
    *end = 0;
    if (check("a block", start_self("environment", TRUE, block, NULL, NULL, &process)))
        say("the child ends with %lu\n", end_of(&process));
}

int main(int argc, char** argv) {
    begin(argc > 1 ? argv[1] : "parent");
    if (argc > 2 && !strcmp(argv[1], "writer")) return run_writer(argv[2]);
    if (argc > 1 && !strcmp(argv[1], "environment")) return run_child_with_environment();
    mailslots();
    environments();
    return 0;
}
