// SPDX-License-Identifier: LGPL-2.1-or-later
// The language of requests_fuzz.cc: an input is steps, one after another. requests_fuzz_seeds.py reads these
// names.
#pragma once

#include <cstdint>

namespace ntalpc::server::fuzz {

// The first byte of a step. Below kCodeCount it is a request (wire::Code), followed by the thread, the shape,
// the number of changes to what is usual in that request, and these changes. The other numbers stand for a
// request too.
enum Step : std::uint8_t {
    start_process = 0xC0,   // kind of process
    start_thread = 0xC1,    // thread: of the same process
    end_thread = 0xC2,      // thread
    end_process = 0xC3,     // thread: of that process. Odd: its handles first
    pass_time = 0xC4,       // seconds
    close_handle = 0xC5,    // thread, which of the handles that its process has
    raw_packet = 0xC6,      // thread, code (16 bits), size, body
    break_sockets = 0xC7,   // from now on no handle can be made; the next time it can again
    trouble_thread = 0xC8,  // thread: the next step's request comes from it although it waits
};

// A change is a place, a value, and what goes with the value. Places are the fields, then the blobs, then the
// descriptors. What can be fed back are numbers that the server has answered in fields of the same name.
enum FieldValue : std::uint8_t {
    zero = 0,
    ones = 1,
    literal_8 = 2,
    literal_16 = 3,
    literal_32 = 4,
    literal_64 = 5,
    add_bit = 6,       // number of the bit
    own_answer = 7,    // how far back
    other_answer = 8,  // process, how far back
    negative_8 = 9,
    field_values = 10,  // how many there are
};
enum BlobValue : std::uint8_t {
    no_bytes = 0,
    literal_bytes = 1,    // size, bytes
    many_bytes = 2,       // size (16 bits)
    known_name = 3,       // which
    known_data = 4,       // which: SIDs, descriptors, tokens
    several_handles = 5,  // how many, how far back each
    objects = 6,          // how many; of each the type (bit number) and value
    kept_objects = 7,     // how many; of each the type (bit number) and whether it failed
    blob_values = 8,
};
enum DescriptorValue : std::uint8_t {
    memory = 0,
    sealed_memory = 1,
    read_only_memory = 2,
    null_device = 3,
    client_end = 4,  // of a handle: process, how far back
    descriptor_values = 5,
};

// What a request is about, beyond what is usual in all: see kShapes.
enum Shape : std::uint8_t {
    usual = 0,
    second = 1,
    third = 2,
    fourth = 3,
    shapes = 4,
};

enum ProcessKind : std::uint8_t {
    native = 0,
    of_windows = 1,
    of_other_world = 2,
    of_other_user = 3,
    without_rights = 4,
    process_kinds = 5,
};

}  // namespace ntalpc::server::fuzz
