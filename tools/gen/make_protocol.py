#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generates protocol.h, protocol.cc and a table of fields from include/protocol.def, whose head describes the language."""

import hashlib
import os
import sys

import protocol_fields

SCALARS = {"u8": ("std::uint8_t", 1), "u16": ("std::uint16_t", 2), "u32": ("std::uint32_t", 4),
           "u64": ("std::uint64_t", 8), "i32": ("std::int32_t", 4), "i64": ("std::int64_t", 8)}


class Record:
    """A run of fixed fields plus blobs: a struct, a request body or a reply body."""

    def __init__(self):
        self.fields = []  # (type, name)
        self.blobs = []
        self.manual = []
        self.fds = (0, 0)  # least and most descriptors


def fail(path, number, text):
    sys.exit(f"{path}:{number}: {text}")


def parse(path):
    structs, requests = {}, {}
    record, name = None, None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        head = words[0]
        if head in ("struct", "request"):
            name = words[1]
            if name in structs or name in requests:
                fail(path, number, f"{name} is defined twice")
            record = Record()
            if head == "struct":
                structs[name] = record
            else:
                requests[name] = [record, None]
        elif head == "reply":
            record = Record()
            requests[name][1] = record
        elif head == "end":
            if name in requests and requests[name][1] is None:
                fail(path, number, f"request {name} has no reply part")
            record = None
        elif record is None:
            fail(path, number, "a field outside of any struct or request")
        elif head == "|":
            record.manual.append(line.strip()[1:].strip())
        elif head == "blob":
            record.blobs.append(words[1])
        elif head == "fds":
            least, _, most = words[1].partition("-")
            record.fds = (int(least), int(most or least))
        elif head in SCALARS or head in structs:
            record.fields.append((head, words[1]))
        else:
            fail(path, number, f"unknown type or keyword '{head}'")
    return structs, requests


class Layout:
    """Places fields at natural alignment, with the padding spelled out so that no byte is left unset."""

    def __init__(self, record, known):
        self.members = []  # (C++ type, name, offset, wire type)
        offset, align, pads = 0, 1, 0
        fields = record.fields + [("u32", blob + "_size") for blob in record.blobs]

        def pad_to(boundary):
            nonlocal offset, pads
            while offset % boundary:
                step = next(s for s in (1, 2, 4) if offset % (2 * s) or s == 4)
                step = min(step, boundary - offset % boundary)
                kind = {1: "u8", 2: "u16", 4: "u32"}[step]
                self.members.append((SCALARS[kind][0], f"padding_{pads}", offset, None))
                pads += 1
                offset += step

        for kind, name in fields:
            ctype, size, alignment = (*SCALARS[kind], SCALARS[kind][1]) if kind in SCALARS else (
                kind, known[kind].size, known[kind].align)
            pad_to(alignment)
            self.members.append((ctype, name, offset, kind))
            offset += size
            align = max(align, alignment)
        pad_to(align)
        self.size, self.align = offset, align


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def struct_text(name, layout, indent, extra=""):
    pad = " " * indent
    lines = [f"{pad}struct {name} {{"]
    for ctype, member, _, _ in layout.members:
        lines.append(f"{pad}    {ctype} {member} = {{}};" if ctype[0].isupper() else f"{pad}    {ctype} {member} = 0;")
    lines.append(extra + f"{pad}}};")
    return "\n".join(lines) + "\n"


def checks(qualified, layout):
    lines = []
    if layout.members:
        lines.append(f"static_assert(sizeof({qualified}) == {layout.size});")
    for _, member, offset, _ in layout.members:
        lines.append(f"static_assert(offsetof({qualified}, {member}) == {offset});")
    return "\n".join(lines)


def comment(manual, indent):
    return "".join(f"{' ' * indent}// {line}\n" for line in manual)


def body_text(kind, record, layout):
    """A request or reply body: the fixed struct, the blobs, and how sizes and blobs belong together."""
    out = struct_text(kind, layout, 4)
    out += f"    struct {kind}Blobs {{\n"
    out += "".join(f"        Bytes {blob};\n" for blob in record.blobs)
    out += "    };\n"
    rows = ", ".join(f"BlobField<{kind}, {kind}Blobs>{{&{kind}::{b}_size, &{kind}Blobs::{b}}}" for b in record.blobs)
    out += f"    static constexpr std::array<BlobField<{kind}, {kind}Blobs>, {len(record.blobs)}> "
    out += f"k{kind}Blobs{{{{{rows}}}}};\n" if rows else f"k{kind}Blobs{{}};\n"
    out += f"    static constexpr DescriptorRange k{kind}Descriptors{{{record.fds[0]}, {record.fds[1]}}};\n"
    return out


