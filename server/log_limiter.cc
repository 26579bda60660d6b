// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/log_limiter.h"

#include <algorithm>

namespace ntalpc::server {

namespace {

std::uint64_t process_key(const LogSubject& subject) {
    return std::uint64_t{subject.user} << 32 | subject.process;
}

}  // namespace

void LogLimiter::Bucket::fill(std::int64_t now, double factor) {
    const double seconds = static_cast<double>(now - since) / 1e9;
    lines = std::min(lines + seconds * kLinesPerSecond * factor, kLinesAtOnce * factor);
    since = now;
}

LogLimiter::Bucket& LogLimiter::find(Buckets& buckets, std::uint64_t key, std::int64_t now, double factor) {
    const auto [found, fresh] = buckets.try_emplace(key);
    if (fresh) found->second = {.lines = kLinesAtOnce * factor, .since = now};
    found->second.fill(now, factor);
    return found->second;
}

void LogLimiter::forget_quiet_ones(std::int64_t now) {
    for (auto& [key, bucket] : processes_) bucket.fill(now, 1);
    for (auto& [key, bucket] : users_) bucket.fill(now, kUserFactor);
    std::erase_if(processes_, [](const auto& entry) { return entry.second.full(1); });
    std::erase_if(users_, [](const auto& entry) { return entry.second.full(kUserFactor); });
}

void LogLimiter::leave_out(Bucket& bucket, std::int64_t now) {
    if (bucket.left_out++ == 0) bucket.summary_at = now + kSummaryAfter;
    if (next_summary_ < 0 || bucket.summary_at < next_summary_) next_summary_ = bucket.summary_at;
}

// A user with very many processes is held down as a user.
bool LogLimiter::admit(const LogSubject& subject, std::int64_t now) {
    if (processes_.size() >= kMostProcesses || users_.size() >= kMostProcesses) forget_quiet_ones(now);
    Bucket& user = find(users_, subject.user, now, kUserFactor);
    const bool watched = processes_.size() < kMostProcesses || processes_.contains(process_key(subject));
    Bucket* const process = watched ? &find(processes_, process_key(subject), now, 1) : nullptr;
    if (process && process->lines < 1) {
        leave_out(*process, now);
        return false;
    }
    if (user.lines < 1) {
        leave_out(user, now);
        return false;
    }
    user.lines -= 1;
    if (process) process->lines -= 1;
    return true;
}

void LogLimiter::tell_of(Buckets& buckets, std::int64_t now,
                         const std::function<std::string(std::uint64_t)>& whose,
                         const std::function<void(const std::string&)>& sentence) {
    for (auto& [key, bucket] : buckets) {
        if (bucket.left_out == 0) continue;
        if (bucket.summary_at <= now) {
            sentence(std::to_string(bucket.left_out) + " lines about " + whose(key) +
                     " were left out: there were too many of them");
            bucket.left_out = 0;
        } else if (next_summary_ < 0 || bucket.summary_at < next_summary_) {
            next_summary_ = bucket.summary_at;
        }
    }
}

std::int64_t LogLimiter::tell(std::int64_t now, const std::function<void(const std::string&)>& sentence) {
    if (next_summary_ < 0 || now < next_summary_) return next_summary_;
    next_summary_ = -1;
    const auto process = [](std::uint64_t key) {
        return "process " + std::to_string(static_cast<std::uint32_t>(key)) + " of user " +
               std::to_string(key >> 32);
    };
    tell_of(processes_, now, process, sentence);
    tell_of(
        users_, now, [](std::uint64_t key) { return "user " + std::to_string(key); }, sentence);
    return next_summary_;
}

}  // namespace ntalpc::server
