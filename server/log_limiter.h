// SPDX-License-Identifier: LGPL-2.1-or-later
// How much clients may cause to be written to the log: each process some lines at once and then a few per
// second, and all processes of its user together more, but not as many as they are. What is left out is
// counted and told of later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ntalpc::server {

// Whose doing a line is: a Unix process, or nobody in particular.
struct LogSubject {
    std::uint32_t user = 0;
    std::uint32_t process = 0;
};

class LogLimiter {
  public:
    static constexpr double kLinesAtOnce = 100;
    static constexpr double kLinesPerSecond = 1;
    static constexpr double kUserFactor = 10;
    static constexpr std::int64_t kSummaryAfter = std::int64_t{5} * 1'000'000'000;
    static constexpr std::size_t kMostProcesses = 1024;  // that are watched one by one

    // Whether a line may be written now; otherwise it is counted.
    bool admit(const LogSubject& subject, std::int64_t now);
    // Hands out the sentences that are due. Returns when to ask again, or a negative number when there is
    // nothing to come.
    std::int64_t tell(std::int64_t now, const std::function<void(const std::string&)>& sentence);

  private:
    struct Bucket {
        double lines = 0;  // that may still be written
        std::int64_t since = 0;
        std::uint64_t left_out = 0;
        std::int64_t summary_at = 0;
        void fill(std::int64_t now, double factor);
        bool full(double factor) const { return lines >= kLinesAtOnce * factor && left_out == 0; }
    };
    using Buckets = std::map<std::uint64_t, Bucket>;
    static Bucket& find(Buckets& buckets, std::uint64_t key, std::int64_t now, double factor);
    void forget_quiet_ones(std::int64_t now);
    void leave_out(Bucket& bucket, std::int64_t now);
    void tell_of(Buckets& buckets, std::int64_t now, const std::function<std::string(std::uint64_t)>& whose,
                 const std::function<void(const std::string&)>& sentence);

    Buckets processes_;  // by user and process
    Buckets users_;
    std::int64_t next_summary_ = -1;
};

}  // namespace ntalpc::server
