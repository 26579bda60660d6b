// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/status_command.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "client/server_client.h"

namespace ntalpc {

namespace {

struct Row {
    const char* name;
    std::uint64_t value;
};

// The server counts us too; the reader wants to know of everybody else.
std::array<Row, 12> rows_of(const wire::ServerStatus::Reply& counts) {
    return {{{"server_process_id", counts.server_process_id},
             {"processes", counts.processes - 1},
             {"threads", counts.threads - 1},
             {"handles", counts.handles},
             {"ports", counts.ports},
             {"connections", counts.connections},
             {"messages", counts.messages},
             {"waits", counts.waits},
             {"event_pairs", counts.event_pairs},
             {"sections", counts.sections},
             {"views", counts.views},
             {"passed_objects", counts.passed_objects}}};
}

void print_text(const wire::ServerStatus::Reply& counts) {
    for (const Row& row : rows_of(counts))
        std::printf("%-18s %llu\n", row.name, static_cast<unsigned long long>(row.value));
}

void print_json(const wire::ServerStatus::Reply& counts) {
    const char* separator = "{";
    for (const Row& row : rows_of(counts)) {
        std::printf("%s\"%s\": %llu", separator, row.name, static_cast<unsigned long long>(row.value));
        separator = ", ";
    }
    std::puts("}");
}

}  // namespace

int run_status_command(const std::string& directory, const std::vector<std::string>& arguments) {
    const bool json = arguments.size() == 1 && arguments[0] == "--json";
    if (!arguments.empty() && !json) {
        std::fprintf(stderr, "alpcctl: status knows no argument '%s'; see alpcctl --help\n",
                     arguments.back().c_str());
        return 2;
    }
    ServerClient client(directory);
    const auto counts = client.call<wire::ServerStatus>();
    json ? print_json(counts) : print_text(counts);
    return 0;
}

}  // namespace ntalpc
