# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of different Wine prefixes, and of different users, do not see each other's ports."""

import os
import sys
import unittest

from support import statuses
from support.case import EndToEnd
from support.users import BOB, OtherUsers, as_user


class Prefixes(EndToEnd):
    def check(self, kind):
        elsewhere = self.puppet("native", WINEPREFIX=str(self.directory / "elsewhere"))
        here = self.puppet(kind)
        self.assertEqual(elsewhere.ask("create mine").status, statuses.SUCCESS)
        self.assertEqual(here.ask("connect mine sync 1000").status, statuses.NAME_NOT_FOUND)
        self.assertEqual(here.ask("create mine").status, statuses.SUCCESS)
        self.assertEqual(len(self.server_directories()), 2)
        self.assertEqual([elsewhere.end(), here.end()], [0, 0])

    def test_two_native_programs(self):
        self.check("native")

    def test_a_native_and_a_windows_program(self):
        self.check("windows")

    def test_a_prefix_has_one_server_however_it_is_written(self):
        prefix = self.directory / "prefix"
        prefix.mkdir()
        (self.directory / "link").symlink_to(prefix)
        server = self.puppet("native", WINEPREFIX=str(prefix))
        client = self.puppet("native", WINEPREFIX=f"{self.directory}/./link")
        self.assertEqual(server.ask("create mine").status, statuses.SUCCESS)
        self.assertEqual(client.ask("create mine").status, statuses.NAME_COLLISION)


class Users(OtherUsers):
    def test_another_user_is_refused_and_the_log_says_so(self):
        mine = self.puppet("native")
        self.assertEqual(mine.ask("create mine").status, statuses.SUCCESS)
        directory = self.server_directory()
        # As if somebody had opened everything to everybody; the server must still know whom it serves.
        for path in (self.directory.parent, self.directory, directory.parent, directory, directory / "socket"):
            os.chmod(path, 0o777)
        other = self.run_program(*as_user(BOB), sys.executable, "-c", self.connect_to(directory / "socket"))
        self.assertEqual(other.stdout, b"hung up\n", other.stderr)
        self.assertIn(f"of user {BOB}: this server serves user 0 only", (directory / "log").read_text())
        self.assertEqual(mine.end(), 0)

    @staticmethod
    def connect_to(path):
        return (f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('{path}'); "
                "print('hung up' if not s.recv(1) else 'served')")

    def test_a_program_of_another_user_does_not_get_in(self):
        mine = self.puppet("native")
        self.assertEqual(mine.ask("create mine").status, statuses.SUCCESS)
        # It can read the library, and nothing else.
        self.share_library()
        os.chmod(self.directory.parent, 0o755)
        os.chmod(self.directory, 0o755)
        command, environment = self.puppet_words(BOB)
        other = self.run_program(*command, input=b"create mine\n", env=environment)
        answers = other.stdout.decode().split("\n")
        self.assertTrue(answers[1].startswith(statuses.INSUFFICIENT_RESOURCES), other)
        self.assertRegex(other.stderr, rb"belongs to another user|Permission denied")
        self.assertEqual(self.counts()["processes"], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
