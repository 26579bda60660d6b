// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/top_command.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>

#include "alpcctl/snapshot.h"
#include "alpcctl/table.h"
#include "alpcctl/usage.h"

namespace ntalpc {

namespace {

using Clock = std::chrono::steady_clock;
using trace::Type;

constexpr auto kInterval = std::chrono::seconds(1);

volatile sig_atomic_t stop_requested = 0;

// The other screen, and keys as they are pressed, until the end.
class Screen {
  public:
    Screen() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (is_terminal_) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        }
        std::fputs("\x1b[?1049h\x1b[?25l", stdout);
        std::signal(SIGINT, [](int) { stop_requested = 1; });
        std::signal(SIGTERM, [](int) { stop_requested = 1; });
    }
    ~Screen() {
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
        if (is_terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    static void show(const std::string& text) {
        winsize size{};
        const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1;
        const std::size_t rows = known ? size.ws_row - 1u : 24, columns = known ? size.ws_col : 80;
        std::string out = "\x1b[H";
        std::size_t at = 0;
        for (std::size_t row = 0; row < rows && at < text.size(); ++row) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            out += text.substr(at, std::min(end - at, columns)) + "\x1b[K\r\n";
            at = end + 1;
        }
        std::fputs((out + "\x1b[J").c_str(), stdout);
        std::fflush(stdout);
    }
    // Whether the user has had enough.
    static bool wait(Clock::time_point until) {
        while (!stop_requested) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
            if (left <= 0) return false;
            pollfd keys{STDIN_FILENO, POLLIN, 0};
            char key = 0;
            if (poll(&keys, 1, static_cast<int>(left)) <= 0) continue;
            if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q') return true;
        }
        return true;
    }

  private:
    termios before_{};
    const bool is_terminal_;
};

// Messages sent so far through each port.
class Rates {
  public:
    // Since the last time, a second, to be called once for each port of a picture.
    std::uint64_t update(std::uint64_t port, std::uint64_t sent, double seconds) {
        const auto [place, is_new] = sent_.emplace(port, sent);
        const std::uint64_t before = std::exchange(place->second, sent);
        return is_new || seconds <= 0
                   ? 0
                   : static_cast<std::uint64_t>(static_cast<double>(sent - before) / seconds + 0.5);
    }

  private:
    std::map<std::uint64_t, std::uint64_t> sent_;
};

struct Line {
    std::string port;
    std::uint64_t rate = 0, queued = 0, waiting = 0, clients = 0;
    std::string owner;
};

class Picture {
  public:
    explicit Picture(ServerClient& client) : client_(client) {}

    std::string draw() {
        measure();
        return std::to_string(processes_) + " processes, " + std::to_string(connections_) + " connections, " +
               std::to_string(total_) + " messages/s\n\n" + table_->text();
    }
    std::string json() {
        measure();
        return table_->json();
    }

  private:
    void measure() {
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - last_).count();
        last_ = now;
        const Snapshot snapshot(client_,
                                wire::inspect_processes | wire::inspect_ports | wire::inspect_connections);
        const auto lines = lines_of(snapshot, seconds);
        table_.emplace(
            std::vector<std::string>{"messages/s", "queued", "waiting", "clients", "port", "owner"});
        total_ = 0;
        for (const Line& line : lines) {
            total_ += line.rate;
            table_->add({line.rate, line.queued, line.waiting, line.clients, line.port, line.owner});
        }
        processes_ = snapshot.all(Type::process_started).size();
        connections_ = snapshot.all(Type::connection_state).size();
    }
    // A line for each connection port: what goes through its communication ports is its traffic.
    std::vector<Line> lines_of(const Snapshot& snapshot, double seconds) {
        std::map<std::uint64_t, Line> lines;
        for (const Event* const port : snapshot.all(Type::port_created)) {
            const std::uint64_t serial = port->number("port");
            const Event* const state = snapshot.find(Type::port_state, serial);
            const Event* const connection = snapshot.find(Type::connection_state, port->number("connection"));
            const std::uint64_t listener = connection ? connection->number("listener") : serial;
            Line& line = lines[listener != 0 ? listener : serial];
            line.rate += rates_.update(serial, state->number("sent"), seconds);
            line.queued += state->number("queued");
            line.waiting += state->number("waiting");
            if (port->number("kind") == 1) ++line.clients;
            if (port->number("kind") == 0) line.owner = snapshot.process(port->number("process"));
            line.port = snapshot.port(serial);
        }
        std::vector<Line> sorted;
        for (auto& [serial, line] : lines) sorted.push_back(std::move(line));
        std::ranges::stable_sort(sorted, std::greater(), &Line::rate);
        return sorted;
    }

    ServerClient& client_;
    Rates rates_;
    Clock::time_point last_ = Clock::now();
    // Of the last measurement.
    std::optional<Table> table_;
    std::uint64_t total_ = 0;
    std::size_t processes_ = 0, connections_ = 0;
};

}  // namespace

int run_top_command(const std::string& directory, const std::vector<std::string>& arguments) {
    const bool json = arguments.size() == 1 && arguments[0] == "--json";
    const bool once = json || (arguments.size() == 1 && arguments[0] == "--once");
    if (!arguments.empty() && !once) throw UsageError("top knows no argument '" + arguments.back() + "'");
    ServerClient client(directory);
    Picture picture(client);
    std::string drawn = picture.draw();
    if (once) {
        poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds(kInterval).count()));
        std::fputs((json ? picture.json() : picture.draw()).c_str(), stdout);
        return 0;
    }
    const Screen screen;
    do {
        Screen::show(drawn + "\nq ends");
        if (Screen::wait(Clock::now() + kInterval)) break;
        drawn = picture.draw();
    } while (!stop_requested);
    return 0;
}

}  // namespace ntalpc
