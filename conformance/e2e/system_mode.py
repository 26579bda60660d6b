# SPDX-License-Identifier: LGPL-2.1-or-later
"""One server for all users of a machine: they meet where descriptors allow it, and are kept apart elsewhere."""

import os
import re
import resource
import socket
import struct
import subprocess
import sys
import unittest

from support import statuses
from support.case import BUILD, LIMIT, EndToEnd
from support.users import ALICE, BOB, OtherUsers, as_user

ACCESS_DENIED = "c0000022"


class SystemMode(OtherUsers):
    def setUp(self):
        super().setUp()
        self.serving = self.serve_all("-d", stderr=subprocess.PIPE)
        self.addCleanup(self.stop)
        self.socket_directory = f"{self.shared}/system"

    def stop(self):
        if self.serving.poll() is not None:
            return
        self.serving.terminate()
        self.log = self.serving.communicate(timeout=LIMIT)[1].decode()

    def test_a_user_is_served(self):
        server, client = self.puppet_of(ALICE), self.puppet_of(ALICE)
        self.assertEqual(server.ask("create mine").status, statuses.SUCCESS)
        client.tell("connect mine sync 20000")
        self.assertEqual(server.ask("receive listener 20000").text, "let me in")
        self.assertEqual(server.ask("accept").status, statuses.SUCCESS)
        self.assertEqual(client.answer().text, "welcome")

    def test_another_user_cannot_connect(self):
        server, client = self.puppet_of(ALICE), self.puppet_of(BOB)
        self.assertEqual(server.ask("create mine").status, statuses.SUCCESS)
        self.assertEqual(client.ask("connect mine sync 1000").status.lower(), ACCESS_DENIED)
        # And it cannot take the name either.
        self.assertNotEqual(client.ask("create mine").status, statuses.SUCCESS)

    def test_memory_that_its_owner_could_shrink_is_not_for_another_user(self):
        """Who reads what another has truncated is ended by SIGBUS."""
        for user, kind, expected in [(BOB, "open", ACCESS_DENIED), (BOB, "sealed", statuses.SUCCESS),
                                     (ALICE, "open", statuses.SUCCESS)]:
            server, client, name = self.puppet_of(ALICE), self.puppet_of(user), f"{user}-{kind}"
            self.assertEqual(server.ask(f"create_for_all {name}").status, statuses.SUCCESS)
            client.tell(f"connect {name} sync 20000")
            self.assertEqual(server.ask("receive listener 20000").text, "let me in")
            server.ask("accept")
            self.assertEqual(client.answer().text, "welcome")
            self.assertEqual(client.ask(f"wrap client shown {kind}").status, expected, name)
            if expected == statuses.SUCCESS:
                self.assertEqual(server.ask("look listener 20000").text, "shown")

    def test_nobody_can_stop_it_or_replace_it(self):
        for path in (f"{self.socket_directory}/socket", f"{self.socket_directory}/lock"):
            removed = self.run_program(*as_user(BOB), "rm", "-f", path)
            self.assertNotEqual(removed.returncode, 0)
            self.assertTrue(os.path.exists(path))

    def test_a_lie_about_the_process_is_not_believed(self):
        """What is not sent by the library: the packet that registers a process, with the id of another one."""
        server = self.puppet_of(ALICE)
        self.assertEqual(server.ask("create mine").status, statuses.SUCCESS)
        lie = (
            "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
            f"s.connect('{self.socket_directory}/socket'); "
            "s.send(bytes.fromhex(sys.argv[1])); print(len(s.recv(1000)))"
        )
        body = struct.pack("<IIQqQIIII", self.protocol(), 77, 1, 0, 0, 0, 0, 0, 0)
        packet = struct.pack("<IHHiI", 16 + len(body), 0, 0, 0, 7) + body
        result = self.run_program(*as_user(BOB), sys.executable, "-c", lie, packet.hex())
        self.assertEqual(result.stdout, b"32\n", result.stderr)
        self.stop()
        self.assertNotIn("process 0001 is", self.log)

    def test_one_user_cannot_have_all_connections(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
            self.skipTest("the limit on open files is too low for so many connections")
        flood = (
            "import resource, socket, sys\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))\n"
            "kept = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(1100)]\n"
            f"for one in kept: one.connect('{self.socket_directory}/socket')\n"
            "print('flooded', flush=True)\n"
            "sys.stdin.read()\n"
        )
        bob = self.start(*as_user(BOB), sys.executable, "-c", flood)
        self.assertEqual(bob.stdout.readline(), b"flooded\n")
        self.assertEqual(self.puppet_of(ALICE).ask("create mine").status, statuses.SUCCESS)
        self.stop()
        self.assertRegex(self.log, f"refused process [0-9]+ of user {BOB}: too many connections")

    def protocol(self):
        """The protocol version of this build, as the server tells it to strangers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(f"{self.socket_directory}/socket")
            stranger.send(struct.pack("<IHHiI", 20, 0, 0, 0, 7) + struct.pack("<I", 0))
            stranger.recv(1000)
        for line in self.serving.stderr:
            found = re.search(rb"this server ([0-9a-f]{8})", line)
            if found:
                return int(found[1], 16)
        self.fail("the server does not say which protocol it speaks")


class WithoutServer(EndToEnd):
    def test_programs_do_not_start_one(self):
        self.environment["NTALPC_SYSTEM"] = str(self.directory / "nothing")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support/native_puppet.py")
        result = self.run_program(sys.executable, script, input=b"create mine\n",
                                  env=dict(self.environment, BUILD_DIR=str(BUILD)))
        self.assertIn(b"systemctl start ntalpc", result.stderr)
        self.assertFalse((self.directory / "nothing").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
