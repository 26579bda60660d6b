// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of several processes: the test program starts itself again, with a part to play instead of tests.
#pragma once

#include <string>
#include <vector>

namespace ntalpc::conformance {

// Plays a part in a started process and returns its exit status. `arguments` are what the test passed.
using Part = int (*)(const std::vector<std::string>& arguments);

// Makes a part known by its name; to be called while the program starts.
bool add_part(const char* name, Part part);

// In a started process: plays the part named on the command line. False when there is none.
bool play_part(int argc, char** argv, int* exit_status);

// Another process of this program, which plays a part. Arguments have no blanks.
class Process {
  public:
    Process(const std::string& part, const std::vector<std::string>& arguments);
    ~Process();
    Process(Process&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Waits for its end; its exit status, or -1 for a process that died in another way or was never there.
    int wait();

  private:
    void* handle_ = nullptr;  // what the system knows it by
};

}  // namespace ntalpc::conformance
