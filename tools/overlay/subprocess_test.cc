// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of running helper programs.
#include "overlay/subprocess.h"

#include <gtest/gtest.h>

namespace ntalpc {
namespace {

Command shell(const std::string& script) {
    return {.arguments = {"/bin/sh", "-c", script}};
}

TEST(Subprocess, ReportsExitCodesAndSignals) {
    EXPECT_EQ(run_command(shell("exit 7"))->exit_code, 7);
    EXPECT_EQ(run_command(shell("kill -9 $$"))->exit_code, 128 + 9);
}

TEST(Subprocess, HasEmptyInputAndTheEnvironmentAskedFor) {
    setenv("NTALPC_TEST_KEPT", "kept", 1);
    setenv("NTALPC_TEST_CHANGED", "old", 1);
    Command command = shell("cat; echo $NTALPC_TEST_KEPT $NTALPC_TEST_CHANGED; echo noise >&2");
    command.environment["NTALPC_TEST_CHANGED"] = "new";
    const Result<CommandOutcome> outcome = capture_output(command);
    ASSERT_TRUE(outcome) << outcome.error().sentence;
    EXPECT_EQ(outcome->output, "kept new\n");
}

TEST(Subprocess, EndsWhatTakesTooLong) {
    Command command{.arguments = {"/bin/sleep", "60"}, .limit = std::chrono::milliseconds(20)};
    const Result<CommandOutcome> outcome = run_command(command);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->timed_out);
    command.arguments = {"/bin/true"};
    command.limit = std::chrono::seconds(60);
    EXPECT_FALSE(run_command(command)->timed_out);
}

TEST(Subprocess, SaysWhatCannotBeRun) {
    Command command = shell("");
    command.arguments[0] = "/no/such/program";
    const Result<CommandOutcome> outcome = run_command(command);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().sentence.find("/no/such/program"), std::string::npos);
}

}  // namespace
}  // namespace ntalpc
