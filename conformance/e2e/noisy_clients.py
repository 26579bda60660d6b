# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that would fill the log, and a log that nobody reads: neither is a matter of anybody else's."""

import os
import socket
import sys
import unittest

from support import statuses
from support.case import ALPCSERVER, LIMIT, EndToEnd

VIOLATIONS = 1000


class NoisyClients(EndToEnd):
    def setUp(self):
        super().setUp()
        # No Wine here: a prefix that only names a server.
        self.environment["WINEPREFIX"] = str(self.directory / "prefix")

    def violate(self, times):
        """Packets without a header, each on a connection of its own, each ending in a line of the log."""
        path = str(self.server_directory() / "socket")
        for _ in range(times):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.settimeout(LIMIT)
                client.connect(path)
                client.send(b"x")
                self.assertEqual(client.recv(1000), b"")

    def test_a_client_cannot_fill_the_log(self):
        self.assertEqual(self.server("-p").returncode, 0)
        log = self.server_directory() / "log"
        self.violate(VIOLATIONS)
        lines = log.read_text().splitlines()
        self.assertTrue(50 < len(lines) < 200, len(lines))
        other = self.puppet("native")
        self.assertEqual(other.ask("create mine").status, statuses.SUCCESS)
        left_out = VIOLATIONS - len(lines)
        self.wait_until(lambda: "were left out" in log.read_text(), "the log says that something is missing", 20)
        summary = [line for line in log.read_text().splitlines() if "were left out" in line]
        self.assertEqual(len(summary), 1)
        self.assertIn(f"{left_out} lines about process {os.getpid()} of user {os.getuid()}", summary[0])

    def check_that_nobody_waits(self, stderr, read):
        """The server is so talkative that what takes its log is full soon."""
        serving = self.start(ALPCSERVER, "-f", "-d3", "-p", stderr=stderr)
        self.addCleanup(serving.wait)
        self.addCleanup(serving.kill)
        self.wait_until(lambda: self.server_directories() and (self.server_directory() / "socket").exists(),
                        "the server is there")
        server, client = self.connect("native", "native", name="quiet")
        for number in range(1000):
            self.assertEqual(client.ask(f"datagram client {number}").status, statuses.SUCCESS)
            self.assertEqual(server.ask("receive listener 20000").text, str(number))
        text = read()
        while b"lines of this log are missing here" not in text:
            self.assertEqual(client.ask("datagram client x").status, statuses.SUCCESS)
            text += read()
        for line in text.splitlines():
            self.assertRegex(line, rb"^\d\d:\d\d:\d\d\.\d{6} ")

    def test_a_pipe_that_nobody_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(reader, False)

        def read():
            try:
                return os.read(reader, 1 << 20)
            except BlockingIOError:
                return b""
        self.check_that_nobody_waits(writer, read)
        os.close(writer)

    def test_a_socket_that_nobody_reads(self):
        """As that of the journal."""
        reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(reader.close)
        reader.setblocking(False)

        def read():
            try:
                return reader.recv(1 << 20)
            except BlockingIOError:
                return b""
        self.check_that_nobody_waits(writer.fileno(), read)
        writer.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
