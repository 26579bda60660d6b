// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/log.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>

#include "ntalpc/status.h"
#include "server/log_output.h"

namespace ntalpc::server {

namespace {

int current_level = 0;
LogForm current_form = LogForm::terminal;
LogSubject current_subject;
LogOutput output;
bool limited = false;
LogLimiter limiter;

// When a reader may be there again.
constexpr std::int64_t kRetryAfter = 1'000'000'000;

std::int64_t now_for_limits() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// "<N>" with the number of a syslog priority.
const char* priority_of(LogLevel level) {
    switch (level) {
        case LogLevel::always:
            return "<4>";  // warning
        case LogLevel::connections:
            return "<6>";  // informational
        default:
            return "<7>";  // debug
    }
}

std::size_t write_beginning(LogLevel level, char* line, std::size_t room) {
    if (current_form == LogForm::journal)
        return static_cast<std::size_t>(snprintf(line, room, "%s", priority_of(level)));
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    tm local;
    localtime_r(&now.tv_sec, &local);
    const std::size_t length = strftime(line, room, "%H:%M:%S", &local);
    return length +
           static_cast<std::size_t>(snprintf(line + length, room - length, ".%06ld ", now.tv_nsec / 1000));
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

}  // namespace

void set_log_level(int level) {
    current_level = level;
}

void set_log_form(LogForm form) {
    current_form = form;
}

bool log_enabled(LogLevel level) {
    return static_cast<int>(level) <= current_level;
}

namespace {

bool write_line(LogLevel level, const char* format, va_list arguments) {
    char line[2048];
    std::size_t length = write_beginning(level, line, sizeof(line));
    const int wanted = vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    length = std::min(length + static_cast<std::size_t>(std::max(wanted, 0)), sizeof(line) - 2);
    line[length++] = '\n';
    return output.write({line, length});
}

__attribute__((format(printf, 1, 2))) bool write_warning(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const bool written = write_line(LogLevel::always, format, arguments);
    va_end(arguments);
    return written;
}

// The warning itself may not get through either.
void tell_of_dropped_lines() {
    const std::uint64_t dropped = output.dropped();
    if (dropped == 0) return;
    const bool told = write_warning(
        "%llu lines of this log are missing here: nobody read it in time, or there was no room for it",
        static_cast<unsigned long long>(dropped));
    output.forget_dropped(told ? dropped : 1);
}

}  // namespace

LogAbout::LogAbout(const LogSubject& subject) : before_(current_subject) {
    current_subject = subject;
}

LogAbout::~LogAbout() {
    current_subject = before_;
}

void protect_log() {
    output.stop_blocking();
    limited = true;
}

std::int64_t tell_of_missing_lines(std::int64_t now) {
    static std::int64_t retry_at = 0;
    if (output.dropped() != 0 && now >= retry_at) {
        tell_of_dropped_lines();
        retry_at = now + kRetryAfter;
    }
    const std::int64_t next =
        limiter.tell(now, [](const std::string& text) { write_warning("%s", text.c_str()); });
    if (output.dropped() == 0) return next;
    return next < 0 ? retry_at : std::min(next, retry_at);
}

void log(LogLevel level, const char* format, ...) {
    if (!log_enabled(level)) return;
    const bool may_be_left_out = limited && level <= LogLevel::connections;
    if (may_be_left_out && !limiter.admit(current_subject, now_for_limits())) return;
    tell_of_dropped_lines();
    va_list arguments;
    va_start(arguments, format);
    write_line(level, format, arguments);
    va_end(arguments);
}

std::string status_text(std::int32_t status) {
    if (const char* const name = status_name(status)) return name;
    char number[16];
    std::snprintf(number, sizeof(number), "%08x", static_cast<unsigned>(status));
    return number;
}

std::string printable(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(
        out, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
    return out;
}

std::string printable(std::u16string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char32_t c = text[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < text.size() && (text[i + 1] & 0xFC00) == 0xDC00) {
            append_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (text[++i] - 0xDC00));
        } else {
            append_utf8(out, c < 0x20 || c == 0x7F || (c & 0xF800) == 0xD800 ? U'?' : c);
        }
    }
    return out;
}

}  // namespace ntalpc::server
