// SPDX-License-Identifier: LGPL-2.1-or-later
// The native host: a Linux process without Wine.
#include "core/host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/channel.h"
#include "core/file_size_signal.h"
#include "core/list_registrations.h"
#include "core/message_views.h"
#include "native/events.h"
#include "native/guarded_copy.h"
#include "native/handle_table.h"
#include "ntalpc/server_location.h"
#include "ntalpc/status.h"

namespace ntalpc::host {

namespace {

// After a fork the child is a process of its own, with no handles and no channel.
void forget_parent() {
    native::HandleTable::instance().forget();
    native::forget_direct_events();
    core::Channel::forget_after_fork();
    core::ListRegistrations::instance().forget_after_fork();
    core::forget_views_after_fork();
}

[[maybe_unused]] const int at_fork =
    pthread_atfork(core::Channel::before_fork, core::Channel::after_fork_in_parent, forget_parent);

// NTALPC_DEBUG=error, fixme or trace; errors are shown unless it says otherwise.
LogLevel chosen_level() {
    const char* const text = std::getenv("NTALPC_DEBUG");
    if (text && std::strcmp(text, "trace") == 0) return LogLevel::trace;
    if (text && std::strcmp(text, "error") == 0) return LogLevel::error;
    return LogLevel::fixme;
}

}  // namespace

NtStatus install_handle(UniqueFd capability, std::uint32_t, std::uint32_t, NtHandle* handle) {
    return native::HandleTable::instance().add(std::move(capability), handle);
}

NtStatus duplicate_descriptor(NtHandle handle, UniqueFd* descriptor) {
    return native::HandleTable::instance().duplicate(handle, descriptor);
}

void close_handle(NtHandle handle) {
    native::HandleTable::instance().close(handle);
}

std::uint64_t handles_version() {
    return native::HandleTable::instance().version();
}

std::uint64_t known_cookie(NtHandle handle) {
    return native::HandleTable::instance().cookie(handle);
}

// A native process has no handles to directories.
NtStatus find_directory(NtHandle, DirectoryFacts*) {
    return STATUS_INVALID_HANDLE;
}

bool find_directory(const std::u16string&, std::uint32_t, std::u16string*) {
    return false;
}

bool copy_from_program(void* to, const void* program_memory, std::size_t size) {
    return native::guarded_copy(to, program_memory, size);
}

bool copy_to_program(void* program_memory, const void* from, std::size_t size) {
    return native::guarded_copy(program_memory, from, size);
}
bool probe_program(void* program_memory, std::size_t size) {
    return native::guarded_probe(program_memory, size);
}

bool exchange_in_program(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired) {
    return native::guarded_exchange(word, expected, desired);
}

// Native threads are not terminated from outside.
CallGuard::CallGuard() {
    saved_[0] = 0;
}
CallGuard::~CallGuard() = default;
void CallGuard::wait_readable(int) {}

std::string prefix_path() {
    return prefix_from_environment();
}

// Beside an installed library, or where the build tree has it.
std::string server_binary_hint() {
    Dl_info found;
    if (!dladdr(reinterpret_cast<const void*>(&chosen_level), &found) || !found.dli_fname) return {};
    const auto directory = std::filesystem::path(found.dli_fname).parent_path();
    for (const auto& candidate : {directory / "ntalpc", directory / "../server"}) {
        if (access((candidate / "alpcserver").c_str(), X_OK) == 0) return candidate.string();
    }
    return {};
}

bool log_enabled(LogLevel level) {
    static const LogLevel chosen = chosen_level();
    return level <= chosen;
}

void log(LogLevel level, const char* line) {
    if (!log_enabled(level)) return;
    const core::NoFileSizeSignal mine;
    std::fprintf(stderr, "ntalpc: %s\n", line);
}

}  // namespace ntalpc::host
