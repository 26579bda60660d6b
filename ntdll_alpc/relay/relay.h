// SPDX-License-Identifier: LGPL-2.1-or-later
// What is shown of a program's calls, and where to.
#pragma once

#include <memory>
#include <string>

#include "ntalpc/unique_fd.h"
#include "relay/call_record.h"
#include "relay/patterns.h"

namespace ntalpc::relay {

// Who makes a call, for the reader.
struct Caller {
    std::string thread;        // "0020:0024"
    std::string module;        // the name of its file, empty where there is none
    std::uint64_t offset = 0;  // in the module
};

class Relay {
  public:
    // As alpcrun --relay asks for it in the environment (ntalpc/relay_variables.h); nullptr when it does not.
    static std::unique_ptr<Relay> from_environment();
    Relay(const Patterns& calls, const Patterns& modules, UniqueFd file)
        : calls_(calls), modules_(modules), file_(std::move(file)) {}

    // Whether calls of that name are shown at all.
    bool wants(const RelayCall& call) const { return calls_.match(call.name); }

    // To be told of the beginning of each call, and of the end of those that it shows. `caller_of` gives a
    // Caller.
    template <class CallerOf>
    void tell(CallRecord& record, const CallerOf& caller_of) const {
        const Caller caller = caller_of(record.caller);
        if (!record.ended && !modules_.match(caller.module)) return;
        record.shown = true;
        write_line(record.ended ? end_line(record, caller) : begin_line(record, caller));
        if (!record.ended) record.began = now();
    }

  private:
    static std::int64_t now();
    static std::string begin_line(const CallRecord& record, const Caller& caller);
    static std::string end_line(const CallRecord& record, const Caller& caller);
    void write_line(std::string line) const;

    const Patterns calls_, modules_;
    const UniqueFd file_;
};

}  // namespace ntalpc::relay
