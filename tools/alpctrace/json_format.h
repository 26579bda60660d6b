// SPDX-License-Identifier: LGPL-2.1-or-later
// Events as JSON: a line each, and as the timeline that Chrome and Perfetto show.
#pragma once

#include <string>
#include <vector>

#include "alpctrace/trace_file.h"
#include "events/names.h"

namespace ntalpc {

// One event with all its fields; data is in hexadecimal.
std::string json_line(const Event& event, const Names& names);

// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format): a
// track per thread, a slice per call, an arrow per message from send to receive. `events` have been filtered.
std::string perfetto_json(const std::vector<const Event*>& events, const Names& names);

// What the page of `show --format=html` draws.
std::string page_data_json(const trace::FileHeader& header, const std::vector<const Event*>& events,
                           const Names& names);

}  // namespace ntalpc
