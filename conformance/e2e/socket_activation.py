# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server for all users as systemd runs it: by its units, on a socket that was there before, into the journal."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from support import statuses
from support.case import ALPCSERVER, BUILD, LIMIT, EndToEnd
from support.puppet import Puppet
from support.users import ALICE, as_user, need_other_users

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = os.path.join(HERE, "../../tools/systemd")

# What systemd does: the descriptor becomes number 3, the environment says so and names the process.
ACTIVATOR = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


class SocketActivation(EndToEnd):
    def setUp(self):
        super().setUp()
        self.place = self.directory / "run"
        self.place.mkdir(mode=0o755)
        self.path = str(self.place / "socket")
        self.environment["NTALPC_SYSTEM"] = str(self.place)
        self.command = [ALPCSERVER, "--system", f"--directory={self.directory}/server", "-d"]

    def listen(self, kind=socket.SOCK_SEQPACKET):
        listening = socket.socket(socket.AF_UNIX, kind)
        self.addCleanup(listening.close)
        listening.bind(self.path)
        listening.listen()
        return listening

    def activate(self, listening, count="1", errors=subprocess.PIPE, **environment):
        return self.start(sys.executable, "-c", ACTIVATOR, str(listening.fileno()), count, *self.command,
                          pass_fds=[listening.fileno()], stderr=errors, env=dict(self.environment, **environment))

    def puppet_here(self):
        puppet = Puppet(self.start(sys.executable, os.path.join(HERE, "support/native_puppet.py"),
                                   env=dict(self.environment, BUILD_DIR=str(BUILD))))
        puppet.expect_ready(LIMIT)
        return puppet

    def check_service(self):
        self.assertEqual(self.puppet_here().ask("create mine").status, statuses.SUCCESS)

    def test_a_client_that_comes_first_waits_for_the_server(self):
        listening = self.listen()
        client = self.puppet_here()
        client.tell("create mine")
        self.activate(listening)
        self.assertEqual(client.answer().status, statuses.SUCCESS)

    def test_the_socket_outlives_the_server(self):
        listening = self.listen()
        for _ in range(2):
            server = self.activate(listening)
            self.check_service()
            server.terminate()
            self.assertEqual(server.wait(timeout=LIMIT), 0)
            self.assertTrue(os.path.exists(self.path))

    def test_the_tool_of_systemd_starts_it(self):
        tool = shutil.which("systemd-socket-activate")
        if not tool:
            self.skipTest("systemd-socket-activate is not installed")
        self.start(tool, "--seqpacket", f"--listen={self.path}", *self.command)
        self.wait_until(lambda: os.path.exists(self.path), "the socket is there")
        self.check_service()

    def test_what_cannot_be_listened_on_is_refused(self):
        for kind, count, complaint in [(socket.SOCK_STREAM, "1", b"ListenSequentialPacket"),
                                       (socket.SOCK_SEQPACKET, "2", b"one Listen line")]:
            server = self.activate(self.listen(kind), count)
            self.assertEqual(server.wait(timeout=LIMIT), 1)
            self.assertIn(complaint, server.stderr.read())
            os.unlink(self.path)

    def test_the_journal_gets_priorities_instead_of_times(self):
        for is_journal in (True, False):
            reader, writer = os.pipe()
            found = os.fstat(writer)
            stream = f"{found.st_dev}:{found.st_ino + (not is_journal)}"
            server = self.activate(self.listen(), errors=writer, JOURNAL_STREAM=stream)
            os.close(writer)
            self.check_service()
            server.terminate()
            with open(reader, "rb") as log:
                lines = log.read().splitlines()
            self.assertTrue(lines)
            for line in lines:
                self.assertRegex(line, rb"^<[3-7]>[a-z0-9]" if is_journal else rb"^\d\d:\d\d:\d\d\.\d{6} ")
            os.unlink(self.path)

    def test_the_directory_of_a_dynamic_user_is_a_link(self):
        need_other_users(self)
        shared = tempfile.TemporaryDirectory(dir="/tmp")
        self.addCleanup(shared.cleanup)
        os.chmod(shared.name, 0o755)
        program = shutil.copy(ALPCSERVER, shared.name)
        os.mkdir(f"{shared.name}/private", 0o755)
        os.chown(f"{shared.name}/private", ALICE, ALICE)
        os.symlink(f"{shared.name}/private", f"{shared.name}/link")
        self.command = [*as_user(ALICE), program, "--system", f"--directory={shared.name}/link"]
        self.activate(self.listen())
        self.check_service()

    def test_the_units_are_valid(self):
        tool = shutil.which("systemd-analyze")
        if not tool:
            self.skipTest("systemd-analyze is not installed")
        for name in ("ntalpc.service", "ntalpc.socket"):
            with open(os.path.join(UNITS, name), encoding="utf-8") as file:
                text = file.read().replace("@libdir@/ntalpc/alpcserver", os.path.abspath(ALPCSERVER))
            (self.directory / name).write_text(re.sub("@docdir@", "/usr/share/doc/ntalpc", text))
        result = self.run_program(tool, "verify", self.directory / "ntalpc.service", self.directory / "ntalpc.socket")
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, b""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
