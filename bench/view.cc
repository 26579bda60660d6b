// SPDX-License-Identifier: LGPL-2.1-or-later
// What it takes to move memory between two processes by view, from the send until the receiver has given it
// back: a small and a large view in turn, against its floor, the same request without a view. The memory is
// filled beforehand. The receiver maps it and does not look at it, which would cost the same however it came
// there.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "ntalpc/ntalpc.h"
#include "ntalpc/status.h"

namespace {

constexpr SIZE_T kSmall = 4096;
constexpr SIZE_T kLarge = SIZE_T{256} << 20;
constexpr int kRoundsPerSample = 100;
constexpr int kSamples = 15;  // alternating, so that noise meets all
// The large one must not take longer; this much is noise.
constexpr double kMostRatio = 1.5;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "view: %s\n", what.c_str());
    std::exit(1);
}

void check(NTSTATUS status, const char* what) {
    if (status == STATUS_SUCCESS) return;
    const char* const name = ntalpc::status_name(status);
    fail(std::string(what) + " gave " + (name ? name : "an unknown status") +
         "; is alpcserver where NTALPC_SERVER_BINARY says?");
}

struct ViewAttributes {
    ALPC_MESSAGE_ATTRIBUTES header{};
    ALPC_DATA_VIEW_ATTR view{};
};

UNICODE_STRING port_name() {
    static char16_t text[] = u"\\RPC Control\\ntalpc-bench-view";
    UNICODE_STRING name{};
    name.Length = sizeof(text) - sizeof(text[0]);
    name.MaximumLength = sizeof(text);
    name.Buffer = text;
    return name;
}

ALPC_PORT_ATTRIBUTES port_attributes() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = sizeof(PORT_MESSAGE);
    return attributes;
}

PORT_MESSAGE empty_message() {
    PORT_MESSAGE message{};
    message.u1.s1.TotalLength = sizeof(message);
    return message;
}

// Answers every request and gives back what came with it, until the client is gone.
[[noreturn]] void serve(HANDLE listener) {
    HANDLE server = nullptr;
    for (;;) {
        PORT_MESSAGE message;
        SIZE_T length = sizeof(message) + 64;
        alignas(PORT_MESSAGE) unsigned char buffer[sizeof(message) + 64];
        ViewAttributes received;
        received.header.AllocatedAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
        check(
            NtAlpcSendWaitReceivePort(listener, 0, nullptr, nullptr, reinterpret_cast<PORT_MESSAGE*>(buffer),
                                      &length, &received.header, nullptr),
            "receiving");
        std::memcpy(&message, buffer, sizeof(message));
        const int type = message.u2.s2.Type & 0xFF;
        if (type == LPC_PORT_CLOSED) _exit(0);
        if (type == LPC_CONNECTION_REQUEST) {
            check(NtAlpcAcceptConnectPort(&server, listener, 0, nullptr, nullptr, nullptr, &message, nullptr,
                                          TRUE),
                  "NtAlpcAcceptConnectPort");
            continue;
        }
        ViewAttributes releasing;
        releasing.header = {ALPC_MESSAGE_VIEW_ATTRIBUTE, ALPC_MESSAGE_VIEW_ATTRIBUTE};
        releasing.view.Flags = ALPC_VIEWFLG_UNMAP_EXISTING;
        check(NtAlpcSendWaitReceivePort(listener, ALPC_MSGFLG_RELEASE_MESSAGE, &message, &releasing.header,
                                        nullptr, nullptr, nullptr, nullptr),
              "answering");
    }
}

// One thing that is moved again and again; of size 0 for nothing.
struct Load {
    SIZE_T size;
    ViewAttributes attributes{};
    std::vector<double> microseconds{};
};

void make_view(HANDLE port, Load& load) {
    if (load.size == 0) return;
    SIZE_T actual = 0;
    load.attributes.header = {ALPC_MESSAGE_VIEW_ATTRIBUTE, ALPC_MESSAGE_VIEW_ATTRIBUTE};
    ALPC_DATA_VIEW_ATTR& view = load.attributes.view;
    view.ViewSize = load.size;
    check(NtAlpcCreatePortSection(port, 0, nullptr, load.size, &view.SectionHandle, &actual),
          "NtAlpcCreatePortSection");
    check(NtAlpcCreateSectionView(port, 0, &view), "NtAlpcCreateSectionView");
    std::memset(view.ViewBase, 1, load.size);
}

double move(HANDLE port, Load& load) {
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < kRoundsPerSample; ++round) {
        PORT_MESSAGE question = empty_message(), answer;
        SIZE_T length = sizeof(answer);
        check(NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &question,
                                        load.size ? &load.attributes.header : nullptr, &answer, &length,
                                        nullptr, nullptr),
              "sending");
    }
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / kRoundsPerSample;
}

double median(std::vector<double> samples) {
    std::nth_element(samples.begin(), samples.begin() + kSamples / 2, samples.end());
    return samples[kSamples / 2];
}

HANDLE create_listener() {
    UNICODE_STRING name = port_name();
    OBJECT_ATTRIBUTES object;
    InitializeObjectAttributes(&object, &name, 0, nullptr, nullptr);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE listener = nullptr;
    check(NtAlpcCreatePort(&listener, &object, &attributes), "NtAlpcCreatePort");
    return listener;
}

// In a process of its own, which says through the pipe that the port is there.
pid_t start_receiver() {
    int ready[2];
    if (pipe(ready) != 0) fail("cannot make a pipe");
    const pid_t child = fork();
    if (child < 0) fail("cannot fork");
    if (child == 0) {
        const HANDLE listener = create_listener();
        if (write(ready[1], "x", 1) != 1) _exit(1);
        serve(listener);
    }
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) fail("the receiver did not start");
    close(ready[0]);
    return child;
}

}  // namespace

int main() {
    const pid_t receiver = start_receiver();
    UNICODE_STRING name = port_name();
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE port = nullptr;
    check(NtAlpcConnectPort(&port, &name, nullptr, &attributes, ALPC_MSGFLG_SYNC_REQUEST, nullptr, nullptr,
                            nullptr, nullptr, nullptr, nullptr),
          "NtAlpcConnectPort");
    std::vector<Load> loads;
    for (const SIZE_T size : {SIZE_T{0}, kSmall, kLarge}) loads.push_back({size});
    for (Load& load : loads) {
        make_view(port, load);
        move(port, load);  // warms up
    }
    for (int sample = 0; sample < kSamples; ++sample) {
        for (Load& load : loads) load.microseconds.push_back(move(port, load));
    }
    NtClose(port);
    int status = 0;
    if (waitpid(receiver, &status, 0) != receiver || status != 0) fail("the receiving process failed");
    const double floor = median(loads[0].microseconds), small = median(loads[1].microseconds),
                 large = median(loads[2].microseconds);
    std::printf("view, 4 KiB   %7.1f us   floor (request without a view) %7.1f us   ratio %.2f\n", small,
                floor, small / floor);
    std::printf("view, 256 MiB %7.1f us   floor (view of 4 KiB)          %7.1f us   ratio %.2f\n", large,
                small, large / small);
    if (large > kMostRatio * small) fail("a large view takes longer than a small one");
    return 0;
}
