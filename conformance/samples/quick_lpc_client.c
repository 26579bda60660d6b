// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: a client of the Quick LPC server. Its argument is its number, 0 if there is
// none.
#include <stdlib.h>

#include "quick_lpc.h"

static const char* const me = "quick client";

// Asks all questions and checks all answers. Returns how many there were, or -1.
static int converse(const struct quick_calls* calls, HANDLE pair, struct quick_message* message,
                    uint32_t* checksum) {
    uint32_t number = 12345;
    for (int round = 0; round < QUICK_LPC_ROUNDS; ++round) {
        for (int i = 0; i < QUICK_LPC_WORDS; ++i) {
            number = number * 1664525u + 1013904223u;
            message->question[i] = number;
        }
        message->answer = 0;
        NTSTATUS status = calls->set_high_wait_low(pair);
        if (status != STATUS_SUCCESS) {
            say(me, "round %d: status %08lx", round, (unsigned long)(ULONG)status);
            return -1;
        }
        if (message->answer != checksum_of(message)) {
            say(me, "round %d: the answer is %08lx, expected %08lx", round, (unsigned long)message->answer,
                (unsigned long)checksum_of(message));
            return -1;
        }
        *checksum = *checksum * 31 + message->answer;
    }
    message->goodbye = 1;
    return calls->set_high_wait_low(pair) == STATUS_SUCCESS ? QUICK_LPC_ROUNDS : -1;
}

int main(int argc, char** argv) {
    const int number = argc > 1 ? atoi(argv[1]) : 0;
    struct quick_calls calls;
    uint32_t checksum = 0;
    HANDLE pair = NULL;
    if (number < 0 || number >= QUICK_LPC_CLIENTS) {
        say(me, "the argument must be a number below %d", QUICK_LPC_CLIENTS);
        return 1;
    }
    if (!find_quick_calls(&calls)) return 1;
    HANDLE mapping = OpenFileMappingA(FILE_MAP_WRITE, FALSE, QUICK_LPC_SECTION);
    struct quick_section* section =
        mapping ? MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, sizeof(*section)) : NULL;
    NTSTATUS status = section ? get_pair(calls.open, number, &pair) : STATUS_OBJECT_NAME_NOT_FOUND;
    if (status != STATUS_SUCCESS) {
        say(me, "no server to talk to (status %08lx); start quick_lpc_server first",
            (unsigned long)(ULONG)status);
        return 1;
    }
    const int rounds = converse(&calls, pair, &section->client[number], &checksum);
    NtClose(pair);
    if (rounds < 0) return 1;
    say(me, "%d: %d round trips, checksum %08lx", number, rounds, (unsigned long)checksum);
    return 0;
}
