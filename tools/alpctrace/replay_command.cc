// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace replay: one side of what was recorded, against the other side as it is now.
#include <charconv>
#include <cstdio>
#include <optional>

#include "alpctrace/commands.h"
#include "alpctrace/replay_player.h"
#include "alpctrace/replay_script.h"

namespace ntalpc {

namespace {

struct ReplayOptions {
    std::string file, port;
    std::optional<ReplaySide> side;
    int limit = 10'000;
};

int limit_of(const std::string& text) {
    constexpr int most = 3600;
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > most)
        throw UsageError("--limit takes a number of seconds, not '" + text + "'");
    return seconds * 1000;
}

ReplayOptions parse(const Words& words) {
    ReplayOptions options;
    for (const std::string& word : words) {
        if (word == "--client" || word == "--server") {
            options.side = word == "--client" ? ReplaySide::client : ReplaySide::server;
        } else if (word.starts_with("--port=")) {
            options.port = word.substr(7);
        } else if (word.starts_with("--limit=")) {
            options.limit = limit_of(word.substr(8));
        } else if (word.starts_with('-') || !options.file.empty()) {
            throw UsageError("'" + word + "' is no argument of replay");
        } else {
            options.file = word;
        }
    }
    if (options.file.empty()) throw UsageError("the file to replay is missing");
    if (!options.side) throw UsageError("replay needs to know which side to play: --client or --server");
    return options;
}

}  // namespace

int run_replay(const Words& words) {
    const ReplayOptions options = parse(words);
    const TraceFile file(options.file);
    std::vector<ReplayStep> script = replay_script(file, *options.side);
    std::erase_if(script,
                  [&](const ReplayStep& step) { return step.port.find(options.port) == step.port.npos; });
    if (script.empty())
        throw TraceError("there is no conversation in " + options.file +
                         " to replay; alpctrace show lists what is");
    std::fprintf(stderr, "alpctrace: replaying %zu steps\n", script.size());
    try {
        ReplayPlayer(script, *options.side, options.limit).play();
    } catch (const ReplayDifference& difference) {
        std::puts(difference.what());
        std::fflush(stdout);
        return 1;
    }
    std::puts("no difference");
    return 0;
}

}  // namespace ntalpc
