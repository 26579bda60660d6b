// SPDX-License-Identifier: LGPL-2.1-or-later
// What a recorder costs those who are recorded: a round trip through the server while somebody records,
// without and with payload, against the same while nobody does.
#include "bench/cases.h"
#include "bench/conversations.h"

#ifndef _WIN32

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace ntalpc::bench {

namespace {

constexpr const char* kTool = "tools/alpctrace/alpctrace";

// Records in a process of its own while this object lives.
class Recorder {
  public:
    explicit Recorder(const std::string& option) {
        int said[2];
        if (pipe2(said, O_CLOEXEC) != 0) fail("cannot make a pipe; close some programs");
        child_ = fork();
        if (child_ == 0) {
            dup2(said[1], STDERR_FILENO);
            execl(kTool, kTool, "attach", "-o", "/dev/null", option.c_str(), nullptr);
            _exit(127);
        }
        close(said[1]);
        char line[256];
        // It says so when it records.
        const bool records = child_ > 0 && read(said[0], line, sizeof(line)) > 0;
        close(said[0]);
        if (!records) fail(std::string("cannot run ") + kTool + "; run make first, in this directory");
    }
    ~Recorder() {
        kill(child_, SIGINT);
        waitpid(child_, nullptr, 0);
    }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

  private:
    pid_t child_;
};

class Recorded final : public Contestant {
  public:
    Recorded(std::unique_ptr<Contestant> conversation, const std::string& option)
        : conversation_(std::move(conversation)), option_(option) {}
    void begin_turn() override {
        recorder_.emplace(option_);
        conversation_->begin_turn();
    }
    void end_turn() override {
        conversation_->end_turn();
        recorder_.reset();
    }
    void round() override { conversation_->round(); }

  private:
    const std::unique_ptr<Contestant> conversation_;
    const std::string option_;
    std::optional<Recorder> recorder_;
};

Entrant recorded_round_trip(const std::string& option) {
    return {"recorded", [option](const Placement& placement) {
                return std::make_unique<Recorded>(alpc_round_trip(64).make(placement), option);
            }};
}

Case tracing(const char* name, const char* option) {
    Case made;
    made.name = std::string("tracing/") + name;
    made.title = "a request and its answer while somebody records, against nobody";
    made.run = [option](const Settings& settings) {
        Entrant alone = alpc_round_trip(64);
        alone.name = "unrecorded";
        return Result{take_turns({recorded_round_trip(option), alone}, {{}, settings.budget(3e8)})};
    };
    return made;
}

}  // namespace

void add_tracing_cases(std::vector<Case>& cases) {
    if (!std::filesystem::exists(kTool)) return;
    cases.push_back(tracing("metadata", "--payload=0"));
    cases.back().targets = {{Bound::at_most, 1.3, "unrecorded"}};
    cases.push_back(tracing("payload", "--payload"));
}

}  // namespace ntalpc::bench

#else

namespace ntalpc::bench {

void add_tracing_cases(std::vector<Case>&) {}

}  // namespace ntalpc::bench

#endif
