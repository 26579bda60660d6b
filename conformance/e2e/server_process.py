# SPDX-License-Identifier: LGPL-2.1-or-later
"""alpcserver as a process: it starts once, lingers and goes, can be stopped and waited for, and refuses clients of
another version."""

import os
import pathlib
import socket
import struct
import sys
import time
import unittest

from support import statuses
from support.case import ALPCCTL, LIMIT, EndToEnd

REVISION_MISMATCH = 0xC0000059


class ServerProcess(EndToEnd):
    def setUp(self):
        super().setUp()
        # No Wine here: a prefix that only names a server.
        self.environment["WINEPREFIX"] = str(self.directory / "prefix")

    def running(self):
        return self.run_program(ALPCCTL, "status").returncode == 0

    def test_it_lingers_and_goes(self):
        self.assertEqual(self.server("-p1").returncode, 0)
        directory = self.server_directory()
        puppet = self.puppet("native")
        self.assertEqual(puppet.ask("create mine").status, statuses.SUCCESS)
        first = self.server_process()
        self.assertEqual(puppet.end(), 0)
        ended = time.monotonic()
        # The next program finds the same server while it lingers.
        self.assertEqual(self.server_process(), first)
        self.assertEqual(self.server("-w").returncode, 0)
        self.assertGreater(time.monotonic() - ended, 0.9)
        self.assertFalse((directory / "socket").exists())
        self.assertFalse(self.running())

    def test_it_is_confined(self):
        self.assertEqual(self.server("-p").returncode, 0)
        facts = pathlib.Path(f"/proc/{self.server_process()}/status").read_text()
        self.assertIn("NoNewPrivs:\t1\n", facts)
        self.assertIn("Seccomp:\t2\n", facts)
        self.assertEqual(self.server("-k").returncode, 0)

    def test_it_does_not_go_while_there_are_clients(self):
        self.assertEqual(self.server("-p0").returncode, 0)
        puppet = self.puppet("native")
        self.assertEqual(puppet.ask("create mine").status, statuses.SUCCESS)
        self.assertEqual(puppet.ask("receive listener 300").status, statuses.TIMEOUT)
        self.assertEqual(puppet.ask("receive listener 0").status, statuses.TIMEOUT, "the port is still there")

    def test_it_can_be_stopped(self):
        self.assertEqual(self.server("-p").returncode, 0)
        self.assertTrue(self.running())
        self.assertEqual(self.server("-k").returncode, 0)
        self.assertFalse(self.running())
        again = self.server("-k")
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"no server is running", again.stderr)
        self.assertEqual(self.server("-w").returncode, 0, "there is nothing to wait for")

    def test_a_second_one_says_that_there_is_one(self):
        self.assertEqual(self.server("-p").returncode, 0)
        second = self.server("-f")
        self.assertEqual(second.returncode, 2)
        self.assertIn(b"another server is running", second.stderr)
        self.assertEqual(self.server().returncode, 2)

    def test_what_a_killed_server_leaves_does_not_disturb_the_next(self):
        self.assertEqual(self.server("-p").returncode, 0)
        self.assertEqual(self.server("-k9").returncode, 0)
        self.assertTrue((self.server_directory() / "socket").exists())
        self.assertFalse(self.running())
        self.assertEqual(self.server().returncode, 0)
        self.assertTrue(self.running())

    def test_twenty_clients_start_one_server(self):
        puppets = [self.start(*self.puppet_command()) for _ in range(20)]
        for number, puppet in enumerate(puppets):
            puppet.stdin.write(f"create p{number}\n".encode())
            puppet.stdin.flush()
        for puppet in puppets:
            self.assertIn(b"ready", puppet.stdout.readline())
            self.assertTrue(puppet.stdout.readline().startswith(statuses.SUCCESS.encode()))
        counts = self.counts()
        self.assertEqual((counts["processes"], counts["ports"]), (20, 20))
        for puppet in puppets:
            puppet.communicate(b"exit 0\n", timeout=LIMIT)
        self.wait_for_no_objects()

    @staticmethod
    def puppet_command():
        return [sys.executable, pathlib.Path(__file__).parent / "support/native_puppet.py"]

    def test_its_files_are_private(self):
        self.assertEqual(self.server().returncode, 0)
        directory = self.server_directory()
        for path in (directory.parent, directory, directory / "socket", directory / "lock", directory / "log"):
            self.assertEqual(path.lstat().st_mode & 0o077, 0, path)

    def test_wrong_arguments_give_one_sentence(self):
        for argument in ("surplus", "-dmany", "--nonsense"):
            result = self.server(argument)
            self.assertEqual(result.returncode, 1, argument)
            self.assertNotIn(b"terminate", result.stderr)

    def test_a_directory_of_somebody_else_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a directory away")
        taken = self.directory / "ntalpc"
        taken.mkdir()
        os.chown(taken, 65534, 65534)
        result = self.server("-f")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"belongs to another user", result.stderr)
        os.chown(taken, 0, 0)


class RawProtocol(EndToEnd):
    """Clients that are not ours."""

    def setUp(self):
        super().setUp()
        self.environment["WINEPREFIX"] = str(self.directory / "prefix")
        self.assertEqual(self.server("-p").returncode, 0)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(LIMIT)
        self.socket.connect(str(self.server_directory() / "socket"))

    def log(self):
        return (self.server_directory() / "log").read_text()

    @staticmethod
    def packet(code, body, size=None):
        return struct.pack("<IHHiI", 16 + len(body) if size is None else size, code, 0, 0, 7) + body

    def test_another_version_is_refused_with_a_sentence(self):
        self.socket.send(self.packet(0, struct.pack("<I", 0xDEADBEEF)))
        status, serial = struct.unpack_from("<iI", self.socket.recv(1000), 8)
        self.assertEqual((status & 0xFFFFFFFF, serial), (REVISION_MISMATCH, 7))
        self.assertRegex(self.log(), f"process {os.getpid()} speaks protocol deadbeef, this server [0-9a-f]{{8}}: refused")
        self.assertIn("alpcserver -k", self.log())

    def check_dropped(self, packet, rule):
        self.socket.send(packet)
        self.assertEqual(self.socket.recv(1000), b"")
        self.assertIn(rule, self.log())
        counts = self.counts()
        self.assertEqual((counts["processes"], counts["threads"]), (0, 0))

    def test_a_request_before_registration_ends_the_client(self):
        self.check_dropped(self.packet(4, b""), "a request before registration")

    def test_a_wrong_size_ends_the_client(self):
        self.check_dropped(self.packet(0, b"", size=17), "a packet whose size is not its length")

    def test_a_packet_without_a_header_ends_the_client(self):
        self.check_dropped(b"x", "a packet without a header")

    def test_a_huge_packet_ends_the_client(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.check_dropped(self.packet(0, bytes(180000)), "a packet larger than any request")

    def test_a_thread_without_a_process_ends_the_client(self):
        self.check_dropped(self.packet(1, bytes(40)), "dropped process")

    def test_surplus_descriptors_end_the_client_and_are_closed(self):
        read_end, write_end = os.pipe()
        socket.send_fds(self.socket, [self.packet(4, b"")], [write_end] * 10)
        os.close(write_end)
        self.assertEqual(os.read(read_end, 1), b"", "the server has closed its copies")
        os.close(read_end)
        self.assertEqual(self.socket.recv(1000), b"")


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
