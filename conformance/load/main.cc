// SPDX-License-Identifier: LGPL-2.1-or-later
// alpc_load: puts a server of its own under load and says whether everything arrived and nothing grew.
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

#include "conformance/load/growth.h"
#include "conformance/load/load.h"
#include "conformance/load/processes.h"
#include "conformance/load/server.h"

namespace ntalpc::load {

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
    std::uint32_t seconds, processes, connections;
    std::uint32_t services() const { return std::max(1U, processes / 10); }
    std::uint32_t clients() const { return processes - services(); }
    // Members of a crew that are not killed, so that their memory can be watched.
    static std::uint32_t spared(std::uint32_t size) { return size / 10 + 1; }
};

std::uint32_t from_environment(const char* name, std::uint32_t usual, std::uint32_t most) {
    const char* const text = std::getenv(name);
    if (!text || !*text) return usual;
    const long value = std::strtol(text, nullptr, 10);
    return static_cast<std::uint32_t>(std::clamp<long>(value, 1, most));
}

// A connection costs the server two descriptors, some have an event of two more, and views and handles under
// way are some; a thread costs three, a process one.
std::uint32_t affordable(const Plan& plan) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t others = plan.processes * rlim_t{20} + 200;
    const rlim_t left = limit.rlim_max > others ? limit.rlim_max - others : 2;
    return static_cast<std::uint32_t>(std::min<rlim_t>(plan.connections, left * 2 / 5));
}

class Report {
  public:
    void say(bool good, const std::string& what) {
        std::printf("%s: %s\n", good ? "passed" : "FAILED", what.c_str());
        ++(good ? passed_ : failed_);
    }
    // What grows is measured in `unit`; `floor` is what comes and goes anyway.
    void say_flat(const Growth& growth, const std::string& what, double unit, const char* name,
                  double floor) {
        const double allowed = std::max(floor, growth.mean() * 0.03);
        char text[200];
        std::snprintf(text, sizeof(text),
                      "%s: %.1f%s on average, growth %.1f%s in %zu samples (%.1f%s allowed)", what.c_str(),
                      growth.mean() / unit, name, growth.total() / unit, name, growth.count(), allowed / unit,
                      name);
        say(growth.total() <= allowed && growth.count() > 2, text);
    }
    int end() const {
        std::printf("%d passed, %d failed\n", passed_, failed_);
        return failed_ == 0 ? 0 : 1;
    }

  private:
    int passed_ = 0, failed_ = 0;
};

class Load {
  public:
    Load(const Plan& plan, Board& board, ServerUnderLoad& server)
        : plan_(plan),
          board_(board),
          server_(server),
          services_(board, board.services, "a service", plan.services(),
                    [&board](std::uint32_t number) { run_service(board, number, kPrefix); }),
          clients_(board, board.clients, "a client", plan.clients(), [&board, plan](std::uint32_t number) {
              run_client(board, number, plan.services(), plan.connections / plan.clients(), kPrefix);
          }) {}

    void run() {
        services_.start_all();
        clients_.start_all();
        wait_for_connections();
        const auto begin = Clock::now();
        const double warm_up = std::min(60.0, plan_.seconds * 0.4);
        for (std::uint32_t tick = 1;; ++tick) {
            std::this_thread::sleep_for(kTick);
            const double now = seconds_since(begin);
            if (now >= plan_.seconds || !server_.runs()) break;
            most_open_ = std::max(most_open_, open());
            if (now > warm_up) measure(now);
            if (tick % 4 == 0) clients_.replace(victim(clients_, tick / 4));
            if (tick % 20 == 0) services_.replace(victim(services_, tick / 20));
            clients_.check_all_run();
            services_.check_all_run();
            if (tick % 240 == 0) tell_progress(now);
        }
        board_.clients_stop = true;
        board_.clients_stopped.set();
        clients_.wait_for_all(2 * kPatience);
        board_.services_stop = true;
        services_.wait_for_all(2 * kPatience);
    }

