// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of the conformance program.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ntalpc::conformance {

struct Options {
    enum class Mode {
        isolated,  // every test in a process of its own, and a result file
        plain,     // as any GoogleTest program: chosen by an option of GoogleTest
        child,     // runs one test for a parent
        help,
    };
    enum class Format { text, wine };

    Mode mode = Mode::isolated;
    Format format = Format::text;
    std::string output = "alpc_conformance.json";
    std::string filter = "*";  // as GoogleTest's
    std::string record;        // of a child: where its rows go
    std::chrono::seconds limit{20};
};

// Nothing when the command line cannot be understood; then `error` says why.
std::optional<Options> parse_options(int argc, const char* const* argv, std::string& error);

// Whether "Suite.Name" is chosen by a filter "A*:B?-C*".
bool matches(const std::string& filter, const std::string& test);

extern const char* const help_text;

}  // namespace ntalpc::conformance
