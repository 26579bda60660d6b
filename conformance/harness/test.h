// SPDX-License-Identifier: LGPL-2.1-or-later
// How a conformance test is written:
//
//     ALPC_TEST(Messages, DatagramArrivesWithoutContinuation, "M01", "OVMM test_send_recv", high) { ... }
//
// The name is a sentence. The id is the assertion's number in the project's list of assertions ("6.2" and the
// like are sections of the ABI notes), then who says so, then how sure that is: low, medium, high. All three
// are recorded in the results and printed with a failure.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>

#include "conformance/harness/api.h"
#include "conformance/harness/recorder.h"

namespace ntalpc::conformance {

struct Claim {
    const char* id;
    const char* source;
    const char* confidence;
};

void run_test(const Claim& claim, void (*body)());

// Makes the claim known before the test runs, so that a test that never comes to its end has one too.
struct ClaimEntry {
    ClaimEntry(const char* test, const Claim& claim);
};
// The claim of "Suite.Name".
const Claim& claim_of(const std::string& test);

// "STATUS_TIMEOUT (0x00000102)"
std::string describe_status(NTSTATUS status);

// For what Windows versions answer differently: EXPECT_TRUE(is_one_of(call, STATUS_A, STATUS_B)).
::testing::AssertionResult is_in_list(NTSTATUS actual, std::initializer_list<NTSTATUS> expected);
template <typename... Statuses>
::testing::AssertionResult is_one_of(NTSTATUS actual, Statuses... expected) {
    return is_in_list(actual, {static_cast<NTSTATUS>(expected)...});
}

::testing::AssertionResult compare_status(const char* expected_text, const char* actual_text,
                                          NTSTATUS expected, NTSTATUS actual);

}  // namespace ntalpc::conformance

#define ALPC_TEST(suite, name, id, source, confidence)                                     \
    static void suite##_##name##_body();                                                   \
    static const ::ntalpc::conformance::ClaimEntry suite##_##name##_claim(                 \
        #suite "." #name, {id, source, #confidence});                                      \
    TEST(suite, name) {                                                                    \
        ::ntalpc::conformance::run_test({id, source, #confidence}, suite##_##name##_body); \
    }                                                                                      \
    static void suite##_##name##_body()

#define EXPECT_STATUS(expected, call) \
    EXPECT_PRED_FORMAT2(::ntalpc::conformance::compare_status, expected, call)
#define ASSERT_STATUS(expected, call) \
    ASSERT_PRED_FORMAT2(::ntalpc::conformance::compare_status, expected, call)
#define EXPECT_FAILURE(call)                                                                \
    do {                                                                                    \
        const NTSTATUS status_of_call = (call);                                             \
        EXPECT_FALSE(NT_SUCCESS(status_of_call))                                            \
            << #call << " gave " << ::ntalpc::conformance::describe_status(status_of_call); \
    } while (false)
