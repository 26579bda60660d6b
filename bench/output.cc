// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/output.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

namespace ntalpc::bench {

namespace {

std::string time_text(double nanoseconds) {
    char text[32];
    if (nanoseconds < 1e6) {
        std::snprintf(text, sizeof(text), "%.2f us", nanoseconds / 1e3);
    } else {
        std::snprintf(text, sizeof(text), "%.1f ms", nanoseconds / 1e6);
    }
    return text;
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + "\"";
}

void write_summary(std::ostream& out, const Summary& summary) {
    out << "\"count\": " << summary.count << ", \"minimum\": " << summary.minimum
        << ", \"p10\": " << summary.p10 << ", \"median\": " << summary.median << ", \"p90\": " << summary.p90
        << ", \"p99\": " << summary.p99 << ", \"mean\": " << summary.mean;
}

// A list whose items write themselves.
template <class Items, class Write>
void write_list(std::ostream& out, const char* name, const Items& items, Write write) {
    out << quoted(name) << ": [";
    const char* separator = "";
    for (const auto& item : items) {
        out << separator << "{";
        write(item);
        out << "}";
        separator = ", ";
    }
    out << "]";
}

void write_case(std::ostream& out, const Case& which, const Result& result) {
    out << "\"name\": " << quoted(which.name) << ", \"title\": " << quoted(which.title) << ",\n   ";
    write_list(out, "series", result.series, [&](const Series& series) {
        out << "\"name\": " << quoted(series.name) << ", ";
        write_summary(out, series.time);
    });
    out << ",\n   ";
    write_list(out, "figures", result.figures, [&](const Figure& figure) {
        out << "\"name\": " << quoted(figure.name) << ", \"value\": " << figure.value
            << ", \"unit\": " << quoted(figure.unit);
    });
    out << ",\n   ";
    write_list(out, "targets", result.verdicts, [&](const Verdict& verdict) {
        out << "\"wanted\": " << quoted(verdict.wanted) << ", \"reached\": " << verdict.reached
            << ", \"met\": " << (verdict.met ? "true" : "false");
    });
}

const char* path_in_use() {
    const char* const chosen = std::getenv("NTALPC_PATH");
    return chosen && *chosen ? chosen : "auto";
}

}  // namespace

void print_heading() {
    std::printf(
        "%s, path %s, %zu cores. Times are of one operation; the ratio is against the measured one.\n\n",
        world(), path_in_use(), usable_cores().size());
    std::printf("  %-16s %12s %12s %12s %8s\n", "", "median", "p90", "p99", "ratio");
}

void print_result(const Case& which, const Result& result) {
    std::printf("%s: %s\n", which.name.c_str(), which.title.c_str());
    for (const Series& series : result.series) {
        const double measured = result.series.front().time.median;
        std::printf("  %-16s %12s %12s %12s", series.name.c_str(), time_text(series.time.median).c_str(),
                    time_text(series.time.p90).c_str(), time_text(series.time.p99).c_str());
        if (&series != &result.series.front()) std::printf(" %8.2f", measured / series.time.median);
        std::printf("\n");
    }
    for (const Figure& figure : result.figures)
        std::printf("  %-24s %.4g %s\n", figure.name.c_str(), figure.value, figure.unit.c_str());
    for (const Verdict& verdict : result.verdicts)
        std::printf("  target %-32s %8.2f  %s\n", verdict.wanted.c_str(), verdict.reached,
                    verdict.met ? "met" : "MISSED");
    std::fflush(stdout);
}

void print_sum(const std::vector<CaseResult>& results) {
    std::size_t targets = 0, met = 0;
    for (const auto& [which, result] : results) {
        targets += result.verdicts.size();
        for (const Verdict& verdict : result.verdicts) met += verdict.met;
    }
    std::printf("\n%zu cases; %zu of %zu targets met\n", results.size(), met, targets);
}

void write_json(const std::string& path, const std::vector<CaseResult>& results, const Settings& settings) {
    std::ofstream out(path);
    out.precision(10);
    out << "{\"program\": \"alpcbench\", \"format\": 1, \"world\": " << quoted(world())
        << ", \"path\": " << quoted(path_in_use()) << ", \"time\": " << std::time(nullptr)
        << ", \"cores\": " << usable_cores().size() << ", \"quick\": " << (settings.quick ? "true" : "false")
        << ",\n \"unit\": \"ns\",\n \"cases\": [";
    const char* separator = "\n  {";
    for (const auto& [which, result] : results) {
        out << separator;
        write_case(out, which, result);
        out << "}";
        separator = ",\n  {";
    }
    out << "\n ]}\n";
    out.close();
    if (!out) fail("cannot write " + path + "; choose a file in a directory that is there and has room");
}

}  // namespace ntalpc::bench