def header(structs, requests, layouts, digest):
    out = ["// Generated from include/protocol.def by tools/gen/make_protocol.py.\n#pragma once\n",
           "#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <string>\n",
           '#include "ntalpc/wire.h"\n', "namespace ntalpc::wire {\n",
           f"inline constexpr std::uint32_t kProtocolHash = 0x{digest};\n",
           "enum class Code : std::uint16_t {"]
    out += [f"    {name}," for name in requests]
    out += [f"}};\ninline constexpr std::size_t kCodeCount = {len(requests)};\n"]
    for name, record in structs.items():
        out.append(comment(record.manual, 0) + struct_text(name, layouts[name], 0) + checks(name, layouts[name]) + "\n")
    for name, (request, reply) in requests.items():
        cls = camel(name)
        text = comment(request.manual, 0) + f"struct {cls} {{\n"
        text += f"    static constexpr Code code = Code::{name};\n"
        text += f'    static constexpr const char* name = "{name}";\n\n'
        text += body_text("Request", request, layouts[name, 0])
        text += "\n" + comment(reply.manual, 4) + body_text("Reply", reply, layouts[name, 1]) + "};\n"
        text += checks(f"{cls}::Request", layouts[name, 0]) + "\n" + checks(f"{cls}::Reply", layouts[name, 1])
        out.append(text.rstrip() + "\n")
    out.append("// X(Type) for every request, in the order of Code.\n#define NTALPC_FOR_EACH_REQUEST(X) \\")
    out.append(" \\\n".join(f"    X({camel(name)})" for name in requests) + "\n")
    out.append("const char* code_name(std::uint16_t code);\n")
    for name in requests:
        out.append(f"void describe(std::string& out, const {camel(name)}::Request& body);")
        out.append(f"void describe(std::string& out, const {camel(name)}::Reply& body);")
    out.append("\n}  // namespace ntalpc::wire\n")
    return "\n".join(out)


def describe_text(qualified, layout):
    named = [(m, kind) for _, m, _, kind in layout.members if kind]
    if not named:
        return f"void describe(std::string&, const {qualified}&) {{}}\n"
    # A struct that only blobs hold is never described as a field.
    lines = [f"[[maybe_unused]] void describe(std::string& out, const {qualified}& body) {{"]
    for member, kind in named:
        if kind in SCALARS:
            lines.append(f'    append_field(out, "{member}", body.{member});')
        else:
            lines.append(f'    out += "{member}={{";\n    describe(out, body.{member});\n    out += "}} ";')
    return "\n".join(lines) + "\n}\n"


def source(structs, requests, layouts):
    out = ["// Generated from include/protocol.def by tools/gen/make_protocol.py.\n",
           '#include "generated/protocol.h"\n', "namespace ntalpc::wire {\n", "namespace {\n"]
    for name in structs:
        # A struct that only stands in blobs is described by nobody.
        out.append("[[maybe_unused]] " + describe_text(name, layouts[name]))
    out.append("}  // namespace\n\nconst char* code_name(std::uint16_t code) {")
    out.append("    static constexpr const char* kNames[] = {")
    out += [f'        "{name}",' for name in requests]
    out.append('    };\n    return code < kCodeCount ? kNames[code] : "unknown";\n}\n')
    for name in requests:
        out.append(describe_text(f"{camel(name)}::Request", layouts[name, 0]))
        out.append(describe_text(f"{camel(name)}::Reply", layouts[name, 1]))
    out.append("}  // namespace ntalpc::wire\n")
    return "\n".join(out)


def write_if_changed(path, text):
    """Leaves an unchanged file alone so that nothing that depends on it is rebuilt."""
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def layouts_of(structs, requests):
    """By the name of a structure, or the name of a request and 0 or 1 for its request or reply part."""
    layouts = {}
    for name, record in structs.items():
        layouts[name] = Layout(record, layouts)
    for name, pair in requests.items():
        for part in (0, 1):
            layouts[name, part] = Layout(pair[part], layouts)
    return layouts


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_protocol.py PROTOCOL.DEF OUTPUT-DIRECTORY")
    path, outdir = sys.argv[1:]
    structs, requests = parse(path)
    layouts = layouts_of(structs, requests)
    statements = [line.strip() for line in open(path, encoding="utf-8")]
    statements = "\n".join(s for s in statements if s and s[0] not in "#|")
    digest = hashlib.sha256(statements.encode()).hexdigest()[:8]
    os.makedirs(outdir, exist_ok=True)
    write_if_changed(os.path.join(outdir, "protocol.h"), header(structs, requests, layouts, digest))
    write_if_changed(os.path.join(outdir, "protocol.cc"), source(structs, requests, layouts))
    write_if_changed(os.path.join(outdir, "protocol_fields.h"), protocol_fields.HEADER)
    write_if_changed(os.path.join(outdir, "protocol_fields.cc"), protocol_fields.source(requests, layouts, SCALARS))


if __name__ == "__main__":
    main()
