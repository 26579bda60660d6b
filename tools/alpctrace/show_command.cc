// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace show: a recorded trace in a form that somebody or something can read.
#include <unistd.h>

#include <cstdio>

#include "alpctrace/commands.h"
#include "alpctrace/filter.h"
#include "alpctrace/html_page.h"
#include "alpctrace/json_format.h"
#include "alpctrace/text_format.h"
#include "alpctrace/trace_file.h"

namespace ntalpc {

namespace {

void warn_of_torn_end(const TraceFile& file, const std::string& path) {
    if (file.torn_bytes() == 0) return;
    std::fprintf(stderr,
                 "alpctrace: the last record of %s is not whole (%zu bytes): the recorder was killed; "
                 "everything before "
                 "it is shown\n",
                 path.c_str(), file.torn_bytes());
}

struct Selection {
    std::vector<const Event*> events;
    Names names;  // after all events
};

Selection select(const TraceFile& file, const Filter& filter) {
    Selection selection;
    for (const Event& event : file.events()) {
        selection.names.note(event);
        if (filter.passes(event, selection.names)) selection.events.push_back(&event);
    }
    return selection;
}

void print_lines(const TraceFile& file, const Filter& filter, bool json) {
    const TextFormat format(file.header(), isatty(STDOUT_FILENO) != 0);
    Names names;
    for (const Event& event : file.events()) {
        names.note(event);
        if (!filter.passes(event, names)) continue;
        std::puts((json ? json_line(event, names) : format.line(event, names)).c_str());
    }
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

int run_show(const Words& words) {
    Filter filter;
    std::string path, format = "text";
    for (const std::string& word : words) {
        if (word.starts_with("--format=")) {
            format = word.substr(9);
        } else if (filter.take_option(word)) {
            continue;
        } else if (word.starts_with('-') || !path.empty()) {
            throw UsageError("'" + word + "' is no argument of show");
        } else {
            path = word;
        }
    }
    if (path.empty()) throw UsageError("the file to show is missing");
    const TraceFile file(path);
    if (format == "text" || format == "json") {
        print_lines(file, filter, format == "json");
    } else if (format == "perfetto" || format == "html") {
        const Selection selection = select(file, filter);
        print(format == "html" ? html_page(page_data_json(file.header(), selection.events, selection.names))
                               : perfetto_json(selection.events, selection.names));
    } else {
        throw UsageError("'" + format + "' is no format; there are text, json, perfetto and html");
    }
    warn_of_torn_end(file, path);
    return 0;
}

}  // namespace ntalpc
