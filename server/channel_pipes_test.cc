// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipes beside a channel's socket, with a client at the other end that does what ours do not.
#include "server/channel_pipes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "ntalpc/status.h"
#include "server/channel.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

std::span<std::byte> bytes(std::string& text) {
    return std::as_writable_bytes(std::span(text));
}

TEST(ChannelPipesTest, PacketsArriveAsTheyWereSent) {
    std::array<UniqueFd, 2> client;
    auto pipes = ChannelPipes::make(&client);
    ASSERT_TRUE(pipes);
    const std::array<wire::Bytes, 3> pieces = {wire::bytes_of("one "), wire::bytes_of(""),
                                               wire::bytes_of("two")};
    EXPECT_EQ(pipes->send(pieces, 7), 7);
    EXPECT_EQ(pipes->refer_to_socket(), static_cast<ssize_t>(sizeof(wire::PacketHeader)));
    char answer[64];
    EXPECT_EQ(std::string(answer, static_cast<std::size_t>(read(client[0].get(), answer, sizeof(answer)))),
              "one two");
    EXPECT_EQ(read(client[0].get(), answer, sizeof(answer)),
              static_cast<ssize_t>(sizeof(wire::PacketHeader)));
    EXPECT_EQ(write(client[1].get(), "a", 1), 1);
    EXPECT_EQ(write(client[1].get(), "bc", 2), 2);
    std::string request(64, 0);
    EXPECT_EQ(pipes->receive(bytes(request)), 1);
    EXPECT_EQ(pipes->receive(bytes(request)), 2);
    EXPECT_LT(pipes->receive(bytes(request)), 0);
    client[1].reset();
    EXPECT_EQ(pipes->receive(bytes(request)), 0);
}

// Whatever the client does to its ends, ours never block.
TEST(ChannelPipesTest, TheClientCannotMakeUsWait) {
    std::array<UniqueFd, 2> client;
    auto pipes = ChannelPipes::make(&client);
    ASSERT_TRUE(pipes);
    for (const UniqueFd& end : client) ASSERT_EQ(fcntl(end.get(), F_SETFL, 0), 0);
    std::string request(64, 0);
    EXPECT_LT(pipes->receive(bytes(request)), 0);
    EXPECT_EQ(errno, EAGAIN);
    int sent = 0;
    while (sent < 1000 && pipes->refer_to_socket() > 0) ++sent;
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_GE(sent, 4);
    EXPECT_LT(sent, 1000);
}

// A client that has registered a process and a thread with pipes, and the channels of a server.
class PipeClient : public testing::Test {
  protected:
    PipeClient() {
        std::signal(SIGPIPE, SIG_IGN);
        anchor_ = connect();
        wire::RegisterProcess::Request process;
        process.protocol_hash = wire::kProtocolHash;
        process.process_id = 0x100;
        const auto registered = ask<wire::RegisterProcess>(anchor_, process);
        socket_ = connect();
        wire::RegisterThread::Request thread;
        thread.protocol_hash = wire::kProtocolHash;
        thread.cookie_low = registered.cookie_low;
        thread.cookie_high = registered.cookie_high;
        thread.thread_id = 0x104;
        thread.wants_pipes = 1;
        EXPECT_EQ(ask<wire::RegisterThread>(socket_, thread).has_pipes, 1u);
        fcntl(pipes_[0].get(), F_SETFL, O_NONBLOCK);
    }

