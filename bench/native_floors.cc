// SPDX-License-Identifier: LGPL-2.1-or-later
// Linux's own ways to pass a message to another process: Unix sockets of packets, and pipes.
#ifndef _WIN32

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/conversations.h"
#include "bench/floors.h"
#include "bench/role.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::bench {

namespace {

// The first byte of a packet says whether it wants an answer.
constexpr unsigned char kAnswer = 1;

void play_seqpacket(const RoleArguments&) {
    std::vector<unsigned char> packet(kMostData);
    end_with_parent();
    for (;;) {
        const ssize_t size = recv(kInheritedDescriptor, packet.data(), packet.size(), 0);
        if (size <= 0) return;
        if (packet[0] == kAnswer)
            send(kInheritedDescriptor, packet.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    }
}

// Reads as many bytes as there are in one message.
bool read_all(int descriptor, unsigned char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t got = read(descriptor, bytes, size);
        if (got <= 0) return false;
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

void play_pipe(const RoleArguments& arguments) {
    std::vector<unsigned char> message(std::stoul(arguments.at(0)));
    end_with_parent();
    while (read_all(kInheritedDescriptor, message.data(), message.size())) {
        if (write(kInheritedDescriptor + 1, message.data(), message.size()) < 0) return;
    }
}

const Role seqpacket_role("seqpacket", play_seqpacket);
const Role pipe_role("pipe", play_pipe);

struct SocketPair {
    UniqueFd mine, other;
    SocketPair() {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
            fail("cannot make a pair of sockets");
        mine.reset(ends[0]);
        other.reset(ends[1]);
    }
};

class Packets : public Contestant {
  public:
    Packets(const Placement& placement, std::size_t size)
        : packet_(size), child_("seqpacket", {}, placement.server, {sockets_.other.get()}) {}

  protected:
    void say(unsigned char first) {
        packet_[0] = first;
        if (send(sockets_.mine.get(), packet_.data(), packet_.size(), MSG_NOSIGNAL) < 0)
            fail("cannot send a packet");
    }
    void wait() {
        if (recv(sockets_.mine.get(), packet_.data(), packet_.size(), 0) <= 0)
            fail("a packet was not answered");
    }

  private:
    SocketPair sockets_;
    std::vector<unsigned char> packet_;
    Child child_;
};

class PacketRoundTrip final : public Packets {
  public:
    using Packets::Packets;
    void round() override {
        say(kAnswer);
        wait();
    }
};

class PacketPipeline final : public Packets {
  public:
    using Packets::Packets;
    int operations() const override { return kPipelineDepth; }
    void round() override {
        for (int i = 0; i < kPipelineDepth; ++i) say(kAnswer);
        for (int i = 0; i < kPipelineDepth; ++i) wait();
    }
};

class PacketStream final : public Packets {
  public:
    using Packets::Packets;
    int operations() const override { return kStreamLength; }
    void round() override {
        for (int i = 1; i < kStreamLength; ++i) say(0);
        say(kAnswer);
        wait();
    }
};

struct Pipe {
    UniqueFd reading, writing;
    Pipe() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
};

class PipeRoundTrip final : public Contestant {
  public:
    PipeRoundTrip(const Placement& placement, std::size_t size)
        : message_(size),
          child_("pipe", {std::to_string(size)}, placement.server,
                 {there_.reading.get(), back_.writing.get()}) {
        there_.reading.reset();
        back_.writing.reset();
    }
    void round() override {
        if (write(there_.writing.get(), message_.data(), message_.size()) < 0 ||
            !read_all(back_.reading.get(), message_.data(), message_.size()))
            fail("a message in a pipe was not answered");
    }

  private:
    Pipe there_, back_;
    std::vector<unsigned char> message_;
    Child child_;
};

template <class Type>
Entrant entrant(const char* name, std::size_t size) {
    // A packet or a pipe without any byte would be the end of it.
    const std::size_t bytes = size == 0 ? 1 : size;
    return {name, [bytes](const Placement& placement) { return std::make_unique<Type>(placement, bytes); }};
}

}  // namespace

std::vector<Entrant> round_trip_floors(std::size_t size, const Placement& placement, bool hot) {
    std::vector<Entrant> floors = {entrant<PacketRoundTrip>("seqpacket", size),
                                   entrant<PipeRoundTrip>("pipe", size)};
    for (Entrant& floor : futex_floor()) floors.push_back(std::move(floor));
    if (hot && !placement.same()) floors.push_back(std::move(spin_floor().front()));
    return floors;
}

std::vector<Entrant> pipeline_floors(std::size_t size) {
    return {entrant<PacketPipeline>("seqpacket", size)};
}

std::vector<Entrant> stream_floors(std::size_t size) {
    return {entrant<PacketStream>("seqpacket", size)};
}

}  // namespace ntalpc::bench

#endif
