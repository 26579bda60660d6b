// SPDX-License-Identifier: LGPL-2.1-or-later
// The file of rows, see recorder.h. A line is a kind, a thread and a JSON object.
#include "conformance/harness/recorder.h"

#include <atomic>
#include <cstdio>
#include <mutex>

#include "conformance/harness/json.h"
#include "conformance/harness/test.h"

namespace ntalpc::conformance {

namespace {

std::FILE* file = nullptr;  // open until the process ends
std::mutex mutex;
std::atomic<int> threads{1};
thread_local int thread_number = unordered_thread;
thread_local int unrecorded = 0;

}  // namespace

bool is_recording() {
    return file != nullptr;
}

bool start_recording(const std::string& path) {
    file = std::fopen(path.c_str(), "wb");
    set_thread_number(0);
    return file != nullptr;
}

void record(RowKind kind, const std::string& json) {
    if (!file || (kind == RowKind::observation && unrecorded != 0)) return;
    const std::lock_guard lock(mutex);
    std::fprintf(file, "%c\t%d\t%s\n", static_cast<char>(kind), thread_number, json.c_str());
    std::fflush(file);
}

Unrecorded::Unrecorded() {
    ++unrecorded;
}

Unrecorded::~Unrecorded() {
    --unrecorded;
}

void observe(std::string_view name, std::string_view value) {
    if (is_recording())
        record(RowKind::observation, JsonObject().text("name", name).text("value", value).str());
}

void observe_flag(std::string_view name, bool value) {
    if (is_recording())
        record(RowKind::observation, JsonObject().text("name", name).flag("value", value).str());
}

void observe_number(std::string_view name, long long value) {
    if (is_recording())
        record(RowKind::observation, JsonObject().text("name", name).number("value", value).str());
}

void observe_status(std::string_view name, NTSTATUS status) {
    observe(name, std::string_view(describe_status(status)));
}

void observe_expectation(std::string_view call, std::string_view expected, NTSTATUS actual) {
    if (!is_recording()) return;
    record(RowKind::observation, JsonObject()
                                     .text("expression", call)
                                     .text("expected", expected)
                                     .text("status", describe_status(actual))
                                     .str());
}

int next_thread_number() {
    return threads++;
}

void set_thread_number(int number) {
    thread_number = number;
}

}  // namespace ntalpc::conformance
