# SPDX-License-Identifier: LGPL-2.1-or-later
"""The native puppet: puppet.c for Linux, on libntalpc."""

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_int16, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

MAX_DATA = 200
SYNC_REQUEST = 0x20000
RELEASE_MESSAGE = 0x10000
PORT_CLOSED = 5


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

    def create(self, name):
        string = path(name)
        named = ObjectAttributes(length=ctypes.sizeof(ObjectAttributes), name=ctypes.pointer(string))
        return self.calls.NtAlpcCreatePort(byref(self.ports["listener"]), byref(named), attributes())

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
