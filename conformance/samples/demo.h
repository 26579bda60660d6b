// SPDX-License-Identifier: LGPL-2.1-or-later
// What the sample programs share: the port they meet at, a message buffer, and printing.
#ifndef NTALPC_SAMPLES_DEMO_H
#define NTALPC_SAMPLES_DEMO_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ntalpc/ntalpc.h"

#ifdef _WIN32
#define DEMO_PORT_TEXT L"\\RPC Control\\ntalpc-demo"
#else
#define DEMO_PORT_TEXT u"\\RPC Control\\ntalpc-demo"
#endif

#define DEMO_MAX_DATA 200

struct demo_message {
    PORT_MESSAGE header;
    char data[DEMO_MAX_DATA];
};

// Prints one line at once, also into a pipe.
static inline void say(const char* who, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%s: ", who);
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
    va_end(arguments);
}

static inline UNICODE_STRING demo_port_name(void) {
    static WCHAR text[] = DEMO_PORT_TEXT;
    UNICODE_STRING name;
    name.Length = sizeof(text) - sizeof(text[0]);
    name.MaximumLength = sizeof(text);
    name.Buffer = text;
    return name;
}

static inline ALPC_PORT_ATTRIBUTES demo_port_attributes(void) {
    ALPC_PORT_ATTRIBUTES attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.MaxMessageLength = sizeof(struct demo_message);
    return attributes;
}

// Puts text into a message and leaves its ids alone.
static inline void set_text(struct demo_message* message, const char* text) {
    size_t length = strlen(text);
    if (length > DEMO_MAX_DATA) length = DEMO_MAX_DATA;
    memcpy(message->data, text, length);
    message->header.u1.s1.DataLength = (SHORT)length;
    message->header.u1.s1.TotalLength = (SHORT)(sizeof(message->header) + length);
}

// The data of a message as a string for printf's "%.*s".
static inline int text_length(const struct demo_message* message) {
    return message->header.u1.s1.DataLength;
}

static inline LARGE_INTEGER seconds(int count) {
    LARGE_INTEGER time;
    time.QuadPart = -10000000LL * count;
    return time;
}

#endif
