// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's log. Levels are those of the -d option: 0 logs what an administrator must know, 1 adds
// processes, ports and connections, 2 adds messages, 3 adds every request and reply with its fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/log_limiter.h"

namespace ntalpc::server {

enum class LogLevel { always = 0, connections = 1, messages = 2, requests = 3 };

// How a line begins: with the time, or, as the journal knows the time itself, with a priority (sd-daemon(3)).
enum class LogForm { terminal, journal };
inline constexpr const char* kJournalError = "<3>";

void set_log_level(int level);
void set_log_form(LogForm form);
bool log_enabled(LogLevel level);

// Lines written during its life are this client's doing, and are left out when there are too many of them.
// Those of nobody in particular are counted as the server's own. Levels 2 and 3 are for people who want every
// line.
class LogAbout {
  public:
    explicit LogAbout(const LogSubject& subject);
    ~LogAbout();
    LogAbout(const LogAbout&) = delete;
    LogAbout& operator=(const LogAbout&) = delete;

  private:
    const LogSubject before_;
};

// From now on the log is limited and waits for nobody who reads it.
void protect_log();
// Writes how many lines are missing, when that is due. Returns when to call again; negative: no need.
std::int64_t tell_of_missing_lines(std::int64_t now);

// One line to standard error.
__attribute__((format(printf, 2, 3))) void log(LogLevel level, const char* format, ...);

// STATUS_ACCESS_DENIED and the like, or the number.
std::string status_text(std::int32_t status);

// UTF-16 as UTF-8 for log lines; control characters and lone surrogates become '?'.
std::string printable(std::u16string_view text);
// The same for a text that is UTF-8 already.
std::string printable(std::string_view text);

}  // namespace ntalpc::server
