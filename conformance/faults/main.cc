// SPDX-License-Identifier: LGPL-2.1-or-later
// fault_check: strikes each party of each conversation at each of its steps, and says what it found. The last
// line is "N passed, N failed", where one row of the table counts as one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/faults/conversation_run.h"
#include "conformance/faults/failing_allocations.h"
#include "conformance/faults/hostile.h"

namespace {

using namespace ntalpc::faults;

struct Options {
    std::string conversation, victim, kind;  // empty: all
    unsigned every = 1;                      // a sample of the steps
    unsigned step = 0;                       // this one alone
    bool list = false;
};

constexpr const char* kUsage =
    "usage: fault_check [--conversation=NAME] [--victim=NAME] [--kind=NAME] [--every=N] [--step=N] [--list]\n"
    "Strikes each party of each conversation, the server among them, at each of its steps.\n"
    "  --kind=NAME   kill, kill-instruction, stop, fail-call, fail-allocation or few-descriptors;\n"
    "                wrong-lengths, wrong-headers, odd-values, foreign-ids, odd-descriptors, broken-orders\n"
    "  --every=N     a sample: each N-th step\n"
    "  --step=N      this step alone\n"
    "  --list        only says which conversations and parties there are\n";

// The number after an option, or 0.
unsigned number_in(const std::string& text) {
    return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10));
}

bool parse(int argc, char** argv, Options* options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string_view name = word.substr(0, equals);
        const std::string value(equals < word.size() ? word.substr(equals + 1) : "");
        if (name == "--conversation") {
            options->conversation = value;
        } else if (name == "--victim") {
            options->victim = value;
        } else if (name == "--kind") {
            options->kind = value;
        } else if (name == "--every" && number_in(value) > 0) {
            options->every = number_in(value);
        } else if (name == "--step" && number_in(value) > 0) {
            options->step = number_in(value);
        } else if (word == "--list") {
            options->list = true;
        } else {
            std::fprintf(stderr, "fault_check: %s is no option\n%s", argv[i], kUsage);
            return false;
        }
    }
    return true;
}

struct Row {
    const Conversation& conversation;
    std::size_t victim;
    Kind kind;

    const char* victim_name() const {
        return victim == kServer ? "alpcserver" : conversation.roles[victim].name;
    }
};

std::vector<Row> rows(const Options& options) {
    std::vector<Row> result;
    for (const Conversation& conversation : conversations()) {
        if (!options.conversation.empty() && options.conversation != conversation.name) continue;
        for (const Kind kind : {Kind::kill, Kind::kill_instruction, Kind::stop, Kind::fail_call,
                                Kind::fail_allocation, Kind::few_descriptors}) {
            if (!options.kind.empty() && options.kind != name_of(kind)) continue;
            for (std::size_t i = 0; i <= conversation.roles.size(); ++i) {
                const Row row = {conversation, i == conversation.roles.size() ? kServer : i, kind};
                if (!options.victim.empty() && options.victim != row.victim_name()) continue;
                if (kind == Kind::kill_instruction && row.victim == kServer) continue;
                result.push_back(row);
            }
        }
    }
    return result;
}

bool wanted(const Options& options, const HostileRow& row) {
    return options.conversation.empty() && options.victim.empty() &&
           (options.kind.empty() || options.kind == row.name);
}

class Check {
  public:
    Check(const Options& options, const std::string& server) : options_(options), server_(server) { renew(); }

    void operator()(const Row& row) {
        const auto begin = std::chrono::steady_clock::now();
        unsigned faults = 0, findings = 0, steps = 0;
        // Where a sample begins is another step in each row.
        const unsigned first = options_.step ? options_.step : 1 + rows_ % options_.every;
        for (unsigned step = first; findings < kMostFindings; step += options_.every) {
            const RunResult result = strike(row, {row.kind, step});
            steps = std::max(steps, result.steps);
            if (!result.problem.empty()) {
                ++findings;
                std::printf("%s, %s, %s at step %u: %s\n", row.conversation.name, row.victim_name(),
                            std::string(name_of(row.kind)).c_str(), step, result.problem.c_str());
                renew();
            }
            if (result.struck) ++faults;
            if (!result.struck || options_.step) break;
        }
        ++rows_;
        if (row.kind == Kind::kill_instruction && faults == 0 && findings == 0)
            return;  // it has nothing critical
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("%-20s %-10s %-16s %5u steps %5u faults %3u findings %6.1f s\n", row.conversation.name,
                    row.victim_name(), std::string(name_of(row.kind)).c_str(), steps, faults, findings,
                    took.count());
        std::fflush(stdout);
        ++(findings == 0 ? passed_ : failed_);
        (row.kind == Kind::kill || row.kind == Kind::kill_instruction ? kill_points_ : others_) += faults;
    }

    void operator()(const HostileRow& row) {
        const auto begin = std::chrono::steady_clock::now();
        unsigned packets = 0;
        std::string problem;
        try {
            problem = attack(row, *around_, &packets);
        } catch (const std::exception& failure) {
            problem = failure.what();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("%-20s %-10s %-16s %5u packets %26s %6.1f s\n", "hostile", "client", row.name, packets,
                    "", took.count());
        if (!problem.empty()) {
            std::printf("hostile %s: %s\n", row.name, problem.c_str());
            renew();
        }
        std::fflush(stdout);
        ++(problem.empty() ? passed_ : failed_);
    }

    int finish() const {
        std::printf("%u points at which a party was killed, %u other faults\n", kill_points_, others_);
        std::printf("%u passed, %u failed\n", passed_, failed_);
        return failed_ == 0 && passed_ > 0 ? 0 : 1;
    }

  private:
    static constexpr unsigned kMostFindings = 5;

    RunResult strike(const Row& row, Fault fault) {
        try {
            RunResult result = run(row.conversation, row.victim, fault, *around_);
            // A server that was the victim has been replaced.
            return result;
        } catch (const std::exception& failure) {
            return {.struck = true, .problem = failure.what()};
        }
    }

    // After a finding nothing is as it was.
    void renew() {
        around_.reset();
        around_ = std::make_unique<Surroundings>(server_);
        if (const std::string wrong = around_->prepare(); !wrong.empty()) throw std::runtime_error(wrong);
    }

    const Options options_;
    const std::string server_;
    std::unique_ptr<Surroundings> around_;
    unsigned rows_ = 0, passed_ = 0, failed_ = 0, kill_points_ = 0, others_ = 0;
};

std::string server_binary() {
    if (const char* const given = std::getenv("NTALPC_SERVER_BINARY")) return given;
    const auto own = std::filesystem::read_symlink("/proc/self/exe");
    return (own.parent_path() / "../../server/alpcserver").lexically_normal();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, &options)) return 1;
    const std::vector<Row> selected = rows(options);
    if (options.list) {
        for (const Row& row : selected)
            std::printf("%s %s %s\n", row.conversation.name, row.victim_name(),
                        std::string(name_of(row.kind)).c_str());
        return 0;
    }
    try {
        FailingAllocations::load(argv);
        Check check(options, server_binary());
        for (const Row& row : selected) check(row);
        for (const HostileRow& row : hostile_rows())
            if (wanted(options, row)) check(row);
        return check.finish();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "fault_check: %s\n", failure.what());
        return 1;
    }
}
