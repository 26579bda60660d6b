// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/conversation_run.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <vector>

#include "conformance/harness/test.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

namespace {

using Clock = std::chrono::steady_clock;
// Everything here takes milliseconds; this is what "for ever" means.
constexpr std::chrono::seconds kLimit{10};
// With so many more nobody comes to an end of them.
constexpr unsigned kFewDescriptors = 30;

// Set to see what the library says in the parties.
constexpr const char* kShowVariable = "NTALPC_FAULTS_SHOW";

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
        const RunResult result = finish_fault();
        if (problem_.empty()) look_at_endings(result.struck);
        if (problem_.empty()) problem_ = around_.usher->finish_telling();
        if (problem_.empty()) look_at_server(result.struck);
        return {result.struck, result.steps, problem_};
    }

  private:
    void start(std::size_t index);
    void follow();
    void limit_descriptors(pid_t process);
    void lift_limit();
    RunResult finish_fault();
    void wait_for_change(Clock::time_point limit);
    void ended(std::size_t index, int status);
    void hold(Clock::time_point limit);
    void tell_services();
    void kill_all();
    void look_at_endings(bool struck);
    void look_at_server(bool struck);
    bool all_quiet() const;
    bool kills() const { return fault_.kind == Kind::kill || fault_.kind == Kind::kill_instruction; }
    bool server_was_killed() const { return victim_ == kServer && kills() && victim_control_->struck(); }
    std::string where(std::size_t index) const;

    const Conversation& conversation_;
    const std::size_t victim_;
    const Fault fault_;
    Surroundings& around_;
    const std::string name_;
    std::array<pid_t, kMostParties> processes_{};  // 0: has ended
    std::size_t living_ = 0;
    std::unique_ptr<Victim> victim_control_;
    pid_t limited_ = 0;
    rlimit unlimited_{};
    std::array<bool, kMostParties> told_{};
    bool went_on_ = false;
    std::string problem_;
};

// A failing process has too little of something: its calls say so, and the program may have to give up by
// itself.
bool is_scarcity(Kind kind) {
    return kind == Kind::fail_call || kind == Kind::fail_allocation || kind == Kind::few_descriptors;
}

std::vector<NTSTATUS> documented(const Conversation& conversation, Kind kind) {
    std::vector<NTSTATUS> result = conversation.documented;
    if (is_scarcity(kind)) result.insert(result.end(), {STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES});
    return result;
}

// Nothing may leave it by an exception: this is a copy of the harness.
[[noreturn]] void play(const Conversation& conversation, std::size_t index, Stage& stage,
                       const std::string& name, Kind kind) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!std::getenv(kShowVariable)) dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    PartyState& state = stage.party(index);
    try {
        const std::vector<NTSTATUS> statuses = documented(conversation, kind);
        Party party(stage, index, name, statuses, is_scarcity(kind));
        stage.wait_until_open();
        conversation.roles[index].play(party);
    } catch (const CutShort&) {
        // Said in the state already.
    } catch (const std::bad_alloc&) {
        state.call = "an allocation of the program";
        state.ending = is_scarcity(kind) ? Ending::cut_short : Ending::wrong;
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
    if (process == 0) play(conversation_, index, around_.stage, name_, fault_.kind);
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
    const pid_t process = is_server ? around_.subject.process() : processes_[victim_];
    if (fault_.kind == Kind::fail_allocation) return around_.allocations.arm(process, fault_.step);
    if (fault_.kind == Kind::few_descriptors) return limit_descriptors(process);
    victim_control_ =
        std::make_unique<Victim>(process, fault_, is_server ? nullptr : &around_.stage.party(victim_));
    victim_control_->seize();
}

void Run::limit_descriptors(pid_t process) {
    limited_ = process;
    rlimit limit = {descriptors_of(process) + fault_.step - 1, RLIM_INFINITY};
    if (prlimit(process, RLIMIT_NOFILE, nullptr, &unlimited_) == 0) limit.rlim_max = unlimited_.rlim_max;
    if (prlimit(process, RLIMIT_NOFILE, &limit, nullptr) != 0) problem_ = "cannot limit descriptors";
}

void Run::lift_limit() {
    if (limited_ != 0) prlimit(limited_, RLIMIT_NOFILE, &unlimited_, nullptr);  // it may have ended
    limited_ = 0;
}

// What came of it, without the problem.
RunResult Run::finish_fault() {
    RunResult result;
    if (fault_.kind == Kind::fail_allocation) {
        result.struck = around_.allocations.has_failed();
        result.steps = around_.allocations.counted();
        around_.allocations.disarm();
    } else if (fault_.kind == Kind::few_descriptors) {
        result.struck = fault_.step <= kFewDescriptors;
        result.steps = fault_.step;
        lift_limit();
    } else if (victim_control_) {
        result.struck = victim_control_->struck();
        result.steps = victim_control_->steps();
    }
    victim_control_.reset();
    return result;
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
            if (!server_was_killed()) problem_ = "the server has ended, " + std::to_string(status);
        }
        if (changed == around_.bystander->process() || changed == around_.usher->process())
            problem_ = "the bystander has ended, " + std::to_string(status);
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
    if ((index == victim_ || (told_[index] && server_was_killed())) && kills() && was_killed) return;
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
    std::size_t users = 0;
    for (std::size_t i = 0; i < conversation_.roles.size(); ++i)
        if (processes_[i] != 0 && conversation_.roles[i].service == Service::none) ++users;
    for (std::size_t i = 0; i < conversation_.roles.size(); ++i) {
        const Service service = conversation_.roles[i].service;
        if (service == Service::none || processes_[i] == 0 || told_[i]) continue;
        const bool alone = service == Service::event_pair ? living_ < conversation_.roles.size() : users == 0;
        if (!alone) continue;
        told_[i] = true;
        if (victim_ == kServer) lift_limit();  // or nobody can tell anything
        // Nobody can open a pair any more whose server has gone. Its events work on, so its waits do not end.
        if (service == Service::event_pair && server_was_killed()) {
            kill(processes_[i], SIGKILL);
            continue;
        }
        around_.usher->begin_telling(service, i, name_);
    }
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
        if (struck && kills() && (i == victim_ || ending == Ending::running)) continue;
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
    problem_ = around_.wait_for_baseline();
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

std::string Surroundings::wait_for_baseline() {
    const Clock::time_point limit = Clock::now() + std::chrono::seconds(2);
    std::string difference;
    do {
        difference = before.difference(subject.look());
    } while (!difference.empty() && Clock::now() < limit);
    return difference;
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
