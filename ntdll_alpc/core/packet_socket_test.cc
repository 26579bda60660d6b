// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets and the descriptors that travel with them.
#include "core/packet_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/bad_memory_test_support.h"

namespace ntalpc::core {
namespace {

class PacketSocketTest : public testing::Test {
  protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        near_.reset(ends[0]);
        far_.reset(ends[1]);
    }
    std::string received(ssize_t size) const {
        return {reinterpret_cast<const char*>(buffer_.data()), static_cast<std::size_t>(size)};
    }
    ssize_t send(std::string_view text, int descriptor) {
        const wire::Bytes piece = wire::bytes_of(text);
        return send_packet(near_.get(), std::span(&piece, 1), descriptor);
    }

    UniqueFd near_, far_;
    std::array<std::byte, 64> buffer_{};
};

TEST_F(PacketSocketTest, PiecesArriveAsOnePacket) {
    const std::array<wire::Bytes, 4> pieces = {wire::bytes_of("one "), wire::bytes_of(""),
                                               wire::bytes_of("two "), wire::bytes_of("three")};
    EXPECT_EQ(send_packet(near_.get(), pieces, -1), 13);
    EXPECT_EQ(send("next", -1), 4);
    EXPECT_EQ(received(receive_packet(far_.get(), buffer_, {})), "one two three");
    EXPECT_EQ(received(receive_packet(far_.get(), buffer_, {})), "next");
}

TEST_F(PacketSocketTest, ADescriptorTravelsAndIsClosedOnExec) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]), arrived;
    EXPECT_EQ(send("x", write_end.get()), 1);
    write_end.reset();
    EXPECT_EQ(receive_packet(far_.get(), buffer_, std::span(&arrived, 1)), 1);
    ASSERT_TRUE(arrived);
    EXPECT_TRUE(fcntl(arrived.get(), F_GETFD) & FD_CLOEXEC);
    EXPECT_EQ(write(arrived.get(), "y", 1), 1);
    char byte;
    EXPECT_EQ(read(read_end.get(), &byte, 1), 1);
}

TEST_F(PacketSocketTest, AnUnwantedDescriptorIsClosed) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    EXPECT_EQ(send("x", write_end.get()), 1);
    write_end.reset();
    EXPECT_EQ(receive_packet(far_.get(), buffer_, {}), 1);
    char byte;
    EXPECT_EQ(read(read_end.get(), &byte, 1), 0) << "nobody has the other end";
}

TEST_F(PacketSocketTest, WithoutADescriptorNoneArrives) {
    UniqueFd arrived;
    EXPECT_EQ(send("x", -1), 1);
    EXPECT_EQ(receive_packet(far_.get(), buffer_, std::span(&arrived, 1)), 1);
    EXPECT_FALSE(arrived);
}

TEST_F(PacketSocketTest, AHangupIsAnEmptyPacketAndNoSignal) {
    near_.reset();
    EXPECT_EQ(receive_packet(far_.get(), buffer_, {}), 0);
    near_ = std::move(far_);
    errno = 0;
    EXPECT_EQ(send("x", -1), -1);
    EXPECT_EQ(errno, EPIPE);
}

TEST_F(PacketSocketTest, MemoryThatIsNotThereIsReported) {
    const BadMemory memory;
    const wire::Bytes piece(memory.straddling<std::byte>(4), 8);
    errno = 0;
    EXPECT_EQ(send_packet(near_.get(), std::span(&piece, 1), -1), -1);
    EXPECT_EQ(errno, EFAULT);
}

}  // namespace
}  // namespace ntalpc::core
