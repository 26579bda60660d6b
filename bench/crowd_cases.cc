// SPDX-License-Identifier: LGPL-2.1-or-later
// Many connections to one port, idle and at work.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <numeric>
#include <thread>

#include "bench/cases.h"
#include "bench/conversations.h"
#include "bench/role.h"

namespace ntalpc::bench {

namespace {

// ---- Idle connections ----

// The round trip on each of the connections in turn.
class RoundTripAmong final : public Contestant {
  public:
    RoundTripAmong(const EchoServer& server, int connections) {
        for (int i = 0; i < connections; ++i) ports_.push_back(connect_port(server.name()));
    }
    ~RoundTripAmong() override {
        for (const HANDLE port : ports_) NtClose(port);
    }
    void round() override {
        question_.reset(64);
        call_port(ports_[next_], question_, answer_);
        next_ = (next_ + 1) % ports_.size();
    }
    void connect_more(const EchoServer& server, int connections) {
        while (static_cast<int>(ports_.size()) < connections) ports_.push_back(connect_port(server.name()));
    }

  private:
    std::vector<HANDLE> ports_{};
    std::size_t next_ = 0;
    Message question_{64}, answer_{64};
};

Result run_idle(int connections, const Settings& settings) {
    // The first ones make what all have in common.
    constexpr int first = 8;
    connections = std::min(connections, most_connections());
    EchoServer server(kAnyCore), other(kAnyCore);
    auto among = std::make_unique<RoundTripAmong>(server, std::min(first, connections));
    for (int i = 0; i < 100; ++i) among->round();
    const std::vector<unsigned long> processes = {process_id(), server.process(), server_process()};
    const double before = memory_of(processes);
    among->connect_more(server, connections);
    const double after = memory_of(processes);
    // What comes with the first message on a connection is not part of a round trip.
    for (int i = 0; i < connections; ++i) among->round();
    Result result;
    result.figures.push_back({"connections", static_cast<double>(connections), ""});
    if (before > 0 && connections > first)
        result.figures.push_back({"memory of one", (after - before) / (connections - first) / 1024, "KiB"});
    const std::vector<Entrant> entrants = {
        {"alpc", [&](const Placement&) { return std::move(among); }},
        {"one-connection", [&](const Placement&) { return std::make_unique<RoundTripAmong>(other, 1); }}};
    result.series = take_turns(entrants, {{}, settings.budget(1e9)});
    return result;
}

Case idle_case(int connections) {
    Case made;
    made.name = "connections/" + std::to_string(connections);
    made.title = "round trips on each of so many connections in turn, against a port with one";
    made.run = [connections](const Settings& settings) { return run_idle(connections, settings); };
    made.targets = {{Bound::at_most, 1.2, "one-connection"},
                    {Bound::at_most, 16, {}, "memory of one", "KiB"}};
    made.for_quick = connections == 100;
    return made;
}

// ---- Active clients ----

// Clients that are threads of this process, each with a connection of its own. All work at the same time.
class Crowd {
  public:
    Crowd(const std::string& port, std::size_t count) : answers_(count) {
        for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, port, i] { live(port, i); });
        wait_for_all();
    }
    const std::vector<unsigned long>& work(std::chrono::milliseconds time) {
        {
            const std::lock_guard lock(mutex_);
            waiting_ = 0;
            working_ = true;
            ++turn_;
        }
        changed_.notify_all();
        std::this_thread::sleep_for(time);
        working_ = false;
        wait_for_all();
        return answers_;
    }

