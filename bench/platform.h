// SPDX-License-Identifier: LGPL-2.1-or-later
// What a benchmark needs of its system beside the calls themselves: cores, children, its own name.
#pragma once

#include <string>
#include <vector>

namespace ntalpc::bench {

inline constexpr int kAnyCore = -1;
// Where a child finds the first descriptor that it inherits.
inline constexpr int kInheritedDescriptor = 3;

// Says what is wrong and what to do, and ends the program.
[[noreturn]] void fail(const std::string& sentence);

// The cores that this program may use.
const std::vector<int>& usable_cores();
// The calling thread, and threads and processes that it starts from now on.
void run_on_core(int core);
// alpcserver's, where this program may move it. Without effect elsewhere.
void run_server_on_core(int core);

unsigned long process_id();
// "native" or "wine".
const char* world();
void end_process(int exit_code);

// Bytes of memory that the processes take: their own, and their part of what they share. 0 where it cannot be
// known.
double memory_of(const std::vector<unsigned long>& processes);
unsigned long server_process();
// How many handles a process and alpcserver may have: the number of connections that fit.
int most_connections();

// This program again, in a part of its own (see roles.h). It ends when its standard input ends.
class Child {
  public:
    // It inherits the descriptors, which it finds from kInheritedDescriptor on.
    Child(const std::string& role, const std::vector<std::string>& arguments, int core = kAnyCore,
          const std::vector<int>& descriptors = {});
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    // One line that the child has written; fails when there is none.
    std::string read_line();
    void write_line(const std::string& line);
    unsigned long id() const { return id_; }

  private:
    struct System;
    System* system_;
    unsigned long id_ = 0;
    std::string role_;
    std::string buffered_;
};

}  // namespace ntalpc::bench