    UniqueFd connect() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        table_.add(UniqueFd(ends[0]), {static_cast<std::uint32_t>(getpid()), geteuid()});
        return UniqueFd(ends[1]);
    }
    template <class Type>
    typename Type::Reply ask(const UniqueFd& socket, typename Type::Request request) {
        const std::string packet =
            header(static_cast<std::uint16_t>(Type::code), sizeof(wire::PacketHeader) + sizeof(request)) +
            std::string(reinterpret_cast<const char*>(&request), sizeof(request));
        EXPECT_EQ(::send(socket.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
        turn();
        struct {
            wire::PacketHeader header;
            typename Type::Reply body;
        } answer{};
        iovec place{&answer, sizeof(answer)};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        EXPECT_EQ(recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC), static_cast<ssize_t>(sizeof(answer)));
        if (const cmsghdr* const part = CMSG_FIRSTHDR(&message)) {
            int ends[2];
            std::memcpy(ends, CMSG_DATA(part), sizeof(ends));
            pipes_ = {UniqueFd(ends[0]), UniqueFd(ends[1])};
        }
        return answer.body;
    }
    void turn() {
        for (int i = 0; i < 4; ++i) {
            loop_.run_once(monotonic_now());
            table_.collect();
        }
    }

    static std::string header(std::uint16_t code, std::size_t size) {
        const wire::PacketHeader made{.size = static_cast<std::uint32_t>(size), .code = code};
        return {reinterpret_cast<const char*>(&made), sizeof(made)};
    }
    static std::string reference() { return header(wire::kOnSocket, sizeof(wire::PacketHeader)); }
    // A request that is answered at once.
    static std::string question() {
        const wire::QueryThread::Request body{};
        return header(static_cast<std::uint16_t>(wire::Code::query_thread),
                      sizeof(wire::PacketHeader) + sizeof(body)) +
               std::string(reinterpret_cast<const char*>(&body), sizeof(body));
    }
    void say_by_pipe(const std::string& text) {
        EXPECT_EQ(write(pipes_[1].get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void say_by_socket(const std::string& text) {
        EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
    enum class Heard { nothing, answer, end };
    Heard listen() {
        turn();
        char buffer[wire::kMaxPiped];
        const ssize_t size = read(pipes_[0].get(), buffer, sizeof(buffer));
        return size < 0 ? Heard::nothing : size == 0 ? Heard::end : Heard::answer;
    }

    EventLoop loop_;
    FakeCapabilities capabilities_;
    Kernel kernel_{capabilities_, monotonic_now};
    ChannelTable table_{loop_, kernel_};
    UniqueFd anchor_, socket_;
    std::array<UniqueFd, 2> pipes_;
};

TEST_F(PipeClient, IsAnsweredByPipeHoweverItAsks) {
    say_by_pipe(question());
    EXPECT_EQ(listen(), Heard::answer);
    say_by_socket(question());
    EXPECT_EQ(listen(), Heard::nothing);  // nobody has said that it is there
    say_by_pipe(reference());
    EXPECT_EQ(listen(), Heard::answer);
}

TEST_F(PipeClient, IsDroppedForAReferenceToNothing) {
    say_by_pipe(reference());
    EXPECT_EQ(listen(), Heard::end);
}

TEST_F(PipeClient, IsDroppedForAPacketOfAnotherSize) {
    say_by_pipe(question() + "x");
    EXPECT_EQ(listen(), Heard::end);
}

TEST_F(PipeClient, IsDroppedForHalfAHeader) {
    say_by_pipe("x");
    EXPECT_EQ(listen(), Heard::end);
}

TEST_F(PipeClient, IsDroppedWhenItDoesNotReadItsAnswers) {
    for (int i = 0; i < 4 * ChannelPipes::kSlots; ++i) {
        const std::string text = question();
        if (write(pipes_[1].get(), text.data(), text.size()) < 0) break;  // nobody reads it any more
        turn();
    }
    Heard last = Heard::nothing;
    for (int i = 0; i <= ChannelPipes::kSlots && last != Heard::end; ++i) last = listen();
    EXPECT_EQ(last, Heard::end);
}

TEST_F(PipeClient, IsHeardToTheEndWhenItGoes) {
    say_by_pipe(question());
    pipes_[1].reset();
    socket_.reset();
    EXPECT_EQ(listen(), Heard::answer);
    EXPECT_EQ(listen(), Heard::end);
}

TEST_F(PipeClient, IsGoneWithEitherOfItsEnds) {
    pipes_[1].reset();
    EXPECT_EQ(listen(), Heard::end);
}

TEST_F(PipeClient, IsGoneWithItsSocket) {
    socket_.reset();
    EXPECT_EQ(listen(), Heard::end);
}

}  // namespace
}  // namespace ntalpc::server
