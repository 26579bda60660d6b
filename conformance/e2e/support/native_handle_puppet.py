# SPDX-License-Identifier: LGPL-2.1-or-later
"""The native puppet that passes and takes files: handle_puppet.c for Linux, on libntalpc."""

import ctypes
import os
import sys
import tempfile
from ctypes import byref, c_int, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

from native_puppet import Message, ObjectAttributes, PortAttributes, limit, path

SYNC_REQUEST, RELEASE_MESSAGE = 0x20000, 0x10000
HANDLE_ATTRIBUTE = 0x10000000
SAME_ACCESS = 0x10000
TAKES_MANY = 0x2080000
ALL_TYPES = 0xFFD
HANDLE_INFORMATION = 3


class HandleAttributes(ctypes.Structure):
    _fields_ = [("allocated", c_uint32), ("valid", c_uint32), ("flags", c_uint32), ("padding", c_uint32),
                ("handle", c_uint64), ("type", c_uint32), ("access", c_uint32)]


class HandleInformation(ctypes.Structure):
    _fields_ = [("index", c_uint32), ("flags", c_uint32), ("handle", c_uint32), ("type", c_uint32),
                ("access", c_uint32)]


def letting_handles_in():
    attributes = PortAttributes(max_message_length=ctypes.sizeof(Message))
    attributes.flags = TAKES_MANY
    attributes.dup_object_types = ALL_TYPES
    return byref(attributes)


class Puppet:
    def __init__(self, library):
        self.calls = library
        self.ports = {name: c_void_p() for name in ("listener", "server", "client")}
        self.message = Message()
        self.file = c_void_p()
        self.taken = c_void_p()
        self.text = ""

    def create(self, name):
        string = path(name)
        named = ObjectAttributes(length=ctypes.sizeof(ObjectAttributes), name=ctypes.pointer(string))
        return self.calls.NtAlpcCreatePort(byref(self.ports["listener"]), byref(named), letting_handles_in())

    def connect(self, name):
        return self.calls.NtAlpcConnectPort(byref(self.ports["client"]), byref(path(name)), None, letting_handles_in(),
                                            c_uint32(SYNC_REQUEST), None, None, None, None, None, limit(30000))

    def accept(self):
        self.message.set_text("")
        return self.calls.NtAlpcAcceptConnectPort(byref(self.ports["server"]), self.ports["listener"], c_uint32(0), None,
                                                  letting_handles_in(), None, byref(self.message), None, c_uint8(1))

    def receive(self, port, milliseconds):
        length = c_size_t(ctypes.sizeof(self.message))
        return self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(0), None, None, byref(self.message),
                                                    byref(length), None, limit(milliseconds))

    def write(self, text):
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            return self.calls.NtalpcHandleFromDescriptor(c_int(file.fileno()), byref(self.file))

    def carrying(self):
        return byref(HandleAttributes(HANDLE_ATTRIBUTE, HANDLE_ATTRIBUTE, SAME_ACCESS, 0, self.file.value, 0, 0))

    def pass_file(self, port):
        sent = Message()
        sent.set_text("a file")
        status = self.calls.NtAlpcSendWaitReceivePort(self.ports[port], c_uint32(RELEASE_MESSAGE), byref(sent),
                                                      self.carrying(), None, None, None, None)
        self.calls.NtClose(self.file)
        return status

    def take(self):
        information = HandleInformation()
        status = self.calls.NtAlpcQueryInformationMessage(
            self.ports["listener"], byref(self.message), c_uint32(HANDLE_INFORMATION), byref(information),
            c_uint32(ctypes.sizeof(information)), None)
        self.taken = c_void_p(information.handle)
        return status

    def read(self):
        descriptor = c_int(-1)
        status = self.calls.NtalpcDescriptorFromHandle(self.taken, byref(descriptor))
        if status == 0:
            self.text = os.pread(descriptor.value, 100, 0).decode()
            os.close(descriptor.value)
        return status or self.calls.NtClose(self.taken)

    def release(self):
        answer = Message(id=self.message.id)
        answer.set_text("")
        return self.calls.NtAlpcSendWaitReceivePort(self.ports["listener"], c_uint32(RELEASE_MESSAGE), byref(answer),
                                                    None, None, None, None, None)

    def serve(self, count):
        for _ in range(int(count)):
            status = (self.receive("listener", -1) or self.take() or self.calls.NtClose(self.taken) or self.release())
            if status:
                return status
        return 0

    def cycles(self, count):
        for _ in range(int(count)):
            question, reply = Message(), Message()
            question.set_text("?")
            length = c_size_t(ctypes.sizeof(reply))
            status = self.calls.NtAlpcSendWaitReceivePort(
                self.ports["client"], c_uint32(SYNC_REQUEST), byref(question), self.carrying(), byref(reply),
                byref(length), None, None)
            if status:
                return status
        return 0

    def handles(self):
        self.text = str(len(os.listdir("/proc/self/fd")))
        return 0

    def exit(self, code):
        sys.exit(int(code))


def main():
    puppet = Puppet(ctypes.CDLL(os.path.join(os.environ.get("BUILD_DIR", "."), "ntdll_alpc/libntalpc.so")))
    print("ready", os.getpid(), flush=True)
    while line := sys.stdin.readline():
        verb, *arguments = line.split()
        puppet.text = ""
        status = c_int32(getattr(puppet, {"pass": "pass_file"}.get(verb, verb))(*arguments)).value
        print(f"{status & 0xFFFFFFFF:08x}", puppet.message.type & 0xFF, 0, puppet.text, flush=True)


if __name__ == "__main__":
    main()
