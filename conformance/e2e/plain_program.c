// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows what a program gets from whoever starts it, and whether the layer under test is in the process.
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char** argv) {
    char line[100];
    for (int i = 1; i < argc; ++i) printf("argument: %s\n", argv[i]);
    if (fgets(line, sizeof(line), stdin)) printf("input: %s", line);
    fprintf(stderr, "a line of errors\n");
    printf("ntdll_alpc is %sloaded\n", GetModuleHandleA("ntdll_alpc.dll") ? "" : "not ");
    return 7;
}
