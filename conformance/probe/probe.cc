// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that end in every way a test can end, for the test of the harness itself. Not part of the suite.
#include <cstdlib>
#include <thread>

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

ALPC_TEST(Probe, Passes, "X01", "harness", high) {
    Port port = create_port(port_name());
    observe("a number", 42);
    observe("a flag", true);
    observe("a text", "with \"quotes\"\nand lines");
    observe_status("a status", static_cast<NTSTATUS>(STATUS_PORT_CLOSED));
}

ALPC_TEST(Probe, Fails, "X02", "harness", low) {
    EXPECT_STATUS(STATUS_PORT_CLOSED, NTSTATUS{STATUS_TIMEOUT});
}

ALPC_TEST(Probe, IsSkipped, "X03", "harness", high) {
    GTEST_SKIP() << "nothing to see here";
}

ALPC_TEST(Probe, HasNoSuchCall, "X04", "harness", high) {
    const EntryPoint<NTSTATUS(NTAPI*)(HANDLE)> imaginary("NtAlpcImaginary", static_cast<void*>(nullptr));
    imaginary(HANDLE{});
}

ALPC_TEST(Probe, Crashes, "X05", "harness", high) {
    observe("before the crash", 1);
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
}

ALPC_TEST(Probe, Exits, "X06", "harness", high) {
    std::_Exit(7);
}

ALPC_TEST(Probe, Hangs, "X07", "harness", high) {
    observe("before the hang", 1);
    Port port = create_port(port_name());
    Message<> message;
    SIZE_T length = message.size();
    api().NtAlpcSendWaitReceivePort(port.get(), ULONG{0}, PPORT_MESSAGE{}, PALPC_MESSAGE_ATTRIBUTES{},
                                    message.get(), &length, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

ALPC_TEST(Probe, HasThreads, "X08", "harness", high) {
    Thread first([] { observe("in thread", 1); });
    Thread second([] { observe("in thread", 2); });
    first.join();
    second.join();
    std::thread unknown([] { observe("in thread", 3); });
    unknown.join();
    for (int i = 0; i < 3; ++i) observe("again", 0);
}

}  // namespace
}  // namespace ntalpc::conformance
