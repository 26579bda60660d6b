# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files passed from process to process, in every pair of worlds: they arrive although the sender exits at once, and
whoever is killed at whatever step, nothing is left open, in the programs, in the keeper or in the server.

NTALPC_CYCLES says how many transfers the long test makes; by default few."""

import os
import pathlib
import signal
import sys
import unittest

from support import statuses
from support.case import ALPCRUN, LIMIT, PROGRAMS, SAMPLES, EndToEnd, pairs_of_kinds
from support.puppet import Puppet

CYCLES = int(os.environ.get("NTALPC_CYCLES", "2000"))


class PassedHandles(EndToEnd):
    def puppet(self, kind):
        script = pathlib.Path(__file__).parent / "support/native_handle_puppet.py"
        command = [ALPCRUN, PROGRAMS / "handle_puppet.exe"] if kind == "windows" else [sys.executable, script]
        puppet = Puppet(self.start(*command))
        puppet.expect_ready(LIMIT)
        return puppet

    def do(self, puppet, command):
        answer = puppet.ask(command)
        self.assertEqual(answer.status, statuses.SUCCESS, command)
        return answer

    def connect(self, server_kind, client_kind):
        server, client = self.puppet(server_kind), self.puppet(client_kind)
        self.do(server, "create e2e")
        client.tell("connect e2e")
        self.do(server, "receive listener 30000")
        self.do(server, "accept")
        self.assertEqual(client.answer().status, statuses.SUCCESS)
        return server, client

    def for_each_pair(self, check):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                server, client = self.connect(*kinds)
                check(server, client)
                server.end()
                self.wait_for_no_passed_objects()

    def wait_for_no_passed_objects(self):
        """The keeper, a process of its own, stays."""
        def nothing_left():
            counts = self.counts()
            return not any(counts[name] for name in ("passed_objects", "ports", "connections", "messages"))
        self.wait_until(nothing_left, "the server's counts return to zero", LIMIT)

    def test_the_sender_exits_at_once(self):
        def check(server, client):
            server.tell("receive listener 30000")
            self.do(client, "write content")
            client.tell("pass client")
            client.tell("exit 0")
            self.assertEqual(server.answer().status, statuses.SUCCESS)
            client.process.wait(LIMIT)
            self.do(server, "take")
            self.assertEqual(self.do(server, "read").text, "content")
        self.for_each_pair(check)

    def test_the_sender_is_killed_before_the_receive(self):
        def check(server, client):
            self.do(client, "write content")
            self.do(client, "pass client")
            client.kill()
            client.process.wait(LIMIT)
            self.assertEqual(self.do(server, "receive listener 30000").kind, statuses.CANCEL_MESSAGE)
            self.assertEqual(server.ask("take").status, statuses.INVALID_MESSAGE)
        self.for_each_pair(check)

    def test_the_sender_is_killed_before_the_object_is_taken(self):
        def check(server, client):
            self.do(client, "write content")
            self.do(client, "pass client")
            self.do(server, "receive listener 30000")
            client.kill()
            client.process.wait(LIMIT)
            self.do(server, "take")
            self.assertEqual(self.do(server, "read").text, "content")
        self.for_each_pair(check)

    def test_the_receiver_is_killed(self):
        for kinds in pairs_of_kinds():
            for steps in ([], ["receive listener 30000"], ["receive listener 30000", "take"]):
                with self.subTest(server=kinds[0], client=kinds[1], steps=steps):
                    server, client = self.connect(*kinds)
                    self.do(client, "write content")
                    self.do(client, "pass client")
                    for step in steps:
                        self.do(server, step)
                    server.kill()
                    server.process.wait(LIMIT)
                    self.assertEqual(client.end(), 0)
                    self.wait_for_no_passed_objects()

    def test_the_sample_programs(self):
        server = self.start(ALPCRUN, SAMPLES / "handover_server.exe")
        self.assertIn(b"waiting for a client", server.stdout.readline())
        client = self.run_program(ALPCRUN, SAMPLES / "handover_client.exe")
        self.assertEqual(client.returncode, 0, client.stdout + client.stderr)
        self.assertIn(b'the file says "A line from the client."', server.stdout.readline())
        self.assertEqual(server.wait(LIMIT), 0)

    def test_another_process_closes_a_handle(self):
        """Nobody tells the program's half of ntdll."""
        server, client = self.connect("windows", "windows")
        self.assertEqual(client.ask("receive client 0").status, statuses.TIMEOUT)
        place = self.do(client, "place client").text
        self.do(server, f"steal {place}")
        self.wait_until(lambda: client.ask("receive client 0").status == statuses.INVALID_HANDLE, "it is noticed")
        self.assertEqual(client.ask("receive client 0").status, statuses.INVALID_HANDLE)

    def test_the_keeper_is_killed(self):
        server, client = self.connect("windows", "windows")
        self.do(client, "write lost")
        self.do(client, "pass client")
        self.do(server, "receive listener 30000")
        self.do(client, "kill_keeper")
        self.wait_until(lambda: server.ask("take").status == statuses.INVALID_HANDLE, "the object is lost with it")
        self.do(server, "release")
        self.do(client, "write content")
        self.do(client, "pass client")
        self.do(server, "receive listener 30000")
        self.do(server, "take")
        self.assertEqual(self.do(server, "read").text, "content")

    def keepers(self):
        """The processes that keep handles for our programs."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                ours = str(self.directory).encode() in (process / "environ").read_bytes()
                if ours and b"ntalpc_keeper" in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue  # it has just gone
        return found

    def test_the_keeper_ends_with_its_server(self):
        server, client = self.connect("windows", "windows")
        self.do(client, "write content")
        self.do(client, "pass client")
        self.assertEqual(len(self.keepers()), 1)
        os.kill(self.server_process(), signal.SIGKILL)
        self.wait_until(lambda: not self.keepers(), "the keeper has gone", 5)
        self.assertEqual([client.end(), server.end()], [0, 0])

    def test_many_transfers_leave_nothing(self):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                server, client = self.connect(*kinds)
                self.do(client, "write content")

                def transfer(count, server=server, client=client):
                    server.tell(f"serve {count}")
                    client.tell(f"cycles {count}")
                    self.assertEqual(client.answer(LIMIT + count / 50).status, statuses.SUCCESS)
                    self.assertEqual(server.answer().status, statuses.SUCCESS)

                def open_handles(kinds=kinds, server=server, client=client):
                    known = [self.do(puppet, "handles").text for puppet in (server, client)]
                    if kinds == ("windows", "windows"):
                        known.append(self.do(client, "keeper").text)
                    return known

                transfer(10)
                self.wait_until(lambda: self.counts()["passed_objects"] == 0, "all objects are closed")
                before = open_handles()
                transfer(CYCLES)
                self.wait_until(lambda: self.counts()["passed_objects"] == 0, "all objects are closed")
                self.assertEqual(open_handles(), before)
                client.end()
                server.end()
                self.wait_for_no_passed_objects()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
