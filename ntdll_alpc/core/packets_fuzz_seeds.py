#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that packets_fuzz begins with: both bodies of each request in include/protocol.def, with three bytes in each
blob."""

import sys

import make_protocol
from fuzz_seeds import SOURCE, Seeds


def body(record, layout):
    out = bytearray(layout.size)
    for _, name, offset, kind in layout.members:
        if kind in make_protocol.SCALARS:
            out[offset] = 3 if name.removesuffix("_size") in record.blobs else 1
    return bytes(out) + b"abc" * len(record.blobs)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: packets_fuzz_seeds.py DIRECTORY")
    structs, requests = make_protocol.parse(SOURCE / "include/protocol.def")
    layouts = make_protocol.layouts_of(structs, requests)
    seeds = Seeds(sys.argv[1])
    for code, (name, parts) in enumerate(requests.items()):
        for part, record in enumerate(parts):
            seeds.add(f"{name}_{('request', 'reply')[part]}", bytes([code, part]) + body(record, layouts[name, part]))
            seeds.word([code, part])
    seeds.finish()


if __name__ == "__main__":
    main()
