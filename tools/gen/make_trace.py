#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generates trace_events.h and trace_events.cc from include/trace_events.def, whose head describes the language."""

import os
import sys

from make_protocol import SCALARS, Layout, Record, body_text, camel, checks, comment, fail, write_if_changed

DISPLAYS = ["decimal", "hex", "id", "time", "duration", "status", "type", "request", "side", "port_kind", "connection_state",
            "utf8", "utf16", "bytes"]


def add_field(path, number, record, displays, words):
    is_blob = words[0] == "blob"
    if words[0] not in SCALARS and not is_blob:
        fail(path, number, f"unknown type or keyword '{words[0]}'")
    display = words[2] if len(words) > 2 else "bytes" if is_blob else "decimal"
    if display not in DISPLAYS:
        fail(path, number, f"'{display}' is no way to show a field")
    displays[words[1]] = display
    if is_blob:
        record.blobs.append(words[1])
    else:
        record.fields.append((words[0], words[1]))


def parse(path):
    """The version, and for each event its record and how its fields are shown."""
    version, events, record = None, {}, None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "version":
            version = int(words[1])
        elif words[0] == "event":
            record, displays = Record(), {}
            events[words[1]] = (record, displays)
        elif words[0] == "end":
            record = None
        elif record is None:
            fail(path, number, "a field outside of any event")
        elif words[0] == "|":
            record.manual.append(line.strip()[1:].strip())
        else:
            add_field(path, number, record, displays, words)
    if version is None:
        sys.exit(f"{path}: there is no version")
    return version, events


def header(version, events, layouts):
    out = ["// Generated from include/trace_events.def by tools/gen/make_trace.py.\n#pragma once\n",
           "#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <span>\n",
           '#include "ntalpc/wire.h"\n', "namespace ntalpc::trace {\n",
           "using wire::BlobField;\nusing wire::Bytes;\nusing wire::DescriptorRange;\n",
           f"inline constexpr std::uint32_t kVersion = {version};\n",
           "enum class Type : std::uint16_t {"]
    out += [f"    {name}," for name in events]
    out.append(f"}};\ninline constexpr std::size_t kTypeCount = {len(events)};\n")
    for name, (record, _) in events.items():
        cls = camel(name)
        text = comment(record.manual, 0) + f"struct {cls} {{\n    static constexpr Type type = Type::{name};\n"
        text += body_text("Event", record, layouts[name]) + "};\n"
        out.append(text + checks(f"{cls}::Event", layouts[name]) + "\n")
    out.append("enum class Display : std::uint8_t {")
    out += [f"    {display}," for display in DISPLAYS]
    out.append("""};

// Where a field is in the fixed part of an event. A blob's size is there; its data follows the fixed part, after
// that of the blobs before it.
struct FieldInfo {
    const char* name;
    std::uint16_t offset;
    std::uint8_t size;
    bool blob;
    Display display;
};

struct EventInfo {
    const char* name;
    std::uint16_t fixed_size;
    std::span<const FieldInfo> fields;
};

// nullptr for a type that this version does not know.
const EventInfo* event_info(std::uint16_t type);

}  // namespace ntalpc::trace
""")
    return "\n".join(out)


def table(name, displays, layout):
    rows = []
    for _, member, offset, kind in layout.members:
        if kind is None:
            continue
        blob = member[:-len("_size")] if member.endswith("_size") and member[:-len("_size")] in displays else None
        shown = blob or member
        rows.append(f'    {{"{shown}", {offset}, {SCALARS[kind][1]}, {"true" if blob else "false"}, '
                    f"Display::{displays[shown]}}},")
    return f"constexpr FieldInfo k{camel(name)}Fields[] = {{\n" + "\n".join(rows) + "\n};\n"


def source(events, layouts):
    out = ["// Generated from include/trace_events.def by tools/gen/make_trace.py.\n",
           '#include "generated/trace_events.h"\n', "namespace ntalpc::trace {\n", "namespace {\n"]
    out += [table(name, displays, layouts[name]) for name, (_, displays) in events.items()]
    out.append("constexpr EventInfo kEvents[] = {")
    out += [f'    {{"{name}", {layouts[name].size}, k{camel(name)}Fields}},' for name in events]
    out.append("};\n\n}  // namespace\n")
    out.append("const EventInfo* event_info(std::uint16_t type) {")
    out.append("    return type < kTypeCount ? &kEvents[type] : nullptr;\n}\n\n}  // namespace ntalpc::trace\n")
    return "\n".join(out)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_trace.py TRACE_EVENTS.DEF OUTPUT-DIRECTORY")
    path, outdir = sys.argv[1:]
    version, events = parse(path)
    layouts = {name: Layout(record, {}) for name, (record, _) in events.items()}
    os.makedirs(outdir, exist_ok=True)
    write_if_changed(os.path.join(outdir, "trace_events.h"), header(version, events, layouts))
    write_if_changed(os.path.join(outdir, "trace_events.cc"), source(events, layouts))


if __name__ == "__main__":
    main()
