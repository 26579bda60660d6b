// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the rows that a child has written (recorder.cc), also when it came to no good end.
#include <algorithm>
#include <fstream>
#include <map>

#include "conformance/harness/recorder.h"
#include "conformance/harness/test_run.h"

namespace ntalpc::conformance {

namespace {

// What a test that goes round in circles may fill a result with.
constexpr std::size_t max_rows_of_a_thread = 150;

struct Row {
    char kind;
    int thread;
    std::string json;
};

bool parse_row(const std::string& line, Row& row) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first != 1 || second == std::string::npos || line.back() != '}') return false;
    row = {line[0], std::stoi(line.substr(2, second - 2)), line.substr(second + 1)};
    return true;
}

// {"thread": 0, "times": 3, ...}
std::string observation(int thread, std::size_t times, const std::string& json) {
    std::string head = "{\"thread\": " + std::to_string(thread) + ", ";
    if (times > 1) head += "\"times\": " + std::to_string(times) + ", ";
    return head + json.substr(1);
}

void add_observations(int thread, std::vector<std::string>& rows, std::vector<std::string>& observations) {
    if (thread == unordered_thread) std::sort(rows.begin(), rows.end());
    std::size_t added = 0;
    for (std::size_t i = 0; i < rows.size();) {
        std::size_t next = i + 1;
        while (next < rows.size() && rows[next] == rows[i]) ++next;
        if (++added > max_rows_of_a_thread) return;
        observations.push_back(observation(thread, next - i, rows[i]));
        i = next;
    }
}

// {"text": "..."} as the recorder writes it, without quotes and escapes that nobody reads.
std::string only_value(const std::string& json) {
    const std::size_t begin = json.find(": \"");
    return begin == std::string::npos ? json : json.substr(begin + 3, json.size() - begin - 5);
}

}  // namespace

void read_rows(const std::string& path, TestResult& result) {
    std::ifstream file(path, std::ios::binary);
    std::map<int, std::vector<std::string>> by_thread;
    std::string line;
    while (std::getline(file, line)) {
        Row row;
        if (!parse_row(line, row)) continue;  // the line in which the process was ended
        switch (static_cast<RowKind>(row.kind)) {
            case RowKind::observation:
                by_thread[row.thread].push_back(row.json);
                break;
            case RowKind::failure:
                result.failures.push_back(row.json);
                break;
            case RowKind::unsupported:
            case RowKind::skipped:
                if (result.reason.empty()) result.reason = only_value(row.json);
                if (row.kind == static_cast<char>(RowKind::unsupported))
                    result.outcome = "not supported here";
                break;
            case RowKind::end:
                if (result.outcome.empty()) result.outcome = only_value(row.json);
                break;
        }
    }
    for (auto& [thread, rows] : by_thread) add_observations(thread, rows, result.observations);
}

}  // namespace ntalpc::conformance
