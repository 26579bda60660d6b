# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits as an administrator sets them and programs meet them: who has enough gets a status, and nobody else notices."""

import json
import os
import pathlib
import sys
import unittest

from support import statuses
from support.case import ALPCCTL, BUILD, LIMIT, EndToEnd
from support.users import ALICE, BOB, OtherUsers

HERE = pathlib.Path(__file__).resolve().parent
# As many threads as wanted, each with a port of its own, all there at the same time.
MANY_THREADS = """
import ctypes, os, sys, threading
sys.path.insert(0, sys.argv[1])
from support import native_puppet
library = ctypes.CDLL(os.path.join(os.environ["BUILD_DIR"], "ntdll_alpc/libntalpc.so"))
count, met = int(sys.argv[2]), []
all_have_tried, over = threading.Barrier(count + 1), threading.Barrier(count + 1)
def live(number):
    met.append(native_puppet.Puppet(library).create(f"thread{number}") & 0xFFFFFFFF)
    all_have_tried.wait()
    over.wait()
for number in range(count):
    threading.Thread(target=live, args=(number,)).start()
all_have_tried.wait()
print(*sorted(f"{status:08x}" for status in met), flush=True)
sys.stdin.readline()
over.wait()
"""


class WithLimits(EndToEnd):
    def set_limits(self, *lines):
        """In the file of the user who is served."""
        self.environment["XDG_CONFIG_HOME"] = str(self.directory / "config")
        place = self.directory / "config/ntalpc"
        place.mkdir(parents=True)
        (place / "limits.conf").write_text("\n".join(lines) + "\n")

    def create_until_refused(self, puppet, name):
        for number in range(100):
            answer = puppet.ask(f"create {name}{number}")
            if answer.status != statuses.SUCCESS:
                return number, answer.status
        self.fail("there is no limit")

    def limits_of(self, owner, **options):
        result = self.run_program(ALPCCTL, "limits", "--json", **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {row["limit"]: (row["used"], row["most"]) for row in json.loads(result.stdout) if owner in row["owner"]}


class Limits(WithLimits):
    def test_a_process_meets_its_limit(self):
        self.set_limits("# few", "process.objects = 7")
        for greedy_kind, modest_kind in [("native", "native"), ("windows", "native"), ("native", "windows")]:
            with self.subTest(greedy=greedy_kind, modest=modest_kind):
                server, client = self.connect("native", modest_kind, name="used")
                greedy = self.puppet(greedy_kind)
                made, status = self.create_until_refused(greedy, "taken")
                self.assertEqual((made, status), (7, statuses.QUOTA_EXCEEDED))
                client.tell("request still -1")
                self.assertEqual(server.ask("receive listener 20000").text, "still")
                self.assertEqual(server.ask("reply served").status, statuses.SUCCESS)
                self.assertEqual(client.answer().text, "served")
                for puppet in (server, client, greedy):
                    puppet.process.kill()
                self.wait_for_no_objects()

    def test_alpcctl_shows_what_is_used_of_what(self):
        self.set_limits("process.objects = 7", "user.memory = 1G")
        greedy = self.puppet("native")
        self.create_until_refused(greedy, "taken")
        mine = self.limits_of(f"({greedy.process.pid})")
        self.assertEqual(mine["process.objects"], (7, 7))
        self.assertEqual(mine["process.handles"][0], 7)
        self.assertEqual(mine["process.threads"][0], 1)
        self.assertGreater(mine["process.memory"][0], 0)
        users = self.limits_of(f"user {os.getuid()}")
        self.assertEqual(users["user.objects"], (7, "unlimited"))
        self.assertEqual(users["user.memory"][1], 1 << 30)
        self.assertEqual(users["user.processes"][0], 1)
        text = self.run_program(ALPCCTL, "limits", "--all").stdout.decode()
        self.assertIn("user.traces", text)

    def test_threads_beyond_the_limit_get_a_status(self):
        self.set_limits("process.threads = 3")
        self.environment["BUILD_DIR"] = str(BUILD)
        many = self.start(sys.executable, "-c", MANY_THREADS, HERE, "5")
        self.assertEqual(many.stdout.readline().split(), [b"00000000"] * 3 + [b"c0000044"] * 2)
        self.assertEqual(self.puppet("native").ask("create another").status, statuses.SUCCESS)
        many.stdin.write(b"\n")
        many.stdin.flush()
        self.assertEqual(many.wait(LIMIT), 0)

    def test_processes_beyond_the_limit_get_a_status(self):
        self.set_limits("user.processes = 2")
        puppets = [self.puppet("native") for _ in range(3)]
        met = [puppet.ask(f"create {number}").status for number, puppet in enumerate(puppets)]
        self.assertEqual(met, [statuses.SUCCESS, statuses.SUCCESS, statuses.QUOTA_EXCEEDED])
        puppets[0].process.kill()
        self.wait_until(lambda: puppets[2].ask("create later").status == statuses.SUCCESS, "there is room again")

    def test_a_mistake_in_the_file_is_said(self):
        self.set_limits("process.objects = 7", "process.object = 7")
        result = self.server("-f")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr.decode(), r"^alpcserver: .*limits.conf, line 2: 'process.object' is no limit; "
                                                 r"alpcserver --show-limits lists them\n$")
        puppet = self.puppet("native")
        self.assertEqual(puppet.ask("create any").status, statuses.INSUFFICIENT_RESOURCES)
        puppet.process.stdin.close()
        self.assertIn(b"line 2", puppet.process.stderr.read(), "who starts a server by a call is told as well")

    def test_the_command_line_comes_last(self):
        self.set_limits("process.objects = 7", "process.threads = 8")
        shown = self.server("--show-limits", "--limit=process.objects=9").stdout.decode()
        self.assertIn("process.objects = 9\n", shown)
        self.assertIn("process.threads = 8\n", shown)
        wrong = self.server("--limit=process.objects=none")
        self.assertIn(b"process.objects must be a number", wrong.stderr)
        self.assertIn(b"cannot read", self.server("--limits=/nowhere", "--show-limits").stderr)


class LimitsOfUsers(WithLimits, OtherUsers):
    """One server for all: what one user has used up, another one does not miss."""

    def test_a_user_meets_his_limit(self):
        self.serve_all("--limit=user.objects=7")
        first, second, other = self.puppet_of(ALICE), self.puppet_of(ALICE), self.puppet_of(BOB)
        self.assertEqual(first.ask("create mine").status, statuses.SUCCESS)
        made, status = self.create_until_refused(second, "alice")
        self.assertEqual((made, status), (6, statuses.QUOTA_EXCEEDED))
        self.assertEqual(first.ask("create more").status, statuses.QUOTA_EXCEEDED)
        self.assertEqual(self.create_until_refused(other, "bob")[0], 7)
        self.assertEqual(self.limits_of(f"user {ALICE}")["user.objects"], (7, 7))


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
