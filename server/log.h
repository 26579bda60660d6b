// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's log. Levels are those of the -d option: 0 logs what an administrator must know, 1 adds
// processes, ports and connections, 2 adds messages, 3 adds every request and reply with its fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ntalpc::server {

enum class LogLevel { always = 0, connections = 1, messages = 2, requests = 3 };

// How a line begins: with the time, or, as the journal knows the time itself, with a priority (sd-daemon(3)).
enum class LogForm { terminal, journal };
inline constexpr const char* kJournalError = "<3>";

void set_log_level(int level);
void set_log_form(LogForm form);
bool log_enabled(LogLevel level);

// One line to standard error.
__attribute__((format(printf, 2, 3))) void log(LogLevel level, const char* format, ...);

// STATUS_ACCESS_DENIED and the like, or the number.
std::string status_text(std::int32_t status);

// UTF-16 as UTF-8 for log lines; control characters and lone surrogates become '?'.
std::string printable(std::u16string_view text);
// The same for a text that is UTF-8 already.
std::string printable(std::string_view text);

}  // namespace ntalpc::server
