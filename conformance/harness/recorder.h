// SPDX-License-Identifier: LGPL-2.1-or-later
// What a test saw, beyond having passed or failed: every call that it makes through api() with its status and
// what came back, every status that it expected, and what it observes by name. A run on Windows so answers
// questions that nobody had when the test was written.
//
// The rows go to a file line by line, so that a test that crashes or hangs leaves what it saw until then.
// Threads take turns as they like, so each row carries its thread: within one the order is exact. While
// nothing is recorded all of this costs a test of one flag.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "ntalpc/ntalpc.h"

namespace ntalpc::conformance {

enum class RowKind : char {
    observation = 'o',
    failure = 'f',
    skipped = 's',
    unsupported = 'u',  // skipped because a call is not there
    end = 'e',
};

bool is_recording();
// False when the file cannot be written.
bool start_recording(const std::string& path);
void record(RowKind kind, const std::string& json);

// For tests: a value worth knowing. It must be the same in every run where the system behaves the same.
void observe(std::string_view name, std::string_view value);
void observe_flag(std::string_view name, bool value);
void observe_number(std::string_view name, long long value);
void observe(std::string_view name, std::integral auto value) {
    if constexpr (std::same_as<decltype(value), bool>) {
        observe_flag(name, value);
    } else {
        observe_number(name, static_cast<long long>(value));
    }
}
void observe_status(std::string_view name, NTSTATUS status);

// While it lives this thread observes nothing: for what happens as often as chance has it.
class Unrecorded {
  public:
    Unrecorded();
    ~Unrecorded();
    Unrecorded(const Unrecorded&) = delete;
    Unrecorded& operator=(const Unrecorded&) = delete;
};

// A status that was expected, in the words of the test.
void observe_expectation(std::string_view call, std::string_view expected, NTSTATUS actual);

// The number of a thread in the rows: 0 for the one that runs the test, then in the order in which the test
// makes them. A thread without a number has unordered_thread, and the order of its rows means nothing.
constexpr int unordered_thread = -1;
int next_thread_number();
void set_thread_number(int number);

}  // namespace ntalpc::conformance
