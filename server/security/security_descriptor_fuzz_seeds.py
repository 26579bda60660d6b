#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that security_descriptor_fuzz begins with: self-relative descriptors (MS-DTYP 2.4.6) with lists of all kinds
of entries. The first two bytes are the size of a token, of which there is none."""

import struct
import sys

from fuzz_seeds import Seeds

# MS-DTYP 2.4.4.1.
ALLOW, DENY, AUDIT, ALLOW_OBJECT, ALLOW_CALLBACK, LABEL, RESOURCE = 0, 1, 2, 5, 9, 0x11, 0x12
DACL_PRESENT, SACL_PRESENT, SELF_RELATIVE = 0x0004, 0x0010, 0x8000


def sid(authority, *parts):
    return struct.pack(">BBHI", 1, len(parts), 0, authority) + struct.pack(f"<{len(parts)}I", *parts)


EVERYONE, CREATOR, ADMINISTRATORS, USER = sid(1, 0), sid(3, 0), sid(5, 32, 544), sid(5, 21, 1, 2, 3, 1000)


def ace(kind, who, mask=0x1F0001, flags=0, before=b"", behind=b""):
    body = struct.pack("<I", mask) + before + who + behind
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def acl(*entries, revision=2):
    return struct.pack("<BBHHH", revision, 0, 8 + sum(map(len, entries)), len(entries), 0) + b"".join(entries)


def descriptor(owner=b"", group=b"", sacl=b"", dacl=b"", control=0):
    out, offsets = b"", []
    for part in (owner, group, sacl, dacl):
        offsets.append(20 + len(out) if part else 0)
        out += part
    control |= SELF_RELATIVE | (SACL_PRESENT if sacl else 0) | (DACL_PRESENT if dacl else 0)
    return struct.pack("<BBHIIII", 1, 0, control, *offsets) + out


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: security_descriptor_fuzz_seeds.py DIRECTORY")
    condition = b"artx" + b"\x89" + struct.pack("<I", len(EVERYONE)) + EVERYONE + b"\x00" * 3
    guid = struct.pack("<I", 1) + bytes(range(16))
    lists = {
        "empty": acl(), "allow": acl(ace(ALLOW, EVERYONE), ace(DENY, USER, 1)),
        "inherited": acl(ace(ALLOW, CREATOR, flags=0x0B), ace(ALLOW, ADMINISTRATORS, 0x10000000, flags=0x13)),
        "object": acl(ace(ALLOW_OBJECT, USER, before=guid), revision=4),
        "condition": acl(ace(ALLOW_CALLBACK, EVERYONE, behind=condition)),
    }
    seeds = Seeds(sys.argv[1])
    for name, dacl in lists.items():
        seeds.add(name, b"\0\0" + descriptor(ADMINISTRATORS, USER, b"", dacl))
    label = acl(ace(LABEL, sid(16, 0x3000), 1), ace(AUDIT, EVERYONE, flags=0xC0), ace(RESOURCE, EVERYONE))
    seeds.add("label", b"\0\0" + descriptor(ADMINISTRATORS, USER, label, lists["allow"]))
    seeds.add("bare", b"\0\0" + descriptor(control=DACL_PRESENT))
    for word in (EVERYONE, CREATOR, ADMINISTRATORS, USER, ace(ALLOW, EVERYONE), ace(DENY, USER), condition, b"artx"):
        seeds.word(word)
    seeds.finish()


if __name__ == "__main__":
    main()
