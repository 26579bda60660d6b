#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that pe_exports_fuzz begins with: small libraries with a few exports, for 64 and 32 bits, with and without
what Wine keeps for relay traces."""

import struct
import sys

from fuzz_seeds import Seeds

PE_AT, ALIGNMENT, PAGE = 0x40, 0x20, 0x1000
FIRST_SECTION = 0x200
RELAY_MARK = 0xDEB90002
IMAGE_BASE = 0x7B000000


def exports(rva, relay):
    """A directory with ordinals from 10: Alpha, one without a name, a forwarder, an unused one, NtShared = ZwShared."""
    named = [(b"Alpha", 0), (b"Gone", 2), (b"NtShared", 4), (b"ZwShared", 4)]
    functions_at = 40
    names_at = functions_at + 5 * 4
    ordinals_at = names_at + len(named) * 4
    strings = bytearray()

    def string(text):
        at = ordinals_at + len(named) * 2 + len(strings)
        strings.extend(text + b"\0")
        return rva + at

    if relay:
        string(struct.pack("<II", RELAY_MARK, PAGE)[:-1])
    module = string(b"a.dll")
    functions = [PAGE + 0x10, PAGE + 0x20, string(b"b.C"), 0, PAGE + 0x30]
    names = [string(name) for name, _ in named]
    directory = struct.pack("<IIIIIIIIII", 0, 0x12345678, 0, module, 10, len(functions), len(named),
                            rva + functions_at, rva + names_at, rva + ordinals_at)
    return (directory + struct.pack("<5I", *functions) + struct.pack(f"<{len(names)}I", *names) +
            struct.pack(f"<{len(named)}H", *(index for _, index in named)) + bytes(strings))


def relay_description(wide, rva):
    """Six fields as wide as a pointer; the fifth points to a number for each function."""
    width = 8 if wide else 4
    pointer = "<Q" if wide else "<I"
    fields = bytearray(width * 6)
    fields[0:4] = struct.pack("<I", RELAY_MARK)
    fields[4 * width:5 * width] = struct.pack(pointer, IMAGE_BASE + rva + len(fields))
    return bytes(fields) + struct.pack("<5I", 1, 2, 3, 4, 5)


def image(wide, relay):
    contents = [relay_description(wide, PAGE) if relay else bytes(0x40), exports(2 * PAGE, relay)]
    directories = struct.pack("<II", 2 * PAGE, len(contents[1])) + bytes(15 * 8)
    optional = bytearray((112 if wide else 96))
    struct.pack_into("<H", optional, 0, 0x20B if wide else 0x10B)
    struct.pack_into("<Q" if wide else "<I", optional, 24 if wide else 28, IMAGE_BASE)
    struct.pack_into("<II", optional, 32, PAGE, ALIGNMENT)
    struct.pack_into("<II", optional, 56, 3 * PAGE, FIRST_SECTION)
    struct.pack_into("<I", optional, len(optional) - 4, 16)
    optional += directories
    out = bytearray(b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", PE_AT))
    out += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664 if wide else 0x14C, 2, 0, 0, 0, len(optional), 0) + optional
    raw = FIRST_SECTION
    for number, data in enumerate(contents):
        size = (len(data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        out += struct.pack("<8sIIIIIIHHI", b".s", len(data), (number + 1) * PAGE, size, raw, 0, 0, 0, 0, 0x40000040)
        raw += size
    out = out.ljust(FIRST_SECTION, b"\0")
    for data in contents:
        out += data + bytes(-len(data) % ALIGNMENT)
    return bytes(out)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: pe_exports_fuzz_seeds.py DIRECTORY")
    seeds = Seeds(sys.argv[1])
    for wide in (True, False):
        for relay in (True, False):
            seeds.add(f"{64 if wide else 32}_{'relay' if relay else 'plain'}", image(wide, relay))
    for number in (0x10, 0x20, 0x200, 0x1000, 0x2000, 0x3000, 0x10000, 0xFFFFFFFF, 0x80000000, RELAY_MARK, IMAGE_BASE):
        seeds.words_of_number(number, 4)
    for text in (b"MZ", b"PE\0\0", b"Alpha\0", b"NtNew\0", b"NtShared\0", b"b.C\0"):
        seeds.word(text)
    seeds.finish()


if __name__ == "__main__":
    main()
