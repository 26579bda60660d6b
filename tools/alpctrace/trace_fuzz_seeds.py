#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that trace_fuzz begins with: a file with one event of each kind, and events of whole conversations. The
kinds and fields of events come from include/trace_events.def."""

import struct
import sys

import make_protocol
import make_trace
from fuzz_seeds import SOURCE, Seeds, constants

VERSION, EVENTS = make_trace.parse(SOURCE / "include/trace_events.def")
TYPES = list(EVENTS)
API = constants("include/ntalpc/ntlpcapi.h", "LPC_")


def value_bytes(value):
    return bytes([value]) if value < 0xFF else b"\xff" + struct.pack("<Q", value)


def event(title, after=1, **values):
    """An event of the second form of inputs: its type, its fields, the time since the last one."""
    record = EVENTS[title][0]
    out = bytes([TYPES.index(title)])
    for _, field in record.fields:
        out += value_bytes(values.get(field, 0))
    for blob in record.blobs:
        data = values.get(blob, b"")
        out += bytes([len(data)]) + data
    return out + value_bytes(after)


def name(text):
    return text.encode("utf-16-le")


def conversation():
    message = {"connection": 1, "process": 2, "thread": 3, "message": 5, "size": 5}
    return b"".join([
        event("process_started", process=1, image=b"C:\\server.exe"), event("process_started", process=2, image=b"/bin/client"),
        event("port_created", port=1, process=1, kind=0, name=name("\\RPC Control\\a")),
        event("port_created", port=2, connection=1, process=2, kind=1),
        event("connect_requested", connection=1, port=1, process=2, thread=3, message=4),
        event("message_sent", **{**message, "message": 4, "type": API["LPC_CONNECTION_REQUEST"], "data": b"hello"}),
        event("message_received", **{**message, "message": 4, "process": 1, "type": API["LPC_CONNECTION_REQUEST"]}),
        event("port_created", port=3, connection=1, process=1, kind=2), event("connection_accepted", connection=1, process=1),
        event("message_sent", **{**message, "side": 1, "message": 4, "type": API["LPC_INTERNAL_CONNECTION_REPLY"], "data": b"hello"}),
        event("message_sent", **{**message, "type": API["LPC_REQUEST"], "data": b"query"}),
        event("wait_began", process=2, thread=3, message=5),
        event("message_received", **{**message, "process": 1, "type": API["LPC_REQUEST"]}),
        event("message_sent", **{**message, "side": 1, "process": 1, "type": API["LPC_REPLY"], "data": b"reply"}),
        event("message_received", **{**message, "type": API["LPC_REPLY"]}),
        event("call_ended", process=2, thread=3, request=1, began=5, waited=3),
        event("message_sent", **{**message, "message": 6, "type": API["LPC_DATAGRAM"], "data": b"query"}),
        event("message_canceled", message=6, connection=1), event("quota_hit", process=1, status=0xC0000044),
        event("connection_ended", connection=1), event("port_closed", port=2), event("process_ended", process=2)])


def plain_file():
    """The first form: the header, and a record of each kind whose numbers are 1 and whose blobs are two bytes."""
    out = struct.pack("<8sIIQQIIII", b"NTALPCTR", VERSION, 48, 0, 10**18, 1, 64, 0, 0)
    for number, (record, _) in enumerate(EVENTS.values()):
        layout = make_protocol.Layout(record, {})
        body = bytearray(layout.size)
        for _, field, offset, kind in layout.members:
            if kind:
                body[offset] = 2 if field.removesuffix("_size") in record.blobs else 1
        body += b"a\0" * len(record.blobs)
        size = (16 + len(body) + 4 + 7) // 8 * 8
        out += struct.pack("<IHHq", size, number, 0, number) + body + bytes(size - 20 - len(body)) + struct.pack("<I", size)
    return out


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: trace_fuzz_seeds.py DIRECTORY")
    seeds = Seeds(sys.argv[1])
    for way in range(4):
        seeds.add(f"file_{way}", bytes([2 * way]) + plain_file())
        seeds.add(f"conversation_{way}", bytes([2 * way + 1]) + conversation())
    seeds.add("torn_file", b"\0" + plain_file()[:-9])
    for kind in TYPES:
        seeds.add(kind, b"\1" + event(kind))
        seeds.word(event(kind, connection=1, port=1, message=1, process=1))
    seeds.word(b"NTALPCTR")
    seeds.finish()


if __name__ == "__main__":
    main()
