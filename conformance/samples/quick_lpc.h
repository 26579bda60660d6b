// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two sides of the Quick LPC sample share: a section for the message, an event pair for the turn.
//
// This is how the window manager of NT 3.51 served its clients. Every client has a thread of the server to
// itself; the message lies in a section that both map; high says "a request is there", low says "the answer
// is there", and each side sets the one and waits for the other in a single call.
#ifndef NTALPC_SAMPLES_QUICK_LPC_H
#define NTALPC_SAMPLES_QUICK_LPC_H

#include <stdint.h>
#include <windows.h>

#include "demo.h"

#define QUICK_LPC_CLIENTS 2
#define QUICK_LPC_ROUNDS 2000
#define QUICK_LPC_WORDS 16
#define QUICK_LPC_SECTION "ntalpc-quick-lpc"

struct quick_message {
    volatile uint32_t goodbye;  // the client asks for nothing more
    volatile uint32_t question[QUICK_LPC_WORDS];
    volatile uint32_t answer;
};

// One message per client.
struct quick_section {
    struct quick_message client[QUICK_LPC_CLIENTS];
};

// The calls, looked up at run time: import libraries of today no longer know them.
struct quick_calls {
    NTSTATUS(NTAPI* create)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
    NTSTATUS(NTAPI* open)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
    NTSTATUS(NTAPI* wait_high)(HANDLE);
    NTSTATUS(NTAPI* set_low)(HANDLE);
    NTSTATUS(NTAPI* set_high_wait_low)(HANDLE);
    NTSTATUS(NTAPI* set_low_wait_high)(HANDLE);
};

static inline void* find_call(const char* name) {
    void* address = (void*)(uintptr_t)GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
    if (!address) say("quick lpc", "ntdll has no %s", name);
    return address;
}

// 0 when one of them is missing.
static inline int find_quick_calls(struct quick_calls* calls) {
    *(void**)&calls->create = find_call("NtCreateEventPair");
    *(void**)&calls->open = find_call("NtOpenEventPair");
    *(void**)&calls->wait_high = find_call("NtWaitHighEventPair");
    *(void**)&calls->set_low = find_call("NtSetLowEventPair");
    *(void**)&calls->set_high_wait_low = find_call("NtSetHighWaitLowEventPair");
    *(void**)&calls->set_low_wait_high = find_call("NtSetLowWaitHighEventPair");
    return calls->create && calls->open && calls->wait_high && calls->set_low && calls->set_high_wait_low &&
           calls->set_low_wait_high;
}

// Creates or opens the event pair of a client.
static inline NTSTATUS get_pair(NTSTATUS(NTAPI* get)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES), int client,
                                HANDLE* pair) {
    WCHAR path[] = L"\\BaseNamedObjects\\ntalpc-quick-lpc-0";
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    path[sizeof(path) / sizeof(path[0]) - 2] = (WCHAR)(L'0' + client);
    name.Length = sizeof(path) - sizeof(path[0]);
    name.MaximumLength = sizeof(path);
    name.Buffer = path;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return get(pair, STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE, &attributes);
}

// What the server computes from a question, and the client too, to compare.
static inline uint32_t checksum_of(const struct quick_message* message) {
    uint32_t sum = 2166136261u;
    for (int i = 0; i < QUICK_LPC_WORDS; ++i) sum = (sum ^ message->question[i]) * 16777619u;
    return sum;
}

#endif
