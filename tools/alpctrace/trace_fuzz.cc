// SPDX-License-Identifier: LGPL-2.1-or-later
// Trace files as anybody may have written them, shown in all formats and made into scripts of a replay: what
// cannot be read is refused with a sentence, JSON is JSON, and a line of text is a line of text. Half of the
// inputs are files; the others are events with small numbers, so that they have to do with each other. The
// first byte says which half, and which format.
//
// Longest input: 512
// Built from: trace_sources
#include <nlohmann/json.hpp>

#include "alpctrace/filter.h"
#include "alpctrace/html_page.h"
#include "alpctrace/json_format.h"
#include "alpctrace/replay_script.h"
#include "alpctrace/text_format.h"
#include "alpctrace/trace_file.h"
#include "fuzz/input.h"

namespace ntalpc {

namespace {

using fuzz::Input;
using fuzz::require;
using Data = std::vector<std::byte>;

template <class Value>
void append(Data& to, const Value& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    to.insert(to.end(), bytes.begin(), bytes.end());
}

trace::FileHeader file_header() {
    trace::FileHeader header;
    std::memcpy(header.magic, trace::kMagic, sizeof(header.magic));
    header.version = trace::kVersion;
    header.header_size = sizeof(header);
    header.start_real_time = 1'700'000'000'000'000'000;
    return header;
}

// Most numbers take one byte of the input, so that connections, ports and messages meet again.
std::uint64_t number(Input& input) {
    const std::uint8_t value = input.number();
    return value == 0xFF ? input.number<std::uint64_t>() : value;
}

Data event_body(const trace::EventInfo& info, Input& input) {
    Data body(info.fixed_size), blobs;
    for (const trace::FieldInfo& field : info.fields) {
        std::uint64_t value = number(input);
        if (field.blob) {
            const auto bytes = std::as_bytes(input.take(value % 64));
            blobs.insert(blobs.end(), bytes.begin(), bytes.end());
            value = bytes.size();
        }
        std::memcpy(body.data() + field.offset, &value, field.size);
    }
    body.insert(body.end(), blobs.begin(), blobs.end());
    return body;
}

Data file_of_events(Input& input) {
    Data file;
    append(file, file_header());
    std::int64_t time = 0;
    while (!input.empty()) {
        const auto type = static_cast<std::uint16_t>(input.number() % (trace::kTypeCount + 1));
        const trace::EventInfo* const info = trace::event_info(type);
        const Data body = info ? event_body(*info, input) : Data();
        const auto size = static_cast<std::uint32_t>(trace::record_size(body.size()));
        time += static_cast<std::int64_t>(number(input) % 1'000'000'000'000);
        append(file, trace::RecordHeader{.size = size, .type = type, .time = time});
        file.insert(file.end(), body.begin(), body.end());
        file.resize(file.size() + size - sizeof(trace::RecordHeader) - body.size() - sizeof(size));
        append(file, size);
    }
    return file;
}

void require_line(const std::string& line) {
    const bool printable = std::ranges::none_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    require(printable, "a line of text has no control characters");
}

void show(const TraceFile& file, unsigned way) {
    Filter filter;
    for (const char* const option :
         {"--process=a", "--port=a", "--min-duration=0us", "--status=STATUS_SUCCESS"})
        filter.take_option(option);
    const TextFormat format(file.header(), false);
    Names names;
    std::vector<const Event*> events;
    for (const Event& event : file.events()) {
        names.note(event);
        filter.passes(event, names);
        if (way == 0) require_line(format.line(event, names));
        if (way == 1) require(nlohmann::json::accept(json_line(event, names)), "a line of JSON is JSON");
        events.push_back(&event);
    }
    if (way == 2) require(nlohmann::json::accept(perfetto_json(events, names)), "the timeline is JSON");
    if (way != 3) return;
    const std::string data = page_data_json(file.header(), events, names);
    require(nlohmann::json::accept(data), "the data of the page is JSON");
    require(html_page(data).size() > data.size(), "the page has the data");
}

void play(const TraceFile& file) {
    for (const ReplaySide side : {ReplaySide::client, ReplaySide::server}) {
        try {
            for (const ReplayStep& step : replay_script(file, side))
                require(step.data.size() <= 0xFFFFFFFF, "a step's data is in the file");
        } catch (const TraceError& error) {
            require(error.what()[0] != '\0', "what cannot be played has a reason");
        }
    }
}

}  // namespace

}  // namespace ntalpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntalpc;
    fuzz::Input input(data, size);
    try {
        const unsigned first = input.number();
        const bool whole_file = first % 2 == 0;
        const auto rest = whole_file ? std::as_bytes(input.take_rest()) : wire::Bytes();
        const TraceFile file("a trace", whole_file ? Data(rest.begin(), rest.end()) : file_of_events(input));
        show(file, first / 2 % 4);
        play(file);
    } catch (const TraceError& error) {
        fuzz::require(error.what()[0] != '\0', "what cannot be read has a reason");
    }
    return 0;
}
