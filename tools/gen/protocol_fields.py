# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of protocol_fields.h and .cc: where the fields of each body stand, as a table, for programs that make or read
bodies of any request (the fuzzers). Part of make_protocol.py."""

HEADER = """// Generated from include/protocol.def by tools/gen/make_protocol.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "generated/protocol.h"

namespace ntalpc::wire {

// A number in the fixed part of a body. Those of structures have the names of both: "message.message_id".
struct FieldInfo {
    const char* name;
    std::uint16_t offset;
    std::uint16_t size;
};
struct BlobInfo {
    const char* name;
    std::uint16_t size_offset;  // of the field that holds its size
};
struct BodyInfo {
    std::size_t size;  // of the fixed part
    std::span<const FieldInfo> fields;
    std::span<const BlobInfo> blobs;
    DescriptorRange descriptors;
};
struct RequestInfo {
    const char* name;
    BodyInfo request, reply;
};
extern const std::array<RequestInfo, kCodeCount> kRequestInfos;  // by Code

}  // namespace ntalpc::wire
"""


def numbers(layout, layouts, scalars, start=0, prefix=""):
    """(name, offset, size) of every number in a body, those of blobs' sizes included."""
    for _, name, offset, kind in layout.members:
        if kind in scalars:
            yield prefix + name, start + offset, scalars[kind][1]
        elif kind is not None:
            yield from numbers(layouts[kind], layouts, scalars, start + offset, prefix + name + ".")


def table(kind, name, rows):
    body = "".join(f"    {{{row}}},\n" for row in rows)
    return f"constexpr std::array<{kind}, {len(rows)}> {name}{{{{\n{body}}}}};\n" if rows else (
        f"constexpr std::array<{kind}, 0> {name}{{}};\n")


def source(requests, layouts, scalars):
    out = ["// Generated from include/protocol.def by tools/gen/make_protocol.py.",
           '#include "generated/protocol_fields.h"\n', "namespace ntalpc::wire {\n", "namespace {\n"]
    infos = []
    for name, parts in requests.items():
        bodies = []
        for part, record in enumerate(parts):
            sizes = {blob + "_size": blob for blob in record.blobs}
            places = list(numbers(layouts[name, part], layouts, scalars))
            prefix = f"k_{name}_{('request', 'reply')[part]}"
            out.append(table("FieldInfo", prefix + "_fields",
                             [f'"{n}", {o}, {s}' for n, o, s in places if n not in sizes]))
            out.append(table("BlobInfo", prefix + "_blobs",
                             [f'"{sizes[n]}", {o}' for n, o, _ in places if n in sizes]))
            bodies.append(f"{{{layouts[name, part].size}, {prefix}_fields, {prefix}_blobs, "
                          f"{{{record.fds[0]}, {record.fds[1]}}}}}")
        infos.append(f'    RequestInfo{{"{name}", {bodies[0]}, {bodies[1]}}},')
    out += ["}  // namespace\n", "const std::array<RequestInfo, kCodeCount> kRequestInfos{{", *infos, "}};\n",
            "}  // namespace ntalpc::wire\n"]
    return "\n".join(out)
