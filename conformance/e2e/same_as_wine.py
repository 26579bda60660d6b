# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that use none of the calls cannot tell who runs them: what they print is the same under wine, through
alpcrun, and through alpcrun in processes that have the layer. The programs are plain_*.c."""

import os
import subprocess
import sys
import unittest

from support.case import ALPCRUN, LIMIT, PROGRAMS, EndToEnd

WINE = os.environ.get("WINE", "wine")


class SameAsWine(EndToEnd):
    def run_plain(self, runner, program, layer=False):
        """What it printed, its exit code, and what its processes said about the layer."""
        environment = dict(self.environment)
        environment.pop("LOAD_THE_LAYER", None)
        if layer:
            environment["LOAD_THE_LAYER"] = "1"
        with open(self.directory / "out", "wb") as out, open(self.directory / "err", "wb") as err:
            process = self.start(runner, PROGRAMS / program, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err)
            status = process.wait(timeout=2 * LIMIT)
        said = (self.directory / "err").read_text(encoding="utf-8", errors="replace").splitlines()
        return ((self.directory / "out").read_text(encoding="utf-8", errors="replace").splitlines(), status,
                {line.rsplit(": ", 1)[1] for line in said if line.endswith(" the layer")})

    def check(self, program, *landmarks):
        wine, status, _ = self.run_plain(WINE, program)
        for landmark in landmarks:
            self.assertIn(landmark, wine, "the program did not do under wine what it is there for")
        plain = self.run_plain(ALPCRUN, program)
        self.assertEqual((plain[0], plain[1]), (wine, status), "alpcrun differs from wine")
        self.assertEqual(plain[2], {"without the layer"})
        with_layer = self.run_plain(ALPCRUN, program, layer=True)
        self.assertEqual((with_layer[0], with_layer[1]), (wine, status), "the layer in the process is noticed")
        self.assertEqual(with_layer[2], {"with the layer"})

    def test_handles(self):
        self.check("plain_handles.exe", "inheritable: signalled 0", "the grandchild ends with 5",
                   "given: signalled 0", "taken itself: error 6")

    def test_waits(self):
        self.check("plain_waits.exe", "    apc 1 runs", "a mutex whose owner has ended: abandoned 0",
                   "all of three: signalled 0")

    def test_pipes(self):
        self.check("plain_pipes.exe", "the child ends with 6", "    6 bytes \"called\"", "    5 bytes \"abcde\"",
                   "CancelIo: ok")

    def test_mailslots_and_environments(self):
        self.check("plain_mailslots.exe", "    carol writes 2", "    PLAIN_GIVEN: 23, error 0 \"in a block = of its own\"")

    def test_rpc(self):
        self.check("plain_rpc.exe", "call 0: 0 \"HELLO\"", "call 2: 4321",
                   "call with 300000 bytes: 0, 300000 bytes back, 0 wrong", "    50 good answers")

    def test_com(self):
        self.check("plain_com.exe", "create: 00000000", "    the class: 1", "the server ends: signalled 0")


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
