// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/conversation_run.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "conformance/harness/test.h"

namespace ntalpc::faults {

namespace {

using Clock = std::chrono::steady_clock;
// Everything here takes milliseconds; this is what "for ever" means.
constexpr std::chrono::seconds kLimit{10};

// Makes waitpid() return now and then, so that a time limit is noticed.
class Ticks {
  public:
    Ticks() {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        sigaction(SIGALRM, &action, nullptr);
        const itimerval often = {{0, 50'000}, {0, 50'000}};
        setitimer(ITIMER_REAL, &often, nullptr);
    }
};

std::string number_of(NTSTATUS status) {
    return conformance::describe_status(status);
}

class Run {
  public:
    Run(const Conversation& conversation, std::size_t victim, Fault fault, Surroundings& surroundings)
        : conversation_(conversation),
          victim_(victim),
          fault_(fault),
          around_(surroundings),
          name_("\\RPC Control\\faults-" + std::to_string(++surroundings.runs)) {}

    RunResult operator()() {
        around_.stage.clear();
        for (std::size_t i = 0; i < conversation_.roles.size(); ++i) start(i);
        follow();
        around_.stage.open();
        const Clock::time_point limit = Clock::now() + kLimit;
        while (problem_.empty() && living_ > 0) {
            wait_for_change(limit);
            if (fault_.kind == Kind::stop && victim_control_ && victim_control_->struck() && !went_on_)
                hold(limit);
            tell_services();
        }
        if (!problem_.empty()) kill_all();
        RunResult result;
        if (victim_control_) {
            result.struck = victim_control_->struck();
            result.steps = victim_control_->steps();
        }
        victim_control_.reset();
        if (problem_.empty()) look_at_endings(result.struck);
        if (problem_.empty()) problem_ = around_.usher->finish_telling();
        if (problem_.empty()) look_at_server(result.struck);
        result.problem = problem_;
        return result;
    }

  private:
    void start(std::size_t index);
    void follow();
    void wait_for_change(Clock::time_point limit);
    void ended(std::size_t index, int status);
    void hold(Clock::time_point limit);
    void tell_services();
    void kill_all();
    void look_at_endings(bool struck);
    void look_at_server(bool struck);
    bool all_quiet() const;
    bool kills() const { return fault_.kind == Kind::kill || fault_.kind == Kind::kill_instruction; }
    std::string where(std::size_t index) const;

