// SPDX-License-Identifier: LGPL-2.1-or-later
// One party of a conversation: a process of its own that makes calls and says what each came to.
//
// Without a fault every call succeeds. With one, a call may end with a status that the conversation lists,
// because that is what is documented for the end of another party; then the conversation is over for this
// party, and it closes what it has. Any other status is a finding.
#pragma once

#include <span>
#include <string>

#include "conformance/faults/stage.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::faults {

// Thrown when the conversation cannot go on for this party.
struct CutShort {};

class Party {
  public:
    Party(Stage& stage, std::size_t index, std::string port_name, std::span<const NTSTATUS> documented,
          bool lacks_something)
        : stage_(stage),
          state_(stage.party(index)),
          index_(index),
          port_name_(std::move(port_name)),
          documented_(documented),
          lacks_something_(lacks_something) {}

    // "\RPC Control\..." for this run; another suffix is another name.
    std::string port_name(const char* suffix = "") const { return port_name_ + suffix; }

    // Somebody gets too little of something in this run, so what is only better may be left out.
    bool lacks_something() const { return lacks_something_; }

    // A call that has come to a status. CutShort unless that is success.
    void call(const char* name, NTSTATUS status);
    // As above, for a server that goes on with its other clients: false when this one has gone.
    bool tried(const char* name, NTSTATUS status);
    // Something that must be true whoever has gone.
    void require(const char* what, bool is_so);

    // For others to wait for.
    void announce() { stage_.announce(index_); }
    // CutShort when the other one has ended before.
    void wait_for(std::size_t other);

    // A call that works on shared memory: here a party may end between any two instructions. Once is enough
    // for what is done many times, because each instruction is a run.
    template <class Function>
    void critical_if(bool this_time, Function function) {
        if (this_time) begin_critical();
        function();
        state_.critical = 0;
    }

  private:
    void begin_critical();

    Stage& stage_;
    PartyState& state_;
    const std::size_t index_;
    const std::string port_name_;
    const std::span<const NTSTATUS> documented_;
    const bool lacks_something_;
};

}  // namespace ntalpc::faults
