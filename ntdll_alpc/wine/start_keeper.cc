// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting a keeper: a Windows program of ours that stands in the overlay.
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "core/host_passing.h"
#include "ntalpc/status.h"

extern char** environ;

namespace ntalpc::host {

namespace {

// Beside the directory of this library.
std::string keeper_program() {
    Dl_info info = {};
    if (!dladdr(reinterpret_cast<void*>(&start_keeper), &info) || !info.dli_fname) return {};
    const std::string library = info.dli_fname;
    return library.substr(0, library.rfind('/')) + "/../x86_64-windows/ntalpc_keeper.exe";
}

// The keeper begins with the signals of a program that was started by hand: this thread blocks some.
class CleanSignals {
  public:
    CleanSignals() {
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    }
    CleanSignals(const CleanSignals&) = delete;
    CleanSignals& operator=(const CleanSignals&) = delete;
    ~CleanSignals() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_;
};

}  // namespace

// Through a shell, which leaves it to init: the keeper outlives this process, and is nobody's to wait for.
NtStatus start_keeper() {
    const char* const loader = std::getenv("WINELOADER");
    const std::string program = keeper_program();
    if (!loader || program.empty()) {
        log(LogLevel::error,
            "handles cannot be passed: WINELOADER is not set; start the program with alpcrun");
        return STATUS_NOT_SUPPORTED;
    }
    std::string name = "sh", option = "-c", wine = loader, exe = program;
    std::string command = "cd / && exec \"$0\" \"$1\" </dev/null >/dev/null 2>&1 &";
    char* const arguments[] = {name.data(), option.data(), command.data(), wine.data(), exe.data(), nullptr};
    const CleanSignals signals;
    pid_t shell = 0;
    int outcome = 0;
    const int failure = posix_spawn(&shell, "/bin/sh", nullptr, signals.get(), arguments, environ);
    if (failure == 0) {
        while (waitpid(shell, &outcome, 0) < 0 && errno == EINTR) continue;
        return STATUS_SUCCESS;
    }
    log(LogLevel::error, "handles cannot be passed: /bin/sh cannot be run to start ntalpc_keeper.exe");
    return STATUS_INSUFFICIENT_RESOURCES;
}

}  // namespace ntalpc::host
