# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scripts beside the fuzz targets have in common. x_fuzz_seeds.py DIRECTORY writes what x_fuzz begins with: inputs
into DIRECTORY/seeds, and the words that inputs are made of into DIRECTORY/dictionary."""

import re
import struct
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


class Seeds:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.words = []
        (self.directory / "seeds").mkdir(parents=True, exist_ok=True)
        for old in (self.directory / "seeds").iterdir():
            old.unlink()

    def add(self, name, data):
        (self.directory / "seeds" / name).write_bytes(data)

    def word(self, data):
        self.words.append(bytes(data))

    def words_of_number(self, number, size):
        self.word(struct.pack({2: "<H", 4: "<I", 8: "<Q"}[size], number))

    def finish(self):
        lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in dict.fromkeys(self.words)]
        (self.directory / "dictionary").write_text("".join(lines))


def enumerators(header):
    """The names and numbers of all enumerators that a C++ header gives a number."""
    text = re.sub(r"//[^\n]*", "", (SOURCE / header).read_text(encoding="utf-8"))
    return {name: int(number, 0) for name, number in re.findall(r"(\w+) = (0x[0-9A-Fa-f]+|\d+),", text)}


def constants(header, prefix):
    """The names and numbers of the macros of a C header that begin with `prefix`."""
    text = (SOURCE / header).read_text(encoding="utf-8")
    return {name: int(number, 0)
            for name, number in re.findall(rf"#define ({prefix}\w+) (0x[0-9A-Fa-f]+|\d+)\s", text)}
