// SPDX-License-Identifier: LGPL-2.1-or-later
// The framing of packets: what generated/protocol.h builds on, shared by the server and its clients.
//
// The sender of a packet may be hostile. decode() is the only way from bytes to fields: it copies the fixed
// part and hands out blobs only when every size adds up to exactly the packet's length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ntalpc::wire {

using Bytes = std::span<const std::byte>;

// The text without a terminator; it must outlive what is returned.
inline Bytes bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline Bytes bytes_of(std::u16string_view text) {
    return std::as_bytes(std::span(text));
}

struct PacketHeader {
    std::uint32_t size = 0;  // of the whole packet, this header included
    std::uint16_t code = 0;  // Code
    std::uint16_t reserved = 0;
    std::int32_t status = 0;   // NTSTATUS in replies, 0 in requests
    std::uint32_t serial = 0;  // chosen by the client, echoed in the reply
};
static_assert(sizeof(PacketHeader) == 16);

// Room for a path and a message of the largest size (64 KiB each) and what goes with them; small enough for
// the default send buffer of a Unix socket.
inline constexpr std::size_t kMaxPacket = 160 * 1024;
inline constexpr std::size_t kMaxDescriptors = 4;

// Beside its socket a thread's channel may have two pipes, one each way: they take a packet to the other side
// in about half the time. They also decide the order. A packet that is too large for them, or that has
// descriptors, goes through the socket first, and then a header with this code, which stands for it, through
// the pipe.
inline constexpr std::uint16_t kOnSocket = 0xFFFF;
inline constexpr std::size_t kMaxPiped = 4096;  // PIPE_BUF: what is written as one

// How many descriptors a packet carries.
struct DescriptorRange {
    std::size_t least, most;
    constexpr bool contains(std::size_t count) const { return count >= least && count <= most; }
};

// Ties a size field of a body to the blob whose length it states.
template <class Fixed, class Blobs>
struct BlobField {
    std::uint32_t Fixed::*size;
    Bytes Blobs::*data;
};

template <class Fixed, class Blobs, std::size_t N>
bool decode(Bytes body, const std::array<BlobField<Fixed, Blobs>, N>& fields, Fixed& fixed, Blobs& blobs) {
    static_assert(std::is_trivially_copyable_v<Fixed>);
    constexpr std::size_t fixed_size = std::is_empty_v<Fixed> ? 0 : sizeof(Fixed);
    if (body.size() < fixed_size) return false;
    if constexpr (fixed_size != 0) std::memcpy(&fixed, body.data(), fixed_size);
    Bytes rest = body.subspan(fixed_size);
    for (const auto& field : fields) {
        const std::size_t size = fixed.*field.size;
        if (size > rest.size()) return false;
        blobs.*field.data = rest.first(size);
        rest = rest.subspan(size);
    }
    return rest.empty();
}

// The whole items that a blob has room for; an empty blob need not point anywhere.
template <class T>
std::vector<T> items_of(Bytes bytes) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> items(bytes.size() / sizeof(T));
    if (!items.empty()) std::memcpy(items.data(), bytes.data(), items.size() * sizeof(T));
    return items;
}

// The pieces of one packet in sending order; nothing is copied, so everything named must outlive it.
template <std::size_t N>
struct Packet {
    PacketHeader header;
    std::array<Bytes, N + 2> pieces;
};

template <class Fixed, class Blobs, std::size_t N>
Packet<N> encode(PacketHeader header, Fixed& fixed, const Blobs& blobs,
                 const std::array<BlobField<Fixed, Blobs>, N>& fields) {
    Packet<N> packet;
    std::size_t size = sizeof(PacketHeader), next = 1;
    if constexpr (!std::is_empty_v<Fixed>) packet.pieces[next] = std::as_bytes(std::span(&fixed, 1));
    size += packet.pieces[next++].size();
    for (const auto& field : fields) {
        fixed.*field.size = static_cast<std::uint32_t>((blobs.*field.data).size());
        packet.pieces[next++] = blobs.*field.data;
        size += (blobs.*field.data).size();
    }
    packet.header = header;
    packet.header.size = static_cast<std::uint32_t>(size);
    return packet;
}

// Appends "name=value ": small numbers in decimal, others in hexadecimal.
template <class Number>
void append_field(std::string& out, const char* name, Number value) {
    out += name;
    if (const auto wide = static_cast<std::int64_t>(value); wide >= -1 && wide < 10) {
        out += '=' + std::to_string(wide) + ' ';
        return;
    }
    char text[16];
    std::size_t length = 0;
    for (std::uint64_t rest = static_cast<std::make_unsigned_t<Number>>(value); rest != 0; rest >>= 4) {
        text[length++] = "0123456789abcdef"[rest & 15];
    }
    out += "=0x";
    while (length != 0) out += text[--length];
    out += ' ';
}

}  // namespace ntalpc::wire
