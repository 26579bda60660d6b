#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much of the server's handlers, and of what else is fuzzed, the inputs of the fuzzers reach. Run by
`make fuzz-coverage` in the build directory: coverage_table.py SOURCE FUZZ-DIRECTORY FUZZER..."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HANDLER = re.compile(r"^void handle\(Call& ", re.M)
MANGLED_HANDLER = re.compile(r"_ZN6ntalpc6server6handleERNS0_4CallERKNS_4wire(\d+)")


def tool(name):
    found = shutil.which(name) or shutil.which(name + "-14")
    return found or sys.exit(f"make fuzz-coverage: there is no {name}; install Debian's package llvm")


def measure(directory, fuzzers):
    profile = directory / "profile"
    profiles = [directory / Path(fuzzer).name / "profile" for fuzzer in fuzzers]
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", profile, *profiles], check=True)
    programs = [fuzzer + "_counted" for fuzzer in fuzzers]
    objects = [word for program in programs[1:] for word in ("-object", program)]
    out = subprocess.run([tool("llvm-cov"), "export", "-skip-expansions", f"-instr-profile={profile}", programs[0], *objects],
                         check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)["data"][0]


def missed_handlers(data, path):
    """The requests whose handler in this file has never run."""
    missed = set()
    for function in data["functions"]:
        match = MANGLED_HANDLER.search(function["name"])
        if match and function["count"] == 0 and function["filenames"][0] == path:
            rest = function["name"][match.end():]
            missed.add(rest[:int(match.group(1))])
    return sorted(missed)


def print_table(title, files, data):
    print(f"\n{title}\n\n| file | functions | lines | regions | requests never handled |\n|---|---|---|---|---|")
    total = {kind: [0, 0] for kind in ("functions", "lines", "regions")}
    for path, name, summary in files:
        cells = []
        for kind, sums in total.items():
            covered, count = summary[kind]["covered"], summary[kind]["count"]
            sums[0] += covered
            sums[1] += count
            cells.append(f"{covered}/{count} ({100 * covered // max(count, 1)} %)")
        print(f"| {name} | {' | '.join(cells)} | {', '.join(missed_handlers(data, path))} |")
    print("| all | " + " | ".join(f"{a}/{b} ({100 * a // max(b, 1)} %)" for a, b in total.values()) + " | |")


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: coverage_table.py SOURCE FUZZ-DIRECTORY FUZZER...")
    source, directory, fuzzers = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:]
    data = measure(directory, fuzzers)
    handlers, others = [], []
    for entry in data["files"]:
        path = Path(entry["filename"]).resolve()
        if path.suffix != ".cc" or not path.is_relative_to(source) or path.name.endswith("_fuzz.cc"):
            continue
        row = (entry["filename"], str(path.relative_to(source)), entry["summary"])
        is_handler = path.parent == source / "server" and HANDLER.search(path.read_text(encoding="utf-8"))
        (handlers if is_handler else others).append(row)
    print_table("The server's handlers", handlers, data)
    print_table("What else is fuzzed", [row for row in others if row[2]["functions"]["covered"]], data)


if __name__ == "__main__":
    main()
