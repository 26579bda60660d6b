# SPDX-License-Identifier: LGPL-2.1-or-later
"""The native puppet: puppet.c for Linux, on libntalpc."""

import ctypes
import fcntl
import os
import sys
from ctypes import POINTER, byref, c_int16, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

MAX_DATA = 200
SYNC_REQUEST = 0x20000
RELEASE_MESSAGE = 0x10000
PORT_CLOSED = 5
VIEW_ATTRIBUTE = 0x40000000
UNMAP_EXISTING = 0x10000
AUTO_RELEASE = 0x20000
SECURED_ACCESS = 0x40000
SECURE_SECTION = 0x40000
SHARED_SIZE = 0x4000
# A self-relative security descriptor with a DACL that is NULL.
OPEN_TO_ALL = bytes([1, 0, 4, 0x80] + [0] * 16)


class Message(ctypes.Structure):
    _fields_ = [("data_length", c_int16), ("total_length", c_int16), ("type", c_int16), ("offset", c_int16),
                ("process", c_uint64), ("thread", c_uint64), ("id", c_uint32), ("callback", c_uint64),
                ("data", c_uint8 * MAX_DATA)]

    def set_text(self, text):
        encoded = text.encode()
        ctypes.memmove(self.data, encoded, len(encoded))
        self.data_length = len(encoded)
        self.total_length = Message.data.offset + len(encoded)

    def text(self):
        return bytes(self.data[:self.data_length]).decode()


class UnicodeString(ctypes.Structure):
    _fields_ = [("length", c_uint16), ("maximum_length", c_uint16), ("buffer", c_void_p)]


class ObjectAttributes(ctypes.Structure):
    _fields_ = [("length", c_uint32), ("root", c_void_p), ("name", POINTER(UnicodeString)), ("attributes", c_uint32),
                ("security_descriptor", c_void_p), ("security_qos", c_void_p)]


class PortAttributes(ctypes.Structure):
    _fields_ = [("flags", c_uint32), ("qos", c_uint8 * 12), ("max_message_length", c_size_t),
                ("limits", c_size_t * 5), ("dup_object_types", c_uint32), ("reserved", c_uint32)]


class ViewAttributes(ctypes.Structure):
    """Attributes with a view and nothing else."""
    _fields_ = [("allocated", c_uint32), ("valid", c_uint32), ("flags", c_uint32), ("section", c_void_p),
                ("base", c_void_p), ("size", c_size_t)]


assert Message.data.offset == 0x28 and ctypes.sizeof(PortAttributes) == 0x48


def limit(milliseconds):
    return None if int(milliseconds) < 0 else byref(c_int64(-10000 * int(milliseconds)))


def path(name):
    text = f"\\RPC Control\\{name}".encode("utf-16-le")
    buffer = ctypes.create_string_buffer(text)
    string = UnicodeString(len(text), len(text), ctypes.addressof(buffer))
    string.keeps = buffer
    return string


def attributes():
    return byref(PortAttributes(max_message_length=ctypes.sizeof(Message)))


