// SPDX-License-Identifier: LGPL-2.1-or-later
// A log that nobody reads: lines are dropped and counted, none is cut in two, and the writer never waits.
#include "server/log_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <sstream>
#include <string>

namespace ntalpc::server {
namespace {

const std::string kLine = std::string(900, 'x') + '\n';

class LogOutputTest : public testing::TestWithParam<bool> {
  protected:
    // Standard error becomes a pipe or a socket; `reader_` is its other end.
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        std::array<int, 2> ends{};
        ASSERT_EQ(GetParam() ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) : pipe(ends.data()), 0);
        before_.reset(dup(STDERR_FILENO));
        reader_.reset(ends[0]);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
        output_.stop_blocking();
    }
    void TearDown() override { dup2(before_.get(), STDERR_FILENO); }

    int write_until_dropped() {
        for (int written = 0; written < 100000; ++written) {
            if (!output_.write(kLine)) return written;
        }
        return -1;
    }
    std::string read_all() const {
        std::string all;
        std::array<char, 65536> buffer;
        for (ssize_t size; (size = read(reader_.get(), buffer.data(), buffer.size())) > 0;)
            all.append(buffer.data(), static_cast<std::size_t>(size));
        return all;
    }

    UniqueFd before_, reader_;
    LogOutput output_;
};

TEST_P(LogOutputTest, NeverWaitsForAReader) {
    const int written = write_until_dropped();
    ASSERT_GT(written, 0);
    for (int i = 0; i < 9; ++i) EXPECT_FALSE(output_.write(kLine));
    EXPECT_EQ(output_.dropped(), 10u);
    const std::string first = read_all();
    EXPECT_TRUE(output_.write(kLine));
    std::istringstream all(first + read_all());
    int whole = 0;
    for (std::string line; std::getline(all, line); ++whole) EXPECT_EQ(line + '\n', kLine);
    EXPECT_EQ(whole, written + 1) << "those that were not dropped";
}

TEST_P(LogOutputTest, DoesNotChangeTheFlagsThatOthersShare) {
    EXPECT_EQ(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(LogOutputTest, GoesOnWithoutAReader) {
    reader_.reset();
    EXPECT_FALSE(output_.write(kLine));
    EXPECT_EQ(output_.dropped(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LogOutputTest, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Socket" : "Pipe"; });

}  // namespace
}  // namespace ntalpc::server
