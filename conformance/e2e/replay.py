# SPDX-License-Identifier: LGPL-2.1-or-later
"""alpctrace replay: each side of a recorded conversation against the other side as it was, and after a change."""

import json
import signal
import sys
import unittest

from support import statuses
from support.case import ALPCCTL, BUILD, LIMIT, EndToEnd

ALPCTRACE = BUILD / "tools/alpctrace/alpctrace"


class Replay(EndToEnd):
    def serve(self, server, answer="answer", to_client=None):
        """What the server does: refuses the first who comes and serves the next."""
        for expected, reaction in [("let me in", "refuse"), ("let me in", "accept"), ("first", f"reply {answer}"),
                                   ("notice", "datagram server news"), ("second", "reply end"), ("", "wait"), ("", None)]:
            if reaction == "wait":
                self.wait_until(lambda: self.queued() == 2, "the notices of a canceled request and of the end are there")
                reaction = None
            if reaction == "accept" and to_client:
                self.be_client(to_client)
            self.assertEqual(server.ask("receive listener 20000").text, expected)
            if reaction:
                self.assertEqual(server.ask(reaction).status, statuses.SUCCESS)

    def be_client(self, client, first="first"):
        """What the client does; the puppet goes through it by itself."""
        for command in ["connect replayed sync 20000", f"request {first} -1", "datagram client notice",
                        "receive client 20000", "request second -1", "request forgotten 50", "close client"]:
            client.tell(command)

    def record(self, *options):
        file = self.directory / "a trace.alpc"
        self.assertEqual(self.server("-p").returncode, 0)
        recorder = self.start(ALPCTRACE, "attach", "-o", file, *options)
        self.assertIn(b"recording to", recorder.stderr.readline())
        server, stranger, client = self.new_server(), self.puppet("native"), self.puppet("native")
        stranger.tell("connect replayed sync 20000")
        self.serve(server, to_client=client)
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(LIMIT), 0)
        server.end()
        return file

    def new_server(self, kind="native"):
        server = self.puppet(kind)
        self.assertEqual(server.ask("create replayed").status, statuses.SUCCESS)
        return server

    def replay(self, file, side):
        replayer = self.start(ALPCTRACE, "replay", file, side, "--limit=20")
        self.assertIn(b"replaying", replayer.stderr.readline())
        return replayer

    def end(self, replayer):
        output, errors = replayer.communicate(timeout=LIMIT)
        return replayer.returncode, output.decode() + errors.decode()

    def test_a_client_against_its_server(self):
        file = self.record("--payload")
        for kind in ["native", "windows"]:
            with self.subTest(kind=kind):
                server = self.new_server(kind)
                replayer = self.replay(file, "--client")
                self.serve(server)
                self.assertEqual(self.end(replayer), (0, "no difference\n"))
                server.end()

    def test_a_client_against_a_changed_server(self):
        file = self.record("--payload")
        server = self.new_server()
        replayer = self.replay(file, "--client")
        for command in ["receive listener 20000", "refuse", "receive listener 20000", "accept",
                        "receive listener 20000", "reply changed"]:
            server.ask(command)
        code, text = self.end(replayer)
        self.assertEqual(code, 1)
        self.assertIn("\\RPC Control\\replayed, connection 2, step 4 of 10:\n"
                      "  - recorded: reply, 6 bytes \"answer\"\n  + now:      reply, 7 bytes \"changed\"", text)

    def test_a_server_against_its_client_and_a_changed_one(self):
        file = self.record("--payload")
        for first, expected in [("first", (0, "no difference\n")), ("other", None)]:
            with self.subTest(first=first):
                replayer = self.replay(file, "--server")
                stranger, client = self.puppet("native"), self.puppet("native")
                self.wait_until(lambda: self.ports(), "the port is there")
                self.assertEqual(stranger.ask("connect replayed sync 20000").status, statuses.CONNECTION_REFUSED)
                self.be_client(client, first)
                outcome = self.end(replayer)
                if expected:
                    self.assertEqual(outcome, expected)
                    said = [client.answer().text for _ in range(5)]
                    del said[2]  # nothing answers a datagram
                    self.assertEqual(said, ["welcome", "answer", "news", "end"])
                else:
                    self.assertEqual(outcome[0], 1)
                    self.assertIn('- recorded: request, 5 bytes "first"\n  + now:      request, 5 bytes "other"',
                                  outcome[1])

    def ports(self):
        return json.loads(self.run_program(ALPCCTL, "ports", "--json").stdout or "[]")

    def queued(self):
        return next(port["queued"] for port in self.ports() if port["kind"] == "connection port")

    def test_what_cannot_be_played_is_said(self):
        bare = self.record()
        for words, code, said in [((bare, "--client"), 1, b"record it with --payload"), ((bare,), 2, b"--client or --server"),
                                  ((bare, "--client", "--limit=x"), 2, b"number of seconds")]:
            result = self.run_program(ALPCTRACE, "replay", *words)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertIn(said, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
