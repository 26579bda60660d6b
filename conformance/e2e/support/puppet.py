# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hand in the puppet: sends one line for each call and reads one line about its outcome. puppet.c is the Windows
puppet and says what the lines mean; native_puppet.py is the same for Linux."""

import dataclasses
import os
import pathlib
import select
import signal
import sys
import time


@dataclasses.dataclass
class Outcome:
    status: str  # eight hexadecimal digits
    kind: int  # message type of what was received
    process: int  # who sent it
    text: str
    at: float  # when it arrived, on the monotonic clock


class Puppet:
    @staticmethod
    def command(kind, alpcrun, programs):
        if kind == "windows":
            return [alpcrun, programs / "puppet.exe"]
        return [sys.executable, pathlib.Path(__file__).with_name("native_puppet.py")]

    def __init__(self, process):
        self.process = process
        self.buffer = b""
        self.id = 0  # in its own world

    def expect_ready(self, limit):
        words = self.line(limit).split()
        assert words[:1] == ["ready"], words
        self.id = int(words[1])

    def line(self, limit):
        deadline = time.monotonic() + limit
        while b"\n" not in self.buffer:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"the puppet said nothing within {limit} s"
            read = os.read(self.process.stdout.fileno(), 4096)
            assert read, f"the puppet has ended: {self.process.stderr.read().decode(errors='replace')}"
            self.buffer += read
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode().rstrip("\r")

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, limit=30):
        status, kind, process, text = (self.line(limit) + " ").split(" ", 3)
        return Outcome(status, int(kind), int(process), text.rstrip(" "), time.monotonic())

    def ask(self, command):
        self.tell(command)
        return self.answer()

    def kill(self):
        """kill -9. Returns the time."""
        now = time.monotonic()
        os.kill(self.process.pid, signal.SIGKILL)
        return now

    def end(self):
        self.tell("exit 0")
        return self.process.wait(timeout=30)
