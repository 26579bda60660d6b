// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the command line, see options.h.
#include "conformance/harness/options.h"

#include <cstdlib>
#include <string_view>

namespace ntalpc::conformance {

const char* const help_text =
    "Tests what the (A)LPC calls of this system do and writes down what it saw.\n"
    "\n"
    "usage: alpc_conformance [--output=FILE] [--filter=TESTS] [--limit=SECONDS] [--format=text|wine]\n"
    "       alpc_conformance --gtest_OPTION...\n"
    "\n"
    "  --output=FILE    where the result goes: alpc_conformance.json in the current directory otherwise\n"
    "  --filter=TESTS   some tests only: 'Connect.*:Cancel.*-*Reserve*' and the like\n"
    "  --limit=SECONDS  after which a test counts as hung: 20 otherwise\n"
    "  --format=wine    prints lines in the words of Wine's own tests\n"
    "\n"
    "Every test runs in a process of its own. With an option of GoogleTest all of them run in this one, and\n"
    "nothing is recorded. The exit status is 0 when no test failed, crashed or hung.\n";

namespace {

bool wildcard(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*')
        return wildcard(pattern.substr(1), text) || (!text.empty() && wildcard(pattern, text.substr(1)));
    if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
    return wildcard(pattern.substr(1), text.substr(1));
}

bool any_of(std::string_view patterns, std::string_view text) {
    while (!patterns.empty()) {
        const std::size_t colon = patterns.find(':');
        if (wildcard(patterns.substr(0, colon), text)) return true;
        if (colon == std::string_view::npos) return false;
        patterns.remove_prefix(colon + 1);
    }
    return false;
}

bool parse_limit(const std::string& text, Options& options) {
    char* end = nullptr;
    const long seconds = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end || seconds < 1 || seconds > 3600) return false;
    options.limit = std::chrono::seconds(seconds);
    return true;
}

bool parse_format(const std::string& text, Options& options) {
    if (text == "wine") options.format = Options::Format::wine;
    return text == "wine" || text == "text";
}

bool parse_option(const std::string& word, Options& options) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
    if (name == "--output") return !(options.output = value).empty();
    if (name == "--filter") return !(options.filter = value).empty();
    if (name == "--limit") return parse_limit(value, options);
    if (name == "--format") return parse_format(value, options);
    if (name == "--record") {
        options.mode = Options::Mode::child;
        return !(options.record = value).empty();
    }
    if (word == "--help" || word == "/?") {
        options.mode = Options::Mode::help;
        return true;
    }
    return false;
}

}  // namespace

bool matches(const std::string& filter, const std::string& test) {
    const std::string_view all = filter;
    const std::size_t dash = all.find('-');
    const std::string_view wanted = all.substr(0, dash);
    if (!wanted.empty() && !any_of(wanted, test)) return false;
    return dash == std::string_view::npos || !any_of(all.substr(dash + 1), test);
}

std::optional<Options> parse_options(int argc, const char* const* argv, std::string& error) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.rfind("--gtest_", 0) == 0) {
            if (options.mode != Options::Mode::child) options.mode = Options::Mode::plain;
        } else if (!parse_option(word, options)) {
            error = "'" + word + "' cannot be understood; --help shows the options";
            return std::nullopt;
        }
    }
    return options;
}

}  // namespace ntalpc::conformance
