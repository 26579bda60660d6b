# SPDX-License-Identifier: LGPL-2.1-or-later
"""The native puppet for the legacy calls: lpc_puppet.c for Linux, on libntalpc."""

import ctypes
import os
import sys
from ctypes import byref, c_int32, c_uint8, c_uint32, c_void_p

from native_puppet import Message, ObjectAttributes, UnicodeString, limit, path

REQUEST = 1
PORT_CLOSED = 5
CLIENT_DIED = 6
CONNECTION_REQUEST = 10


class QualityOfService(ctypes.Structure):
    _fields_ = [("length", c_uint32), ("level", c_uint32), ("dynamic", c_uint8), ("effective_only", c_uint8)]


QUALITY = QualityOfService(12, 2, 1, 1)


def new_message(text):
    message = Message()
    message.set_text(text)
    return message


class Puppet:
    def __init__(self, library):
        self.calls = library
        self.ports = {name: c_void_p() for name in ("listener", "server", "client")}
        self.message = Message()

    def create(self, name):
        string: UnicodeString = path(name)
        named = ObjectAttributes(length=ctypes.sizeof(ObjectAttributes), name=ctypes.pointer(string))
        return self.calls.NtCreatePort(byref(self.ports["listener"]), byref(named), c_uint32(100),
                                       c_uint32(ctypes.sizeof(Message)), c_uint32(0))

    def connect(self, name):
        return self.calls.NtConnectPort(byref(self.ports["client"]), byref(path(name)), byref(QUALITY), None, None,
                                        None, None, None)

    def decide(self, accept):
        self.message.set_text("")
        return self.calls.NtAcceptConnectPort(byref(self.ports["server"]), None, byref(self.message), c_uint8(accept),
                                              None, None)

    def accept(self):
        return self.decide(1) or self.calls.NtCompleteConnectPort(self.ports["server"])

    def refuse(self):
        return self.decide(0)

    def accept_of(self, process, thread, message_id):
        self.message = Message(process=int(process), thread=int(thread), id=int(message_id))
        return self.accept()

    def receive(self, port, milliseconds):
        return self.calls.NtReplyWaitReceivePortEx(self.ports[port], None, None, byref(self.message),
                                                   limit(milliseconds))

    def request(self, text):
        return self.calls.NtRequestWaitReplyPort(self.ports["client"], byref(new_message(text)), byref(self.message))

    def datagram(self, port, text):
        return self.calls.NtRequestPort(self.ports[port], byref(new_message(text)))

    def reply(self, text):
        answer = Message.from_buffer_copy(self.message)
        answer.set_text(text)
        return self.calls.NtReplyPort(self.ports["listener"], byref(answer))

    def register(self, port):
        return self.calls.NtRegisterThreadTerminatePort(self.ports[port])

    def close(self, port):
        return self.calls.NtClose(self.ports[port])

    def cycles(self, name, count):
        for _ in range(int(count)):
            status = self.connect(name) or self.request("cycle") or self.close("client")
            if status:
                return status
        return 0

    def serve(self, count):
        left = int(count)
        while left:
            context = c_void_p()
            status = self.calls.NtReplyWaitReceivePort(self.ports["listener"], byref(context), None,
                                                       byref(self.message))
            if status == 0 and self.message.type == CONNECTION_REQUEST:
                status = self.accept()
            elif status == 0 and self.message.type == REQUEST:
                status = self.reply("cycle")
            elif status == 0 and self.message.type == PORT_CLOSED:
                status = self.calls.NtClose(context)
                left -= 1
            if status:
                return status
        return 0

    def exit(self, code):
        sys.exit(int(code))

    def tell(self, status):
        message = self.message
        received = status == 0
        kind = message.type & 0xFF if received else 0
        text = message.text() if received and kind not in (PORT_CLOSED, CLIENT_DIED) else ""
        print(f"{status & 0xFFFFFFFF:08x}", kind, message.process, message.thread, message.id, text, flush=True)


def main():
    puppet = Puppet(ctypes.CDLL(os.path.join(os.environ.get("BUILD_DIR", "."), "ntdll_alpc/libntalpc.so")))
    print("ready", os.getpid(), flush=True)
    while line := sys.stdin.readline():
        verb, *arguments = line.split()
        puppet.tell(c_int32(getattr(puppet, verb)(*arguments)).value)


if __name__ == "__main__":
    main()