    int report() const {
        Report report;
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            report.say(board_.done[kind] != 0, std::to_string(board_.done[kind]) + " " + kKindNames[kind]);
        }
        report.say(board_.pushed != 0, std::to_string(board_.pushed) + " datagrams of services");
        report.say(most_open_ >= expected_open() * 9 / 10,
                   std::to_string(most_open_) + " connections at a time, " +
                       std::to_string(board_.connections) + " in all, " + std::to_string(board_.abandoned) +
                       " ended by SIGKILL of the client");
        const std::uint32_t failures = board_.failures;
        report.say(failures == 0, std::to_string(failures) + " complaints");
        for (std::uint32_t i = 0; i < std::min<std::size_t>(failures, board_.texts.size()); ++i)
            std::printf("    %s\n", board_.texts[i].data());
        constexpr double mega = 1 << 20;
        report.say_flat(server_memory_, "memory of the server", mega, " MiB", 2 * mega);
        report.say_flat(server_descriptors_, "descriptors of the server", 1, "", 200);
        report.say_flat(others_memory_, "memory of some clients and services", mega, " MiB", 2 * mega);
        report.say_flat(others_descriptors_, "descriptors of some clients and services", 1, "", 60);
        report.say(server_.runs(), "the server is still there");
        if (server_.runs())
            report.say(server_.leftovers().empty(),
                       "the server holds nothing any more" + server_.leftovers());
        return report.end();
    }

  private:
    static constexpr const char* kPrefix = "load";
    static constexpr std::chrono::milliseconds kTick{250};

    static double seconds_since(Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }
    std::uint32_t expected_open() const { return plan_.connections / plan_.clients() * plan_.clients(); }
    void wait_for_connections() const {
        const auto end = Clock::now() + std::chrono::seconds(2 * kPatience);
        while (open() < expected_open() * 9 / 10 && Clock::now() < end && server_.runs()) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
            if (wait_for_any({board_.connected.descriptor(), server_.end()}, left)) board_.connected.clear();
        }
    }

    std::uint32_t open() const {
        std::uint32_t sum = 0;
        for (std::uint32_t i = 0; i < clients_.size(); ++i) sum += board_.clients[i].open;
        return sum;
    }
    static std::uint32_t victim(const Crew& crew, std::uint32_t turn) {
        const std::uint32_t spared = Plan::spared(crew.size());
        return spared < crew.size() ? spared + turn % (crew.size() - spared) : 0;
    }
    void measure(double now) {
        server_memory_.add(now, memory_of(server_.process()));
        server_descriptors_.add(now, descriptors_of(server_.process()));
        double memory = 0, descriptors = 0;
        for (const Crew* crew : {&services_, &clients_}) {
            for (std::uint32_t i = 0; i < Plan::spared(crew->size()); ++i) {
                memory += memory_of(crew->process(i));
                descriptors += descriptors_of(crew->process(i));
            }
        }
        others_memory_.add(now, memory);
        others_descriptors_.add(now, descriptors);
    }
    void tell_progress(double now) const {
        std::printf("%.0f s: %u connections, %llu requests, server %.1f MiB, %u complaints\n", now, open(),
                    static_cast<unsigned long long>(board_.done[0]), memory_of(server_.process()) / (1 << 20),
                    board_.failures.load());
        std::fflush(stdout);
    }

    const Plan plan_;
    Board& board_;
    ServerUnderLoad& server_;
    Crew services_, clients_;
    std::uint32_t most_open_ = 0;
    Growth server_memory_, server_descriptors_, others_memory_, others_descriptors_;
};

int run(const std::string& alpcserver, const std::string& alpcctl) {
    Plan plan{from_environment("LOAD_SECONDS", 20, 7 * 24 * 3600),
              from_environment("LOAD_PROCESSES", 200, 1000),
              from_environment("LOAD_CONNECTIONS", 10000, 1000000)};
    plan.processes = std::max(plan.processes, 2U);
    const std::uint32_t wanted = plan.connections;
    plan.connections = affordable(plan);
    if (plan.connections < wanted)
        std::printf("%u connections at a time instead of %u: the limit on open files allows no more\n",
                    plan.connections, wanted);
    void* const memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    Board& board = *new (memory) Board{};
    board.clients_stopped.open();
    board.connected.open();
    for (std::uint32_t i = 0; i < plan.services(); ++i) board.services[i].serves.open();
    ServerUnderLoad server(alpcserver, alpcctl);
    std::fflush(stdout);
    Load load(plan, board, server);
    load.run();
    return load.report();
}

}  // namespace

}  // namespace ntalpc::load

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs(
            "Usage: alpc_load ALPCSERVER ALPCCTL\n"
            "Puts a server under load for LOAD_SECONDS (20) with LOAD_PROCESSES (200) and LOAD_CONNECTIONS "
            "(10000).\n",
            stderr);
        return 2;
    }
    try {
        return ntalpc::load::run(argv[1], argv[2]);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "alpc_load: %s\n", failure.what());
        std::puts("0 passed, 1 failed");
        return 1;
    }
}
