// SPDX-License-Identifier: LGPL-2.1-or-later
// A channel's way to the server with pipes, against a peer that is not ours.
#include "core/lane.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/bad_memory_test_support.h"

namespace ntalpc::core {
namespace {

class LaneTest : public testing::Test {
  protected:
    LaneTest() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        lane_ = Lane(UniqueFd(ends[0]));
        socket_.reset(ends[1]);
        EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_DIRECT), 0);
        requests_.reset(ends[0]);
        UniqueFd writing(ends[1]);
        EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_DIRECT), 0);
        answers_.reset(ends[1]);
        EXPECT_TRUE(lane_.add_pipes(UniqueFd(ends[0]), std::move(writing)));
        fcntl(requests_.get(), F_SETFL, O_NONBLOCK);
        fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    }
    ssize_t send(wire::Bytes blob, int descriptor = -1) {
        const std::array<wire::Bytes, 3> pieces = {wire::bytes_of("head"), wire::bytes_of("body"), blob};
        return lane_.send(pieces, descriptor);
    }
    std::string in_pipe() {
        std::array<char, 8192> buffer;
        const ssize_t size = read(requests_.get(), buffer.data(), buffer.size());
        return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
    }
    std::string in_socket() {
        std::array<char, 8192> buffer;
        const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
        return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
    }
    static std::string reference() {
        const wire::PacketHeader header{.size = sizeof(header), .code = wire::kOnSocket};
        return {reinterpret_cast<const char*>(&header), sizeof(header)};
    }
    std::string received() {
        const ssize_t size = lane_.receive(buffer_, {});
        return size < 0
                   ? "nothing"
                   : std::string(reinterpret_cast<char*>(buffer_.data()), static_cast<std::size_t>(size));
    }

    Lane lane_;
    UniqueFd socket_, requests_, answers_;
    std::array<std::byte, 8192> buffer_;
};

TEST_F(LaneTest, SmallPacketsGoByPipeEachByItself) {
    EXPECT_EQ(send(wire::bytes_of("one")), 11);
    EXPECT_EQ(send(wire::bytes_of("")), 8);
    EXPECT_EQ(in_pipe(), "headbodyone");
    EXPECT_EQ(in_pipe(), "headbody");
    EXPECT_EQ(in_socket(), "nothing");
}

TEST_F(LaneTest, WhatIsLargeOrHasADescriptorGoesBySocketInItsTurn) {
    const std::string large(wire::kMaxPiped - 8, 'x');
    EXPECT_GT(send(wire::bytes_of(large)), 0);
    EXPECT_GT(send(wire::bytes_of(large + "y")), 0);
    EXPECT_GT(send(wire::bytes_of("z"), socket_.get()), 0);
    EXPECT_EQ(in_pipe(), "headbody" + large);
    EXPECT_EQ(in_pipe(), reference());
    EXPECT_EQ(in_socket(), "headbody" + large + "y");
    EXPECT_EQ(in_pipe(), reference());
    EXPECT_EQ(in_socket(), "headbodyz");
}

TEST_F(LaneTest, MemoryThatCannotBeReadLeavesNothingBehind) {
    const BadMemory memory;
    EXPECT_EQ(send(wire::Bytes(memory.straddling<std::byte>(4), 8)), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(in_pipe(), "nothing");
    EXPECT_EQ(send(wire::bytes_of("next")), 12);
    EXPECT_EQ(in_pipe(), "headbodynext");
}

TEST_F(LaneTest, AnswersComeEitherWayInOrder) {
    EXPECT_EQ(write(answers_.get(), "one", 3), 3);
    EXPECT_EQ(::send(socket_.get(), "two", 3, 0), 3);
    EXPECT_EQ(write(answers_.get(), reference().data(), reference().size()),
              static_cast<ssize_t>(reference().size()));
    EXPECT_EQ(write(answers_.get(), "three", 5), 5);
    EXPECT_EQ(received(), "one");
    EXPECT_EQ(received(), "two");
    EXPECT_EQ(received(), "three");
}

// A program that writes to a pipe without a reader would be ended by a signal.
TEST_F(LaneTest, TheEndOfTheServerIsReadAndDoesNotKill) {
    requests_.reset();
    EXPECT_EQ(send(wire::bytes_of("one")), 11);
    answers_.reset();
    EXPECT_EQ(lane_.receive(buffer_, {}), 0);
}

}  // namespace
}  // namespace ntalpc::core