  private:
    void wait_for_all() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ == answers_.size(); });
    }
    void wait_for_turn(int* turn) {
        std::unique_lock lock(mutex_);
        if (++waiting_ == answers_.size()) changed_.notify_all();
        changed_.wait(lock, [&] { return turn_ != *turn; });
        *turn = turn_;
    }
    [[noreturn]] void live(const std::string& name, std::size_t number) {
        const HANDLE port = connect_port(name);
        Message question(64), answer(64);
        for (int turn = 0;;) {
            wait_for_turn(&turn);
            unsigned long answers = 0;
            for (; working_.load(std::memory_order_relaxed); ++answers) {
                question.reset(64);
                call_port(port, question, answer);
            }
            answers_[number] = answers;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_ = 0;
    int turn_ = 0;
    std::atomic<bool> working_ = false;
    std::vector<unsigned long> answers_;
    std::vector<std::thread> threads_;
};

// The port's name and the number of clients. On a line with a number they work so many milliseconds; then it
// says how many answers the slowest and all of them got.
void play_clients(const RoleArguments& arguments) {
    Crowd crowd(arguments.at(0), std::stoul(arguments.at(1)));
    tell_parent("ready");
    std::string line;
    while (std::getline(std::cin, line)) {
        const std::vector<unsigned long>& answers = crowd.work(std::chrono::milliseconds(std::stol(line)));
        const unsigned long all = std::accumulate(answers.begin(), answers.end(), 0ul);
        tell_parent(std::to_string(std::ranges::min(answers)) + " " + std::to_string(all));
    }
    // The threads stay behind.
    end_process(0);
}

const Role clients_role("clients", play_clients);

// Clients in processes of at most so many threads.
class Clients {
  public:
    Clients(const std::string& port, int count) : count_(count) {
        constexpr int most = 100;
        for (int left = count; left > 0; left -= most)
            processes_.push_back(std::make_unique<Child>(
                "clients", RoleArguments{port, std::to_string(std::min(left, most))}));
        for (const auto& process : processes_) process->read_line();
    }
    struct Score {
        double least = 0, all = 0;
    };
    Score work(double milliseconds) {
        for (const auto& process : processes_)
            process->write_line(std::to_string(static_cast<long>(milliseconds)));
        Score score{1e18, 0};
        for (const auto& process : processes_) {
            unsigned long least = 0, sum = 0;
            if (std::sscanf(process->read_line().c_str(), "%lu %lu", &least, &sum) != 2)
                fail("a process of clients says something else than its score");
            score.least = std::min(score.least, static_cast<double>(least));
            score.all += static_cast<double>(sum);
        }
        return score;
    }
    int count() const { return count_; }

  private:
    const int count_;
    std::vector<std::unique_ptr<Child>> processes_{};
};

Result run_active(int count, const Settings& settings) {
    constexpr int turns = 5;
    const double milliseconds = settings.budget(1000);
    EchoServer server(kAnyCore);
    Clients one(server.name(), 1), many(server.name(), count);
    std::vector<double> alone, together, fairness;
    for (int i = 0; i < turns; ++i) {
        alone.push_back(one.work(milliseconds / 2).all / (milliseconds / 2) * 1000);
        const Clients::Score score = many.work(milliseconds);
        together.push_back(score.all / milliseconds * 1000);
        fairness.push_back(score.all > 0 ? score.least * count / score.all : 0);
    }
    const double speed_of_one = summarize(alone).median, speed = summarize(together).median;
    Result result;
    result.figures = {{"requests of one", speed_of_one, "/s"},
                      {"requests of all", speed, "/s"},
                      {"all to one", speed_of_one > 0 ? speed / speed_of_one : 0, ""},
                      {"slowest to average", summarize(fairness).median, ""}};
    return result;
}

Case active_case(int count) {
    Case made;
    made.name = "clients/" + std::to_string(count);
    made.title = "so many clients at once and one server thread";
    made.run = [count](const Settings& settings) { return run_active(count, settings); };
    if (count > 1)
        made.targets = {{Bound::at_least, 0.8, {}, "all to one"},
                        {Bound::at_least, 0.5, {}, "slowest to average"}};
    made.for_quick = count == 10;
    return made;
}

}  // namespace

void add_crowd_cases(std::vector<Case>& cases) {
    for (const int connections : {100, 1000, 10000}) cases.push_back(idle_case(connections));
    for (const int count : {1, 10, 100, 1000}) cases.push_back(active_case(count));
}

}  // namespace ntalpc::bench
