// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from the world it runs in. Each host (ntdll_alpc/native, ntdll_alpc/wine) defines every
// function declared here once; the core is linked with exactly one host. Nothing here depends on NT headers,
// so that the Wine host may include Wine's own and the core ours.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ntalpc/unique_fd.h"

namespace ntalpc::host {

using NtStatus = std::int32_t;
using NtHandle = void*;

// Which state of which token: another one after each change.
struct TokenStamp {
    std::uint64_t token_id = 0;
    std::uint64_t modified_id = 0;
    bool operator==(const TokenStamp&) const = default;
};

// Asked for once per process, when it first talks to the server. Times are NT times (100 ns since 1601).
struct ProcessFacts {
    std::uint64_t process_id = 0;  // what GetCurrentProcessId() says in the program's own world
    std::int64_t creation_time = 0;
    std::uint32_t session_id = 0;
    std::string image_path;        // UTF-8, for logs and the inspector
    std::uint64_t world = 0;       // as register_process has it
    std::vector<std::byte> token;  // encoded; empty: the server knows best
    TokenStamp token_stamp;
};

// Asked for once per thread.
struct ThreadFacts {
    std::uint64_t thread_id = 0;
    std::int64_t creation_time = 0;
};

ProcessFacts process_facts();
ThreadFacts thread_facts();

// Turns a capability socket into an NT handle of the program. `attributes` are OBJ_* bits; only OBJ_INHERIT
// matters. The descriptor is consumed whatever the outcome.
NtStatus install_handle(UniqueFd capability, std::uint32_t access, std::uint32_t attributes,
                        NtHandle* handle);

// Gives a duplicate of the descriptor behind a handle. STATUS_INVALID_HANDLE when there is no such handle,
// STATUS_OBJECT_TYPE_MISMATCH when the handle cannot be one of ours.
NtStatus duplicate_descriptor(NtHandle handle, UniqueFd* descriptor);

void close_handle(NtHandle handle);

// The number of the capability behind a handle (core/capability_cache.h), where the host keeps it; 0 when the
// descriptor has to be asked.
std::uint64_t known_cookie(NtHandle handle);

// Another number, which no process has had, after each handle that has become invalid; 0 where handles may do
// so without the host's hearing of it.
std::uint64_t handles_version();

// A directory of the program's object namespace: its absolute path, or an id that only those learn who have a
// handle to it, for one that no path leads to.
struct DirectoryFacts {
    std::u16string path;
    std::uint64_t id_low = 0;
    std::uint64_t id_high = 0;
};
// The one behind a RootDirectory handle. STATUS_INVALID_HANDLE for a handle to something else, too
// (lpc-semantics 14).
NtStatus find_directory(NtHandle handle, DirectoryFacts* directory);
// Where a path leads to, with the links that the program has made. Of the OBJ_* bits only
// OBJ_CASE_INSENSITIVE matters. False when there is no such directory.
bool find_directory(const std::u16string& path, std::uint32_t attributes, std::u16string* real_path);

// Copies between core memory and memory that the program named. They return false, having possibly copied a
// prefix, when any byte is not accessible; they never raise a signal.
bool copy_from_program(void* to, const void* program_memory, std::size_t size);
bool copy_to_program(void* program_memory, const void* from, std::size_t size);

// Finds out whether memory of the program can be written to, by doing so with one byte of each page. At least
// one byte; the range does not wrap. False when any page is not accessible.
bool probe_program(void* program_memory, std::size_t size);

// One atomic step on an aligned word that threads of the program change too, sequentially consistent: when it
// holds `*expected` it becomes `desired`, else `*expected` becomes what it holds. False when it is not
// accessible.
bool exchange_in_program(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired);

// Runs a function of the core on a new thread of the program, which nobody waits for.
NtStatus start_thread(void (*function)(void* argument), void* argument);

// Surrounds every call of the core: what must not be torn apart by an asynchronous termination of the thread
// (socket exchanges, tables) happens inside. Wine threads are suspended and terminated by signals, so that
// host blocks them here and lets them through only in wait_readable().
class CallGuard {
  public:
    CallGuard();
    ~CallGuard();
    CallGuard(const CallGuard&) = delete;
    CallGuard& operator=(const CallGuard&) = delete;

    // Comes before a blocking read of `fd`. A host whose threads need care waits here until `fd` is readable
    // or hung up; the thread may be suspended, or terminated for good, in here and nowhere else inside a
    // call, so the caller holds no lock and no unregistered resource. Other hosts return at once.
    void wait_readable(int fd);

    // Sleeps on a word of memory that may be shared with other processes, unless it differs from `expected`.
    // Returns when it is woken, and possibly for no reason. As above, the thread may be suspended or
    // terminated in here.
    void wait_word(const std::atomic<std::uint32_t>& word, std::uint32_t expected);
    // The same with the low half of a word of 64 bits, for so many nanoseconds at most; -1: without a limit.
    void wait_word_for(const std::atomic<std::uint64_t>& word, std::uint32_t expected, std::int64_t limit);

    // Sleeps until an epoll descriptor has events, for so many nanoseconds at most; -1: without a limit.
    // Returns how many there are; possibly none. As above, the thread may be suspended or terminated in here.
    std::size_t wait_events(int epoll, std::span<epoll_event> events, std::int64_t limit);

  private:
    alignas(16) unsigned char saved_[128];  // the signal mask to return to, for hosts that need one
};

// Whether a call that waits alertably can be left in the middle (core/left_call.h). Where nothing interrupts
// a wait it is not worth it.
bool can_leave_calls();

// Nothing needs to be said any more about the answer to a left call that was to come on this socket.
void forget_left_call(int fd);

// The directory that stands for the Wine prefix: one server serves one user and prefix.
std::string prefix_path();

// Where to find the server binary: a directory beside the library, or empty when only the configured one
// counts.
std::string server_binary_hint();

enum class LogLevel { error, fixme, trace };
// One line, without the newline. Under Wine this is the debug channel `alpc`.
void log(LogLevel level, const char* line);
bool log_enabled(LogLevel level);

}  // namespace ntalpc::host
