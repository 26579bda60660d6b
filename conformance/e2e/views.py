# SPDX-License-Identifier: LGPL-2.1-or-later
"""Views in messages between programs: every pair of Windows and native programs, kill -9 of either side at each step,
and many transfers, after which both programs and the server have what they had before."""

import os
import pathlib
import resource
import sys
import unittest

from support import statuses
from support.case import ALPCRUN, LIMIT, SAMPLES, EndToEnd, pairs_of_kinds

AUTO_RELEASE = "20000"
SECURED = "40000"
BOTH = "60000"
NONE = "0"

# 100,000 in a long run; the default is for every day. Programs under Wine are slower.
CYCLES = int(os.environ.get("NTALPC_CYCLES", "1000"))


class Views(EndToEnd):
    def for_each_pair(self, check):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                check(*kinds)
                self.wait_for_no_objects()

    def end(self, *puppets):
        self.assertEqual([puppet.end() for puppet in puppets], [0] * len(puppets))

    def test_each_kind_with_each_kind(self):
        def check(*kinds):
            server, client = self.connect(*kinds)
            for number, flags in enumerate((NONE, AUTO_RELEASE, SECURED, BOTH)):
                self.assertEqual(client.ask(f"share client up{number} {flags}").status, statuses.SUCCESS)
                seen = server.ask("look listener 20000")
                self.assertEqual((seen.status, seen.kind, seen.text), (statuses.SUCCESS, statuses.DATAGRAM,
                                                                      f"up{number}"))
                self.assertEqual(server.ask("unmap listener").status, statuses.SUCCESS)
                self.assertEqual(server.ask(f"share server down{number} {flags}").status, statuses.SUCCESS)
                self.assertEqual(client.ask("look client 20000").text, f"down{number}")
            self.end(client, server)
        self.for_each_pair(check)

    def test_views_on_their_way_while_the_server_runs_out_of_descriptors(self):
        def check(*kinds):
            server, client = self.connect(*kinds)
            for number, flags in enumerate((NONE, BOTH)):
                self.assertEqual(client.ask(f"share client late{number} {flags}").status, statuses.SUCCESS)
            process = self.server_process()
            # The lowest number that is free.
            used = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
            limit = min(set(range(len(used) + 1)) - used)
            before = resource.prlimit(process, resource.RLIMIT_NOFILE)
            resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, before[1]))
            for number in range(2):
                self.assertEqual(server.ask("look listener 20000").text, f"late{number}")
                self.assertEqual(server.ask("unmap listener").status, statuses.SUCCESS)
            resource.prlimit(process, resource.RLIMIT_NOFILE, before)
            self.end(client, server)
        self.for_each_pair(check)

    def test_client_killed_before_its_view_is_received(self):
        def check(*kinds):
            server, client = self.connect(*kinds)
            self.assertEqual(client.ask(f"share client lost {BOTH}").status, statuses.SUCCESS)
            client.kill()
            client.process.wait()
            self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it")
            notice = server.ask("look listener 20000")
            self.assertEqual((notice.kind, notice.text), (statuses.CANCEL_MESSAGE, "no view"))
            self.assertEqual(self.counts()["views"], 0)
            self.assertEqual(self.counts()["sections"], 0)
            self.end(server)
        self.for_each_pair(check)

    def test_client_killed_after_its_view_was_received(self):
        def check(*kinds):
            for flags in (NONE, BOTH):
                server, client = self.connect(*kinds, name=f"e2e{flags}")
                self.assertEqual(client.ask(f"share client kept {flags}").status, statuses.SUCCESS)
                self.assertEqual(server.ask("look listener 20000").text, "kept")
                client.kill()
                client.process.wait()
                self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it")
                self.assertEqual(server.ask("glance").text, "kept")
                self.assertEqual(self.counts()["views"], 1)
                self.assertEqual(server.ask("unmap listener").status, statuses.SUCCESS)
                self.assertEqual((self.counts()["views"], self.counts()["sections"]), (0, 0))
                self.end(server)
                self.wait_for_no_objects()
        self.for_each_pair(check)

    def test_server_killed_with_a_view(self):
        def check(*kinds):
            for taken in (False, True):
                server, client = self.connect(*kinds, name=f"e2e{taken}")
                self.assertEqual(client.ask(f"share client sent {SECURED}").status, statuses.SUCCESS)
                if taken:
                    self.assertEqual(server.ask("look listener 20000").text, "sent")
                server.kill()
                server.process.wait()
                self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it")
                self.assertEqual(client.ask("datagram client x").status, statuses.PORT_DISCONNECTED)
                self.assertEqual(self.counts()["views"], 1)  # the client's own
                self.end(client)
                self.wait_for_no_objects()
        self.for_each_pair(check)

    def test_server_killed_before_the_client_received(self):
        def check(*kinds):
            server, client = self.connect(*kinds)
            self.assertEqual(server.ask(f"share server sent {AUTO_RELEASE}").status, statuses.SUCCESS)
            server.kill()
            server.process.wait()
            self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it")
            self.assertEqual(client.ask("look client 20000").text, "no view")
            self.assertEqual((self.counts()["views"], self.counts()["sections"]), (0, 0))
            self.end(client)
        self.for_each_pair(check)

    def test_programs_that_move_a_large_buffer(self):
        said = self.directory / "said"
        with open(said, "wb") as output:
            receiver = self.start(ALPCRUN, SAMPLES / "buffer_receiver.exe", stdout=output)
        self.wait_until(lambda: "ready on" in said.read_text(), "the receiver is ready")
        sender = self.run_program(ALPCRUN, SAMPLES / "buffer_sender.exe")
        self.assertEqual(sender.returncode, 0, sender)
        self.assertEqual(receiver.wait(timeout=LIMIT), 0, said.read_text())
        self.assertIn("received a view of 256 MiB", said.read_text())
        self.wait_for_no_objects()

    # ---- Many transfers ----
    @staticmethod
    def holdings(process_id):
        """How many descriptors and shared mappings a process has, and how much memory."""
        process = pathlib.Path(f"/proc/{process_id}")
        mappings = sum(" rw-s " in line or " r--s " in line
                       for line in (process / "maps").read_text(errors="replace").splitlines())
        pages = int((process / "statm").read_text().split()[1])
        return len(list((process / "fd").iterdir())), mappings, pages * os.sysconf("SC_PAGESIZE")

    def transfer(self, server, client, count):
        server.tell(f"serve {count}")
        client.tell(f"transfer {count}")
        longest = LIMIT + count / 50
        self.assertEqual(client.answer(longest).status, statuses.SUCCESS)
        self.assertEqual(server.answer(longest).status, statuses.SUCCESS)

    def check_many(self, *kinds):
        server, client = self.connect(*kinds)
        programs = [server.process.pid, client.process.pid, self.server_process()]
        self.transfer(server, client, 100)  # caches fill and pools grow
        before, counts = [self.holdings(program) for program in programs], self.counts()
        self.transfer(server, client, CYCLES)
        after = [self.holdings(program) for program in programs]
        for (descriptors, mappings, memory), (had_descriptors, had_mappings, had_memory) in zip(after, before):
            self.assertLessEqual(descriptors, had_descriptors)
            self.assertLessEqual(mappings, had_mappings)
            self.assertLess(memory - had_memory, 4 << 20)
        self.assertEqual(self.counts(), counts)
        self.end(client, server)

    def test_many_transfers(self):
        self.for_each_pair(self.check_many)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
