// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/hostile.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <vector>

#include "conformance/faults/raw_client.h"

namespace ntalpc::faults {

namespace {

struct Shape {
    std::uint16_t code;
    std::size_t size;  // of the fixed part
    wire::DescriptorRange descriptors;
};

#define NTALPC_SHAPE(Type)                                                      \
    {static_cast<std::uint16_t>(wire::Type::code), sizeof(wire::Type::Request), \
     wire::Type::kRequestDescriptors},
constexpr Shape kShapes[] = {NTALPC_FOR_EACH_REQUEST(NTALPC_SHAPE)};
#undef NTALPC_SHAPE

constexpr std::array kWays = {Way::socket, Way::pipe};

std::vector<std::byte> packet_of(std::uint16_t code, std::span<const std::byte> body) {
    const wire::PacketHeader header{
        .size = static_cast<std::uint32_t>(sizeof(header) + body.size()), .code = code, .serial = 2};
    std::vector<std::byte> packet(sizeof(header) + body.size());
    std::memcpy(packet.data(), &header, sizeof(header));
    std::ranges::copy(body, packet.begin() + sizeof(header));
    return packet;
}

// ---- Wrong lengths ----

unsigned wrong_lengths(const std::string& directory) {
    unsigned sent = 0;
    for (const Shape& shape : kShapes) {
        for (std::size_t size = 0; size < shape.size + 16; size += size < shape.size ? 4 : 1) {
            const std::vector<std::byte> body(size);
            RawClient(directory, kWays[sent++ % kWays.size()]).send(packet_of(shape.code, body));
        }
    }
    return sent;
}

// The header lies, or is not all there.
unsigned wrong_headers(const std::string& directory) {
    unsigned sent = 0;
    const std::vector<std::byte> whole = packet_of(static_cast<std::uint16_t>(wire::Code::server_status), {});
    for (const Way way : kWays) {
        for (std::size_t size = 1; size < whole.size(); ++size, ++sent)
            RawClient(directory, way).send(std::span(whole).first(size));
        for (const std::uint32_t claimed : {0U, 1U, 15U, 17U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
            std::vector<std::byte> lying = whole;
            std::memcpy(lying.data(), &claimed, sizeof(claimed));
            RawClient(directory, way).send(lying);
            ++sent;
        }
        for (const unsigned code : {unsigned{wire::kCodeCount}, 0x7FFFU, 0xFFFEU, 0xFFFFU}) {
            RawClient(directory, way).send(packet_of(static_cast<std::uint16_t>(code), {}));
            ++sent;
        }
    }
    return sent;
}

// ---- Wrong contents: every 32 bits of every request once with each of these ----

// Small numbers are handles and ids of others as well.
constexpr std::array kOddValues = {1U, 2U, 3U, 4U, 8U, 0x10U, 0xFFFFU, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU};

unsigned odd_values(const std::string& directory) {
    unsigned sent = 0;
    for (const Shape& shape : kShapes) {
        for (std::size_t place = 0; place + sizeof(std::uint32_t) <= shape.size;
             place += sizeof(std::uint32_t)) {
            for (const std::uint32_t value : kOddValues) {
                std::vector<std::byte> body(shape.size);
                std::memcpy(body.data() + place, &value, sizeof(value));
                RawClient(directory, kWays[sent++ % kWays.size()]).send(packet_of(shape.code, body));
            }
        }
    }
    return sent;
}

// Handles that other processes have, and messages that are theirs.
unsigned foreign_ids(const std::string& directory) {
    unsigned sent = 0;
    for (const Shape& shape : kShapes) {
        if (shape.size < sizeof(std::uint64_t)) continue;
        for (std::uint64_t id = 1; id <= 16; ++id, ++sent) {
            std::vector<std::byte> body(shape.size);
            std::memcpy(body.data(), &id, sizeof(id));
            RawClient(directory, kWays[sent % kWays.size()]).send(packet_of(shape.code, body));
        }
    }
    return sent;
}

// ---- Descriptors of every kind, as many as there may be and more, with every request ----

unsigned odd_descriptors(const std::string& directory) {
    int pipe_ends[2], socket_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socket_ends) != 0)
        throw std::runtime_error("no descriptors for hostile clients");
    const std::array<UniqueFd, 7> owned = {UniqueFd(pipe_ends[0]),
                                           UniqueFd(pipe_ends[1]),
                                           UniqueFd(socket_ends[0]),
                                           UniqueFd(socket_ends[1]),
                                           UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)),
                                           UniqueFd(eventfd(0, EFD_CLOEXEC)),
                                           UniqueFd(memfd_create("hostile", MFD_CLOEXEC))};
    unsigned sent = 0;
    for (const Shape& shape : kShapes) {
        const std::vector<std::byte> packet = packet_of(shape.code, std::vector<std::byte>(shape.size));
        for (const UniqueFd& descriptor : owned) {
            const int one = descriptor.get();
            RawClient(directory, kWays[sent++ % kWays.size()]).send(packet, std::span(&one, 1));
        }
        const std::vector<int> many(shape.descriptors.most + 3, owned[4].get());
        RawClient(directory, kWays[sent++ % kWays.size()]).send(packet, many);
    }
    return sent;
}

// ---- The order of things ----

unsigned broken_orders(const std::string& directory) {
    const std::vector<std::byte> status =
        packet_of(static_cast<std::uint16_t>(wire::Code::server_status), {});
    unsigned sent = 0;
    // A packet that is said to be on the socket and is not, or comes twice, or without a word.
    RawClient(directory, Way::pipe).refer_to_socket();
    {
        RawClient client(directory, Way::pipe);
        client.refer_to_socket();
        client.send_to_socket(status);
        client.refer_to_socket();
        client.refer_to_socket();
    }
    RawClient(directory, Way::pipe).send_to_socket(status);
    sent += 6;
    // Requests without an end, and nobody reads the answers.
    for (const Way way : kWays) {
        RawClient client(directory, way);
        for (int i = 0; i < 2000; ++i, ++sent) client.send(status);
    }
    // Each request, and an end as soon as the server has begun to answer.
    for (const Shape& shape : kShapes) {
        RawClient client(directory, kWays[sent % kWays.size()]);
        client.send(packet_of(shape.code, std::vector<std::byte>(shape.size)));
        client.send(status);
        client.await_answer();
        sent += 2;
    }
    return sent;
}

}  // namespace

std::span<const HostileRow> hostile_rows() {
    static constexpr HostileRow rows[] = {
        {"wrong-lengths", wrong_lengths},     {"wrong-headers", wrong_headers},
        {"odd-values", odd_values},           {"foreign-ids", foreign_ids},
        {"odd-descriptors", odd_descriptors}, {"broken-orders", broken_orders},
    };
    return rows;
}

std::string attack(const HostileRow& row, Surroundings& surroundings, unsigned* packets) {
    std::signal(SIGPIPE, SIG_IGN);
    *packets = row.attack(surroundings.subject.directory());
    if (std::string wrong = surroundings.converse(); !wrong.empty()) return wrong;
    return surroundings.wait_for_baseline();
}

}  // namespace ntalpc::faults
