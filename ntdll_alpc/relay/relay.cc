// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/relay.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "core/file_size_signal.h"
#include "core/host.h"
#include "ntalpc/relay_variables.h"
#include "relay/decode.h"
#include "relay/values.h"

namespace ntalpc::relay {

namespace {

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

// Lines of several processes may go to one file, so each is written at its end in one piece.
UniqueFd open_output(std::string_view path) {
    if (path.empty()) return UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
    UniqueFd file(open(std::string(path).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (file) return file;
    const std::string complaint = "the relay trace goes to standard error: cannot write " +
                                  std::string(path) + ": " + std::strerror(errno);
    host::log(host::LogLevel::error, complaint.c_str());
    return UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
}

}  // namespace

std::unique_ptr<Relay> Relay::from_environment() {
    const std::string_view calls = variable(kRelayCallsVariable);
    if (calls.empty()) return nullptr;
    return std::make_unique<Relay>(Patterns(calls), Patterns(variable(kRelayModulesVariable)),
                                   open_output(variable(kRelayFileVariable)));
}

std::int64_t Relay::now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string Relay::begin_line(const CallRecord& record, const Caller& caller) {
    std::string line = caller.thread + " Call " + record.call->name + "(";
    line += arguments_text(*record.call, record.values) + ") from ";
    return line + (caller.module.empty() ? hex_text(reinterpret_cast<std::uintptr_t>(record.caller))
                                         : caller.module + "+" + hex_text(caller.offset));
}

std::string Relay::end_line(const CallRecord& record, const Caller& caller) {
    const std::int64_t duration = now() - record.began;
    std::string line = caller.thread + " Ret  " + record.call->name;
    if (const std::string result = result_text(*record.call, record.result); !result.empty())
        line += " = " + result;
    const std::string outputs = outputs_text(*record.call, record.values, record.result);
    if (!outputs.empty()) line += " (" + outputs + ")";
    char time[40];
    std::snprintf(time, sizeof(time), " after %.3f ms", static_cast<double>(duration) / 1e6);
    return line + time;
}

void Relay::write_line(std::string line) const {
    line += '\n';
    // The program goes on without its trace when nobody can be told.
    const core::NoFileSizeSignal mine;
    [[maybe_unused]] const ssize_t written = write(file_.get(), line.data(), line.size());
}

}  // namespace ntalpc::relay