    const Conversation& conversation_;
    const std::size_t victim_;
    const Fault fault_;
    Surroundings& around_;
    const std::string name_;
    std::array<pid_t, kMostParties> processes_{};  // 0: has ended
    std::size_t living_ = 0;
    std::unique_ptr<Victim> victim_control_;
    bool went_on_ = false, told_ = false, server_ended_ = false;
    std::string problem_;
};

[[noreturn]] void play(const Conversation& conversation, std::size_t index, Stage& stage,
                       const std::string& name) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    PartyState& state = stage.party(index);
    stage.wait_until_open();
    try {
        Party party(stage, index, name, conversation.documented);
        conversation.roles[index].play(party);
    } catch (const CutShort&) {
        // Said in the state already.
    } catch (const std::exception&) {
        state.call = "an exception that nobody caught";
        state.ending = Ending::wrong;
    }
    auto expected = Ending::running;
    state.ending.compare_exchange_strong(expected, Ending::complete);
    std::_Exit(0);
}

void Run::start(std::size_t index) {
    const pid_t process = fork();
    if (process == 0) play(conversation_, index, around_.stage, name_);
    if (process < 0) {
        problem_ = "cannot fork";
        return;
    }
    processes_[index] = process;
    ++living_;
}

void Run::follow() {
    if (fault_.kind == Kind::none) return;
    const bool is_server = victim_ == kServer;
    victim_control_ = std::make_unique<Victim>(is_server ? around_.subject.process() : processes_[victim_],
                                               fault_, is_server ? nullptr : &around_.stage.party(victim_));
    victim_control_->seize();
}

void Run::wait_for_change(Clock::time_point limit) {
    int status = 0;
    const pid_t changed = waitpid(-1, &status, __WALL);
    if (changed > 0) {
        if (victim_control_ && (victim_control_->owns(changed) || WIFSTOPPED(status)))
            victim_control_->changed(changed, status);
        if (WIFSTOPPED(status)) return;
        for (std::size_t i = 0; i < processes_.size(); ++i)
            if (processes_[i] == changed) ended(i, status);
        if (changed == around_.subject.process()) {
            server_ended_ = true;
            if (victim_ != kServer || !kills()) problem_ = "the server has ended, " + std::to_string(status);
        }
        if (changed == around_.bystander->process() || changed == around_.usher->process())
            problem_ = "the bystander has ended";
    } else if (errno != EINTR) {
        problem_ = "there is nobody to wait for";
    }
    if (problem_.empty() && Clock::now() > limit) {
        problem_ = "it takes longer than its limit";
        for (std::size_t i = 0; i < conversation_.roles.size(); ++i)
            if (processes_[i] != 0) problem_ += where(i);
    }
}

void Run::ended(std::size_t index, int status) {
    processes_[index] = 0;
    --living_;
    around_.stage.party_ended(index);
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    if (index == victim_ && kills() && was_killed) return;
    problem_ = std::string("a party ended badly, wait status ") + std::to_string(status) + where(index);
}

bool Run::all_quiet() const {
    if (victim_ != kServer && !is_quiet(around_.subject.process())) return false;
    for (std::size_t i = 0; i < processes_.size(); ++i)
        if (processes_[i] != 0 && i != victim_ && !is_quiet(processes_[i])) return false;
    return true;
}

// The victim does not move. The others go on until they wait for it or have ended; who does not depend on it
// goes on.
void Run::hold(Clock::time_point limit) {
    if (victim_ != kServer) problem_ = around_.bystander->converse();
    for (int quiet = 0; quiet < 2 && Clock::now() < limit;) {
        if (all_quiet()) {
            ++quiet;
        } else {
            quiet = 0;
            sched_yield();
        }
    }
    went_on_ = true;
    victim_control_->go_on();
}

// Services end when those who use them have ended.
void Run::tell_services() {
    if (told_) return;
    for (std::size_t i = 0; i < conversation_.roles.size(); ++i)
        if (conversation_.roles[i].service == Service::none && processes_[i] != 0) return;
    told_ = true;
    for (std::size_t i = 0; i < conversation_.roles.size(); ++i)
        if (conversation_.roles[i].service != Service::none && processes_[i] != 0)
            around_.usher->begin_telling(conversation_.roles[i].service, i, name_);
}

void Run::kill_all() {
    for (pid_t& process : processes_) {
        if (process == 0) continue;
        kill(process, SIGKILL);
        while (waitpid(process, nullptr, __WALL) < 0 && errno == EINTR) continue;
        process = 0;
    }
}

void Run::look_at_endings(bool struck) {
    for (std::size_t i = 0; i < conversation_.roles.size(); ++i) {
        const Ending ending = around_.stage.party(i).ending;
        if (struck && i == victim_ && kills()) continue;
        const bool may_be_short = struck && fault_.kind != Kind::stop;
        if (ending == Ending::complete || (ending == Ending::cut_short && may_be_short)) continue;
        problem_ = "undocumented" + where(i);
        return;
    }
}

// What the dead have left goes when the server has seen their hang-ups.
void Run::look_at_server(bool struck) {
    const bool replaced = struck && victim_ == kServer && kills();
    if (replaced) around_.subject.forget();
    problem_ = replaced ? around_.converse() : around_.bystander->converse();
    if (!problem_.empty()) return;
    if (replaced) around_.subject.find();
    const Clock::time_point limit = Clock::now() + std::chrono::seconds(2);
    do {
        const Possessions now = around_.subject.look();
        problem_ = around_.before.difference(now);
    } while (!problem_.empty() && Clock::now() < limit);
}

std::string Run::where(std::size_t index) const {
    PartyState& state = around_.stage.party(index);
    const char* const call = state.call;
    return std::string("; ") + conversation_.roles[index].name + ": " + number_of(state.status) +
           " in call " + std::to_string(state.calls) + ", " + (call ? call : "none");
}

}  // namespace

std::string Surroundings::converse() {
    const std::string wrong = bystander->converse();
    return wrong.empty() ? usher->converse() : wrong;
}

std::string Surroundings::prepare() {
    static const Ticks ticks;
    if (!bystander) bystander = std::make_unique<Bystander>(stage);
    if (!usher) usher = std::make_unique<Bystander>(stage);
    if (std::string wrong = converse(); !wrong.empty()) return wrong;
    subject.find();
    before = subject.look();
    return {};
}

RunResult run(const Conversation& conversation, std::size_t victim, Fault fault, Surroundings& surroundings) {
    return Run(conversation, victim, fault, surroundings)();
}

}  // namespace ntalpc::faults