class Puppet:
    def __init__(self, library):
        self.calls = library
        self.ports = {name: c_void_p() for name in ("listener", "server", "client")}
        self.message = Message()
        self.seen = None  # the view that came with the last message

    def create(self, name, descriptor=None):
        string = path(name)
        named = ObjectAttributes(length=ctypes.sizeof(ObjectAttributes), name=ctypes.pointer(string),
                                 security_descriptor=ctypes.cast(descriptor, c_void_p))
        return self.calls.NtAlpcCreatePort(byref(self.ports["listener"]), byref(named), attributes())

    def create_for_all(self, name):
        return self.create(name, OPEN_TO_ALL)

    def connect(self, name, mode, milliseconds):
        self.message.set_text("let me in")
        self.message.id = 0
        length = c_size_t(ctypes.sizeof(self.message))
        return self.calls.NtAlpcConnectPort(
            byref(self.ports["client"]), byref(path(name)), None, attributes(),
            c_uint32(SYNC_REQUEST if mode == "sync" else 0), None, byref(self.message), byref(length), None, None,
            limit(milliseconds))

    def decide(self, accept):
        self.message.set_text("welcome")
        return self.calls.NtAlpcAcceptConnectPort(
            byref(self.ports["server"]), self.ports["listener"], c_uint32(0), None, None, None, byref(self.message),
            None, c_uint8(accept))

    def accept(self):
        return self.decide(1)

    def refuse(self):
        return self.decide(0)

    def receive(self, port, milliseconds):
        length = c_size_t(ctypes.sizeof(self.message))
        return self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(0), None, None, byref(self.message),
                                                    byref(length), None, limit(milliseconds))

    def request(self, text, milliseconds):
        question = Message()
        question.set_text(text)
        length = c_size_t(ctypes.sizeof(self.message))
        return self.calls.NtAlpcSendWaitReceivePort(self.ports["client"], c_uint32(SYNC_REQUEST), byref(question), None,
                                                    byref(self.message), byref(length), None, limit(milliseconds))

    def send(self, port, text, message_id):
        sent = Message(id=message_id)
        sent.set_text(text)
        return self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(RELEASE_MESSAGE), byref(sent), None, None,
                                                    None, None, None)

    def datagram(self, port, text):
        return self.send(port, text, 0)

    def reply(self, text):
        return self.send("listener", text, self.message.id)

    def make_view(self, port, text, flags, wrapped=None):
        made = ViewAttributes(allocated=VIEW_ATTRIBUTE, valid=VIEW_ATTRIBUTE, size=SHARED_SIZE)
        section, actual = c_void_p(), c_size_t()
        status = self.calls.NtAlpcCreatePortSection(
            self.ports[port], c_uint32(SECURE_SECTION if flags & SECURED_ACCESS else 0), wrapped, c_size_t(SHARED_SIZE),
            byref(section), byref(actual))
        if status == 0:
            made.section = section.value
            status = self.calls.NtAlpcCreateSectionView(self.ports[port], c_uint32(0),
                                                        byref(made, ViewAttributes.flags.offset))
        if status == 0:
            ctypes.memmove(made.base, text.encode() + b"\0", len(text) + 1)
            made.flags = flags
        return status, made

    def delete_section(self, port, made):
        return self.calls.NtAlpcDeletePortSection(self.ports[port], c_uint32(0), c_void_p(made.section))

    def wrap(self, port, text, kind):
        """Sends a view of memory of the program's own, which is "sealed" against shrinking or not."""
        memory = os.memfd_create("wrapped", os.MFD_ALLOW_SEALING)
        os.ftruncate(memory, SHARED_SIZE)
        if kind == "sealed":
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        handle = c_void_p()
        status = self.calls.NtalpcHandleFromDescriptor(memory, byref(handle))
        return status if status else self.share(port, text, "0", handle)

    def share(self, port, text, flags, wrapped=None):
        status, made = self.make_view(port, text, int(flags, 16), wrapped)
        if status == 0:
            sent = Message()
            sent.set_text("a view")
            status = self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(RELEASE_MESSAGE), byref(sent),
                                                          byref(made), None, None, None, None)
        return status if status else self.delete_section(port, made)

    def glance(self):
        self.message.set_text(ctypes.string_at(self.seen).decode() if self.seen else "no view")
        return 0

    def look(self, port, milliseconds):
        attributes = ViewAttributes(allocated=VIEW_ATTRIBUTE)
        length = c_size_t(ctypes.sizeof(self.message))
        status = self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(0), None, None, byref(self.message),
                                                      byref(length), byref(attributes), limit(milliseconds))
        if status != 0 or self.message.type & 0xFF == PORT_CLOSED:
            return status
        self.seen = attributes.base if attributes.valid else None
        return self.glance()

    def unmap(self, port):
        base, self.seen = self.seen, None
        return self.calls.NtAlpcDeleteSectionView(self.ports[port], c_uint32(0), c_void_p(base))

    def transfer(self, count):
        for i in range(int(count)):
            status, made = self.make_view("client", "x", AUTO_RELEASE | (SECURED_ACCESS if i % 2 else 0))
            question = Message()
            question.set_text("look")
            length = c_size_t(ctypes.sizeof(self.message))
            if status == 0:
                status = self.calls.NtAlpcSendWaitReceivePort(
                    self.ports["client"], c_uint32(SYNC_REQUEST), byref(question), byref(made), byref(self.message),
                    byref(length), None, limit(20000))
            if status == 0:
                status = self.delete_section("client", made)
            if status != 0:
                return status
        return 0

    def serve(self, count):
        for _ in range(int(count)):
            status = self.look("listener", 20000)
            if status == 0 and self.message.text() != "x":
                return -1
            releasing = ViewAttributes(allocated=VIEW_ATTRIBUTE, valid=VIEW_ATTRIBUTE, flags=UNMAP_EXISTING)
            self.message.set_text("seen")
            if status == 0:
                status = self.calls.NtAlpcSendWaitReceivePort(
                    self.ports["listener"], c_uint32(RELEASE_MESSAGE), byref(self.message), byref(releasing), None,
                    None, None, None)
            self.seen = None
            if status != 0:
                return status
        return 0

    def close(self, port):
        return self.calls.NtClose(self.ports[port])

    def exit(self, code):
        sys.exit(int(code))

    def tell(self, status):
        received = status == 0
        kind = self.message.type & 0xFF if received else 0
        # The notice of the end of a client carries a number, everything else what a puppet has said.
        text = self.message.text() if received and kind != PORT_CLOSED else ""
        print(f"{status & 0xFFFFFFFF:08x}", kind, self.message.process if received else 0, text, flush=True)


def main():
    puppet = Puppet(ctypes.CDLL(os.path.join(os.environ.get("BUILD_DIR", "."), "ntdll_alpc/libntalpc.so")))
    print("ready", os.getpid(), flush=True)
    while line := sys.stdin.readline():
        verb, *arguments = line.split()
        puppet.tell(c_int32(getattr(puppet, verb)(*arguments)).value)


if __name__ == "__main__":
    main()
