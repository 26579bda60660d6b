// SPDX-License-Identifier: LGPL-2.1-or-later
// Arbitrary bytes as the body of any packet, in either direction: a body is refused, or what comes out of it
// lies inside of it, can be told in a log line, and encodes to the same bytes again.
//
// Built from: generated/protocol.cc
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "generated/protocol.h"

namespace ntalpc {

namespace {

using fuzz::require;

template <class Fixed, class Blobs, std::size_t N>
void decode_and_encode(wire::Bytes body, const std::array<wire::BlobField<Fixed, Blobs>, N>& fields) {
    Fixed fixed;
    Blobs blobs;
    if (!wire::decode(body, fields, fixed, blobs)) return;
    for (const auto& field : fields) {
        const wire::Bytes blob = blobs.*field.data;
        require(blob.data() >= body.data() && blob.data() + blob.size() <= body.data() + body.size(),
                "data lies inside the packet");
    }
    std::string text;
    describe(text, fixed);
    const auto packet = wire::encode({}, fixed, blobs, fields);
    require(packet.header.size == sizeof(packet.header) + body.size(), "a packet has the same size again");
    std::vector<std::byte> again;
    for (const wire::Bytes piece : std::span(packet.pieces).subspan(1))
        again.insert(again.end(), piece.begin(), piece.end());
    require(std::ranges::equal(again, body), "a packet has the same bytes again");
}

template <class Type>
void decode_both(wire::Bytes body, bool reply) {
    if (reply)
        decode_and_encode(body, Type::kReplyBlobs);
    else
        decode_and_encode(body, Type::kRequestBlobs);
}

using Entry = void (*)(wire::Bytes, bool);
#define NTALPC_ENTRY(Type) decode_both<wire::Type>,
constexpr std::array<Entry, wire::kCodeCount> kEntries = {NTALPC_FOR_EACH_REQUEST(NTALPC_ENTRY)};
#undef NTALPC_ENTRY

}  // namespace

}  // namespace ntalpc

// The first two bytes say which packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntalpc;
    fuzz::Input input(data, size);
    const std::size_t code = input.one_of(kEntries.size());
    const bool reply = input.number() % 2 != 0;
    kEntries[code](std::as_bytes(input.take_rest()), reply);
    return 0;
}
