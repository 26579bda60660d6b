# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which functions of which DLLs a 64-bit program for Windows imports."""

import struct


class Image:
    def __init__(self, data):
        self.data = data
        header = self.number("<I", 0x3C)
        sections, optional_size = self.number("<H", header + 6), self.number("<H", header + 20)
        optional = header + 24
        assert self.number("<H", optional) == 0x20B, "not a 64-bit program"
        self.import_table = self.number("<I", optional + 112 + 8)
        first = optional + optional_size
        self.sections = [struct.unpack_from("<IIII", data, first + 40 * i + 8) for i in range(sections)]

    def number(self, layout, offset):
        return struct.unpack_from(layout, self.data, offset)[0]

    def offset(self, address):
        """Where an address in memory is in the file."""
        for size, start, raw_size, raw in self.sections:
            if start <= address < start + max(size, raw_size):
                return raw + address - start
        raise ValueError(f"address {address:#x} is in no section")

    def text(self, address):
        start = self.offset(address)
        return self.data[start:self.data.index(b"\0", start)].decode("ascii")


def imports_of(path):
    """{DLL: set of names}; a function without a name is "#ordinal"."""
    image = Image(path.read_bytes())
    imports = {}
    descriptor = image.offset(image.import_table)
    while image.number("<I", descriptor + 12):
        names = imports.setdefault(image.text(image.number("<I", descriptor + 12)), set())
        thunk = image.offset(image.number("<I", descriptor) or image.number("<I", descriptor + 16))
        while value := image.number("<Q", thunk):
            names.add(f"#{value & 0xFFFF}" if value >> 63 else image.text(value + 2))
            thunk += 8
        descriptor += 20
    return imports
