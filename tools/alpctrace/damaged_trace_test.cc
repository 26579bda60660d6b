// SPDX-License-Identifier: LGPL-2.1-or-later
// Traces as no server writes them: whoever was given such a file can look at it without harm.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "alpctrace/json_format.h"
#include "alpctrace/replay_script.h"
#include "alpctrace/text_format.h"
#include "alpctrace/trace_file.h"

namespace ntalpc {
namespace {

class DamagedTrace : public testing::Test {
  protected:
    DamagedTrace() {
        trace::FileHeader header;
        std::memcpy(header.magic, trace::kMagic, sizeof(header.magic));
        header.version = trace::kVersion;
        header.header_size = sizeof(header);
        append(header);
    }
    template <class Type>
    void add(typename Type::Event event, std::string_view blob = {}, std::int64_t time = 0) {
        if constexpr (requires { event.name_size; })
            event.name_size = static_cast<std::uint32_t>(blob.size());
        if constexpr (requires { event.reason_size; })
            event.reason_size = static_cast<std::uint32_t>(blob.size());
        const auto size = static_cast<std::uint32_t>(trace::record_size(sizeof(event) + blob.size()));
        append(
            trace::RecordHeader{.size = size, .type = static_cast<std::uint16_t>(Type::type), .time = time});
        append(event);
        for (const char c : blob) append(c);
        data_.resize(data_.size() + size - sizeof(trace::RecordHeader) - sizeof(event) - blob.size() -
                     sizeof(size));
        append(size);
    }
    // The last event as a line.
    std::string last_line() const {
        const TraceFile file("a trace", data_);
        Names names;
        for (const Event& event : file.events()) names.note(event);
        return TextFormat(file.header(), false).line(file.events().back(), names);
    }
    std::string last_json() const {
        const TraceFile file("a trace", data_);
        return perfetto_json({&file.events().back()}, Names());
    }
    std::vector<std::byte> data_;

  private:
    template <class Value>
    void append(const Value& value) {
        const auto bytes = std::as_bytes(std::span(&value, 1));
        data_.insert(data_.end(), bytes.begin(), bytes.end());
    }
};

TEST_F(DamagedTrace, PortOfAConnectionToItself) {
    add<trace::PortCreated>({.port = 1, .connection = 1, .kind = 1});
    add<trace::ConnectRequested>({.connection = 1, .port = 1});
    EXPECT_NE(last_line().find("asks to connect to connection 1"), std::string::npos) << last_line();
}

TEST_F(DamagedTrace, NamesGiveNoOrdersToATerminal) {
    add<trace::ClientDropped>({}, "\x1b[2J\xc2\x9b\x7f\n");
    EXPECT_NE(last_line().find("dropped: it sent .[2J..."), std::string::npos) << last_line();
}

TEST_F(DamagedTrace, TimesThatAreTooFarApart) {
    constexpr auto latest = std::numeric_limits<std::int64_t>::max();
    add<trace::CallEnded>({.began = std::uint64_t{1} << 63}, {}, latest);
    EXPECT_NE(last_line().find("after"), std::string::npos);
    EXPECT_NE(last_json().find("\"dur\""), std::string::npos);
}

TEST_F(DamagedTrace, TextThatIsNotATrace) {
    data_.assign(100, std::byte{'x'});
    EXPECT_THROW(TraceFile("a trace", data_), TraceError);
}

}  // namespace
}  // namespace ntalpc
