#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that completion_list_fuzz begins with: lists of several sizes that are filled, emptied and scribbled over."""

import struct
import sys

from fuzz_seeds import Seeds

PUT, TAKE, FREE, THREADS, ASK, SCRIBBLE, CUT = 0, 2, 4, 5, 6, 7, 8


def put(*sizes):
    return bytes([PUT, len(sizes) - 1, *sizes])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: completion_list_fuzz_seeds.py DIRECTORY")
    seeds = Seeds(sys.argv[1])
    take_and_free = bytes([TAKE, FREE, 0])
    for size in (0x300, 0x800, 0x4000):
        for flags in (0, 0x20, 0xFE):
            begin = struct.pack("<HB", size - 64, flags)
            title = f"{size:x}_{flags:x}"
            seeds.add(f"{title}_in_turn", begin + (put(8) + take_and_free) * 12)
            seeds.add(f"{title}_full", begin + put(100, 100, 100, 100) * 3 + bytes([ASK]) + take_and_free * 12 + put(200))
            seeds.add(f"{title}_out_of_order", begin + put(8, 50, 8, 50) + bytes([TAKE] * 4 + [FREE, 2, FREE, 0]) + put(90) * 4)
            seeds.add(f"{title}_threads", begin + bytes([THREADS, 1]) + put(0) + bytes([THREADS, 0, TAKE, THREADS, 0]))
            seeds.add(f"{title}_scribble", begin + put(8, 8) + bytes([SCRIBBLE, 0x40, 0, 7]) + bytes(range(8)) + put(8) + bytes([TAKE]))
            seeds.add(f"{title}_cut", begin + put(8) + bytes([CUT, 0]) + struct.pack("<H", size // 2) + put(200) * 4)
    for step in (put(8), put(200), put(0, 0, 0, 0), take_and_free, bytes([ASK])):
        seeds.word(step)
    for number in (0xFFFFFF, 0xFFFFFFFF, 0xFFFF000000000000, 0xFFFFFFFFFFFF):
        seeds.word(bytes([SCRIBBLE]) + struct.pack("<H", 0x40) + b"\x07" + struct.pack("<Q", number))
    seeds.finish()


if __name__ == "__main__":
    main()
