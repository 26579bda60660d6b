// SPDX-License-Identifier: LGPL-2.1-or-later
// Running one conformance test: its properties, and the reasons for which it may be skipped.
#include "conformance/harness/test.h"

#include <cstdlib>
#include <iomanip>
#include <map>
#include <sstream>

#include "conformance/harness/json.h"

namespace ntalpc::conformance {

namespace {

// Set where the layer under test is supposed to supply every call, so that none is left out unnoticed.
bool everything_must_be_there() {
    return std::getenv("CONFORMANCE_NEEDS_ALL_CALLS") != nullptr;
}

// A function, because entries are made before main() in no particular order.
std::map<std::string, Claim>& claims() {
    static std::map<std::string, Claim> all;
    return all;
}

}  // namespace

ClaimEntry::ClaimEntry(const char* test, const Claim& claim) {
    claims().emplace(test, claim);
}

const Claim& claim_of(const std::string& test) {
    static const Claim none = {"", "", ""};
    const auto found = claims().find(test);
    return found == claims().end() ? none : found->second;
}

void run_test(const Claim& claim, void (*body)()) {
    ::testing::Test::RecordProperty("id", claim.id);
    ::testing::Test::RecordProperty("source", claim.source);
    ::testing::Test::RecordProperty("confidence", claim.confidence);
    SCOPED_TRACE(std::string(claim.id) + ", " + claim.source + ", confidence " + claim.confidence);
    try {
        body();
    } catch (const CannotTest& obstacle) {
        if (obstacle.missing && everything_must_be_there()) FAIL() << obstacle.reason;
        record(RowKind::unsupported, JsonObject().text("reason", obstacle.reason).str());
        GTEST_SKIP() << obstacle.reason;
    }
}

std::string describe_status(NTSTATUS status) {
    std::ostringstream text;
    if (const char* name = status_name(status)) text << name << " ";
    text << "(0x" << std::hex << std::setw(8) << std::setfill('0') << static_cast<ULONG>(status) << ")";
    return text.str();
}

::testing::AssertionResult is_in_list(NTSTATUS actual, std::initializer_list<NTSTATUS> expected) {
    std::string wanted;
    bool found = false;
    for (const NTSTATUS status : expected) {
        found = found || actual == status;
        wanted += (wanted.empty() ? "" : " or ") + describe_status(status);
    }
    observe_expectation("is_one_of", wanted, actual);
    if (found) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << describe_status(actual) << " instead of " << wanted;
}

::testing::AssertionResult compare_status(const char* expected_text, const char* actual_text,
                                          NTSTATUS expected, NTSTATUS actual) {
    observe_expectation(actual_text, describe_status(expected), actual);
    if (expected == actual) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << actual_text << " gave " << describe_status(actual) << ", expected " << expected_text << " "
           << describe_status(expected);
}

}  // namespace ntalpc::conformance
