# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server is killed under every kind of call that can block, and under many clients at once; and clients and a server
of different versions."""

import os
import pathlib
import select
import signal
import shutil
import socket
import struct
import sys
import time
import unittest

from support import statuses
from support.case import ALPCRUN, BUILD, LIMIT, PROGRAMS, SOON, EndToEnd

EVERYWHERE = ["receive", "request", "connect", "wait", "completion-list", "references", "lpc-receive", "lpc-request",
              "lpc-connect", "direct-message"]
# What there is besides, and what waits in the server: the thread that fills the completion list too, but not who waits
# for the event of a direct message, for a packet of Wine, or in poll; for the packets their helper waits.
KINDS = {"native": ([PROGRAMS / "blocked_calls"], ["poll"], 10),
         "windows": ([ALPCRUN, PROGRAMS / "blocked_calls.exe"], ["wait-among-others", "completion-port"], 12)}
REVISION_MISMATCH = "c0000059"
MANY = 16


class ServerDeath(EndToEnd):
    def lines_until(self, process, last):
        """Each line with the time when it came."""
        lines, buffer, deadline = [], b"", time.monotonic() + LIMIT
        while not lines or not lines[-1][0].startswith(last):
            readable, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(readable, f"no '{last}' within {LIMIT} s, but {lines}")
            read = os.read(process.stdout.fileno(), 4096)
            self.assertTrue(read, f"the program has ended after {lines}")
            *whole, buffer = (buffer + read).split(b"\n")
            lines += [(line.decode().rstrip("\r"), time.monotonic()) for line in whole]
        return lines

    def servers(self):
        """The processes that serve below our directory."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if not self.is_dead(process.name) and words[0].endswith(b"alpcserver") and any(bytes(self.directory) in word for word in words):
                found.append(int(process.name))
        return found

    @staticmethod
    def is_dead(process):
        """Gone, or waiting for whoever has inherited it to look."""
        try:
            return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    def test_every_blocked_call_ends_at_once(self):
        for kind, (command, special, waits) in KINDS.items():
            with self.subTest(kind=kind):
                program = self.start(*command)
                self.lines_until(program, "ready")
                self.wait_until(lambda expected=waits: self.counts()["waits"] == expected, "all wait")
                os.kill(self.server_process(), signal.SIGKILL)
                killed = time.monotonic()
                lines = self.lines_until(program, "over")
                self.assertEqual(program.wait(LIMIT), 0)
                ended = dict(line.split() for line, _ in lines if " " in line)
                expected = {name: statuses.PORT_DISCONNECTED for name in EVERYWHERE + special}
                # Event pairs are between those who have them: the server takes no part in setting and waiting.
                expected.update({"event-pair": statuses.SUCCESS, "set": statuses.SUCCESS})
                self.assertEqual(ended, expected)
                last = max(at for line, at in lines if line.split()[0] in EVERYWHERE + special)
                self.assertLess(last - killed, SOON)

    def test_a_trace_ends(self):
        server = self.puppet("native")
        self.assertEqual(server.ask("create traced").status, statuses.SUCCESS)
        recorder = self.start(BUILD / "tools/alpctrace/alpctrace", "attach", "-o", self.directory / "trace")
        self.wait_until(lambda: self.counts()["waits"] == 1, "the recorder waits")
        os.kill(self.server_process(), signal.SIGKILL)
        killed = time.monotonic()
        recorder.wait(LIMIT)
        self.assertLess(time.monotonic() - killed, SOON)

    def test_many_clients_start_one_server(self):
        puppets = [self.puppet("native") for _ in range(MANY)]
        for number, puppet in enumerate(puppets):
            self.assertEqual(puppet.ask(f"create before{number}").status, statuses.SUCCESS)
        for turn in range(5):
            for puppet in puppets[::2]:
                puppet.tell("receive listener -1")
            self.wait_until(lambda: self.counts()["waits"] == MANY // 2, "half of them wait")
            old = self.server_process()
            os.kill(old, signal.SIGKILL)
            self.wait_until(lambda dead=old: self.is_dead(dead), "it is dead")
            for number, puppet in enumerate(puppets[1::2]):
                puppet.tell(f"create odd{turn}-{number}")
            for number, puppet in enumerate(puppets[::2]):
                self.assertEqual(puppet.answer().status, statuses.PORT_DISCONNECTED)
                puppet.tell(f"create even{turn}-{number}")
            for puppet in puppets:
                self.assertEqual(puppet.answer().status, statuses.SUCCESS)
            counts = self.counts()
            self.assertEqual((counts["processes"], counts["ports"]), (MANY, MANY))
            self.assertEqual(len(self.servers()), 1)

    def test_nothing_is_left_behind(self):
        """After a kill, and then after an orderly end."""
        program = self.start(*KINDS["native"][0])
        self.lines_until(program, "ready")
        place = self.server_directory()
        os.kill(self.server_process(), signal.SIGKILL)
        self.assertEqual(program.wait(LIMIT), 0)
        self.assertEqual({path.name for path in place.iterdir()}, {"lock", "log", "socket"})
        self.assertEqual(self.server("-k").returncode, 0)
        self.assertEqual({path.name for path in place.iterdir()}, {"lock", "log"})
        self.assertEqual(self.servers(), [])


class OtherVersion(EndToEnd):
    def test_the_library_says_so(self):
        """A server of another version is played by the test."""
        self.assertEqual(self.server("-p").returncode, 0)
        path = str(self.server_directory() / "socket")
        for kind in ("native", "windows"):
            with self.subTest(kind=kind):
                puppet = self.puppet(kind, WINEDEBUG="-all,err+alpc")
                self.server("-k")
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
                    other.bind(path)
                    other.listen()
                    other.settimeout(LIMIT)
                    puppet.tell("create mine")
                    with other.accept()[0] as client:
                        _, code, _, _, serial = struct.unpack_from("<IHHiI", client.recv(100000))
                        client.send(struct.pack("<IHHII", 16, code, 0, int(REVISION_MISMATCH, 16), serial))
                    self.assertEqual(puppet.answer().status, REVISION_MISMATCH)
                os.unlink(path)
                puppet.end()
                self.assertIn(b"the running alpcserver is of another version than this library; stop it with alpcserver "
                              b"-k", puppet.process.stderr.read())
                self.assertEqual(self.server("-p").returncode, 0)

    def test_both_sides_say_so(self):
        """The library of another version is a copy in which the number of the protocol is another."""
        server = self.puppet("native")
        self.assertEqual(server.ask("create mine").status, statuses.SUCCESS)
        log = self.server_directory() / "log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(str(self.server_directory() / "socket"))
            stranger.send(struct.pack("<IHHiI", 20, 0, 0, 0, 7) + struct.pack("<I", 1))
            stranger.recv(1000)
        protocol = int(log.read_text().split("this server ")[1][:8], 16)
        other = self.directory / "other/ntdll_alpc"
        other.mkdir(parents=True)
        library = pathlib.Path(shutil.copy(BUILD / "ntdll_alpc/libntalpc.so", other))
        code = library.read_bytes()
        self.assertIn(struct.pack("<I", protocol), code)
        library.write_bytes(code.replace(struct.pack("<I", protocol), struct.pack("<I", protocol ^ 0xFFFF)))
        client = self.puppet("native", BUILD_DIR=str(self.directory / "other"))
        self.assertEqual(client.ask("create other").status, REVISION_MISMATCH)
        client.end()
        self.assertIn(b"stop it with alpcserver -k", client.process.stderr.read())
        self.assertIn(f"process {client.process.pid} speaks protocol {protocol ^ 0xFFFF:08x}, this server "
                      f"{protocol:08x}: refused; stop the server (alpcserver -k) after an update", log.read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
