// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that is followed from system call to system call, and struck at the one with a given number.
//
// A step is a stop before or after a system call of any of its threads. What another process can see of a
// process changes only by its system calls, or by what it writes to shared memory between two of them; for
// the latter there are instructions, which count while the process says that it is at something critical.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string_view>

#include "conformance/faults/stage.h"

namespace ntalpc::faults {

enum class Kind {
    none,
    kill,              // SIGKILL at a step
    kill_instruction,  // SIGKILL after an instruction of a critical part
    stop,              // SIGSTOP at a step
    fail_call,         // a system call that makes a descriptor or a mapping fails
    fail_allocation,
    few_descriptors,  // it may open only as many more as the number of the step
};

std::string_view name_of(Kind kind);

struct Fault {
    Kind kind = Kind::none;
    unsigned step = 0;  // from 1
};

class Victim {
  public:
    // `state` says when instructions count; nullptr for a process that is not a party.
    Victim(pid_t process, Fault fault, PartyState* state) : process_(process), fault_(fault), state_(state) {}
    Victim(const Victim&) = delete;
    Victim& operator=(const Victim&) = delete;
    // Lets it go, if it still lives.
    ~Victim();

    // Begins to follow it; it has one thread.
    void seize();
    bool owns(pid_t thread) const { return threads_.contains(thread); }
    // What waitpid() says about one of its threads, or about a thread that nobody knows.
    void changed(pid_t thread, int status);

    pid_t process() const { return process_; }
    unsigned steps() const { return steps_; }
    bool struck() const { return struck_; }
    // After Kind::stop.
    void go_on();

  private:
    void stopped(pid_t thread, int status);
    void count(pid_t thread);
    void count_instruction(pid_t thread);
    bool matters(pid_t thread);
    void strike(pid_t thread);
    void stop_all(pid_t thread);
    void resume(pid_t thread, int signal = 0);

    const pid_t process_;
    const Fault fault_;
    PartyState* const state_;
    std::set<pid_t> threads_;  // that are followed
    pid_t single_stepped_ = 0;
    pid_t failing_ = 0;  // the thread whose call is to fail, with error_
    int error_ = 0;
    unsigned steps_ = 0;
    bool struck_ = false;
};

// The state of the only or first thread, as in /proc/PID/stat; 0 for a process that has gone.
char state_of_process(pid_t process);
// Whether all of its threads wait for something, or it has gone.
bool is_quiet(pid_t process);

}  // namespace ntalpc::faults
