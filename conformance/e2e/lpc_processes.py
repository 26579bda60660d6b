# SPDX-License-Identifier: LGPL-2.1-or-later
"""Legacy LPC between processes: what happens when one of them is killed or is not the one it should be, and whether
the server forgets everything. Every pair of Windows and native programs.

NTALPC_CYCLES is the number of connections of the long run, 100,000 unless it is set."""

import dataclasses
import os
import pathlib
import sys
import unittest

from support import statuses
from support.case import ALPCRUN, LIMIT, PROGRAMS, SOON, EndToEnd, pairs_of_kinds
from support.puppet import Puppet

CYCLES = int(os.environ.get("NTALPC_CYCLES", "100000"))
LONG_RUN = 60 + CYCLES // 200  # seconds
MEMORY_TOLERANCE = 1 << 20  # bytes by which the server's memory may differ, whatever the number of connections

INVALID_CID = "c000000b"
REPLY_MESSAGE_MISMATCH = "c000021f"
REPLY_LOST = "c0000253"
CLIENT_DIED = 6
# Which of the two is told to whom is not the same on every Windows.
NO_SUCH_WAITER = {INVALID_CID, REPLY_MESSAGE_MISMATCH}
SERVER_GONE = {REPLY_LOST, statuses.PORT_DISCONNECTED}


@dataclasses.dataclass
class Outcome:
    status: str
    kind: int
    process: int
    thread: int
    id: int
    text: str


class LpcPuppet(Puppet):
    @staticmethod
    def command(kind, alpcrun, programs):
        if kind == "windows":
            return [alpcrun, programs / "lpc_puppet.exe"]
        return [sys.executable, pathlib.Path(__file__).parent / "support/native_lpc_puppet.py"]

    def answer(self, limit=30):
        status, kind, process, thread, message_id, text = (self.line(limit) + " ").split(" ", 5)
        return Outcome(status, int(kind), int(process), int(thread), int(message_id), text.rstrip(" "))


class LpcProcesses(EndToEnd):
    def puppet(self, kind, **environment):
        command = LpcPuppet.command(kind, ALPCRUN, PROGRAMS)
        puppet = LpcPuppet(self.start(*command, env=dict(self.environment, **environment)))
        puppet.expect_ready(LIMIT)
        return puppet

    def for_each_pair(self, check):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                check(*kinds)
                self.wait_for_no_objects()

    def expect_success(self, puppet, command):
        outcome = puppet.ask(command)
        self.assertEqual(outcome.status, statuses.SUCCESS, command)
        return outcome

    def expect_message(self, puppet, port, kind):
        outcome = puppet.ask(f"receive {port} 20000")
        self.assertEqual((outcome.status, outcome.kind), (statuses.SUCCESS, kind))
        return outcome

    def listening_server(self, kind):
        server = self.puppet(kind)
        self.expect_success(server, "create lpc")
        return server

    def connecting_client(self, server, kind):
        """A client that waits in its connect, and the request as the server has received it."""
        client = self.puppet(kind)
        client.tell("connect lpc")
        return client, self.expect_message(server, "listener", statuses.CONNECTION_REQUEST)

    def connect(self, server_kind, client_kind, name="lpc"):
        server = self.listening_server(server_kind)
        client, _ = self.connecting_client(server, client_kind)
        self.expect_success(server, "accept")
        self.assertEqual(client.answer().status, statuses.SUCCESS)
        return server, client

    def wait_until_processes(self, number):
        self.wait_until(lambda: self.counts()["processes"] == number, "the server learns of the death", SOON)

    # ---- The client is killed ----

    def test_conversation(self):
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            client.tell("request question")
            request = self.expect_message(server, "listener", statuses.REQUEST)
            self.assertEqual((request.process, request.text), (client.id, "question"))
            self.expect_success(server, "reply answer")
            answer = client.answer()
            self.assertEqual((answer.status, answer.kind, answer.text), (statuses.SUCCESS, statuses.REPLY, "answer"))
            self.assertEqual((answer.process, answer.id), (client.id, request.id))
            self.expect_success(server, "datagram server unasked")
            self.assertEqual(self.expect_message(client, "client", statuses.DATAGRAM).text, "unasked")
            self.assertEqual((client.end(), server.end()), (0, 0))
        self.for_each_pair(check)

    def test_registered_client_is_killed(self):
        """A142: that its thread has died comes before the end of its port."""
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            self.expect_success(client, "register client")
            client.kill()
            died = self.expect_message(server, "listener", CLIENT_DIED)
            self.assertEqual(died.process, client.id)
            self.expect_message(server, "listener", statuses.PORT_CLOSED)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def test_client_is_killed_with_messages_queued(self):
        """A143: they are delivered, and the reply finds nobody."""
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            self.expect_success(client, "datagram client first")
            client.tell("request second")
            self.wait_until(lambda: self.counts()["waits"] == 1, "the client waits")
            client.kill()
            client.process.wait()
            self.wait_until_processes(1)
            self.assertEqual(self.expect_message(server, "listener", statuses.DATAGRAM).text, "first")
            self.assertEqual(self.expect_message(server, "listener", statuses.REQUEST).text, "second")
            self.assertIn(server.ask("reply late").status, NO_SUCH_WAITER)
            self.expect_message(server, "listener", statuses.PORT_CLOSED)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def test_client_is_killed_before_the_reply(self):
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            client.tell("request question")
            self.expect_message(server, "listener", statuses.REQUEST)
            client.kill()
            client.process.wait()
            self.wait_until_processes(1)
            self.assertIn(server.ask("reply late").status, NO_SUCH_WAITER)
            self.expect_message(server, "listener", statuses.PORT_CLOSED)
            self.assertEqual(server.ask("datagram server late").status, statuses.PORT_DISCONNECTED)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def test_client_is_killed_before_the_accept(self):
        """A056."""
        def check(server_kind, client_kind):
            server = self.listening_server(server_kind)
            client, _ = self.connecting_client(server, client_kind)
            client.kill()
            client.process.wait()
            self.wait_until_processes(1)
            self.assertIn(server.ask("accept").status, NO_SUCH_WAITER)
            self.assertEqual(server.ask("receive listener 0").status, statuses.TIMEOUT)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    # ---- The server is killed ----

    def test_thread_that_waits_for_what_its_own_end_would_bring(self):
        """It receives on the port that learns of its end; both end at once."""
        for kind in ("native", "windows"):
            with self.subTest(kind):
                server = self.listening_server(kind)
                before = self.server_process()
                self.expect_success(server, "register listener")
                server.tell("receive listener 20000")
                self.wait_until(lambda: self.counts()["waits"] == 1, "the server waits")
                server.kill()
                server.process.wait()
                self.wait_for_no_objects()
                self.assertEqual(self.server_process(), before)

    def check_killed_server(self, server_kind, client_kind, taken):
        server, client = self.connect(server_kind, client_kind)
        client.tell("request question")
        if taken:
            self.expect_message(server, "listener", statuses.REQUEST)
        self.wait_until(lambda: self.counts()["waits"] == 1, "the client waits")
        server.kill()
        self.assertIn(client.answer(SOON + 1).status, SERVER_GONE)
        self.assertEqual(client.ask("datagram client late").status, statuses.PORT_DISCONNECTED)
        # A killed process loses its handles one after another: the listener may go last.
        gone = {statuses.NAME_NOT_FOUND, statuses.CONNECTION_REFUSED}
        self.assertIn(client.ask("connect lpc").status, gone)
        self.assertEqual(client.end(), 0)

    def test_server_is_killed_while_it_has_a_request(self):
        """A147."""
        self.for_each_pair(lambda *kinds: self.check_killed_server(*kinds, True))

    def test_server_is_killed_while_a_request_is_queued(self):
        """A147."""
        self.for_each_pair(lambda *kinds: self.check_killed_server(*kinds, False))

    def check_gone_listener(self, server_kind, client_kind, command):
        server = self.listening_server(server_kind)
        client, _ = self.connecting_client(server, client_kind)
        if command:
            self.expect_success(server, command)
        else:
            server.kill()
        self.assertIn(client.answer(SOON + 1).status, {statuses.CONNECTION_REFUSED, statuses.NAME_NOT_FOUND})
        self.assertEqual(client.end(), 0)
        if command:
            self.assertEqual(server.end(), 0)

    def test_connection_port_closes_while_a_client_connects(self):
        """A059."""
        self.for_each_pair(lambda *kinds: self.check_gone_listener(*kinds, "close listener"))

    def test_server_is_killed_while_a_client_connects(self):
        self.for_each_pair(lambda *kinds: self.check_gone_listener(*kinds, None))

    # ---- Somebody else ----

    def test_another_process_cannot_accept(self):
        """A054: only the process that made the connection port; its accept still works."""
        def check(server_kind, client_kind):
            server, stranger = self.listening_server(server_kind), self.puppet(client_kind)
            client, request = self.connecting_client(server, client_kind)
            accepted = stranger.ask(f"accept_of {request.process} {request.thread} {request.id}")
            self.assertEqual(accepted.status, REPLY_MESSAGE_MISMATCH)
            self.expect_success(server, "accept")
            self.assertEqual(client.answer().status, statuses.SUCCESS)
            self.assertEqual((client.end(), stranger.end(), server.end()), (0, 0, 0))
        self.for_each_pair(check)

    # ---- Over and over ----

    def connect_and_close(self, server, clients, count):
        each = count // len(clients)
        server.tell(f"serve {each * len(clients)}")
        for client in clients:
            client.tell(f"cycles lpc {each}")
        for client in clients:
            self.assertEqual(client.answer(LONG_RUN).status, statuses.SUCCESS)
        self.assertEqual(server.answer(LIMIT).status, statuses.SUCCESS)

    def test_many_connections_leave_nothing_behind(self):
        """Two native clients at once; every connection brings a request, a question and a notice."""
        server = self.listening_server("native")
        before = self.counts()
        clients = [self.puppet("native") for _ in range(2)]
        # The first few let the server reach its size.
        self.connect_and_close(server, clients, CYCLES // 10)
        memory = self.server_memory()
        self.connect_and_close(server, clients, CYCLES)
        self.assertLess(self.server_memory() - memory, MEMORY_TOLERANCE)
        for client in clients:
            self.assertEqual(client.end(), 0)
        self.wait_until(lambda: self.counts() == before, "the counts are what they were", SOON)
        self.assertEqual(server.end(), 0)
        self.wait_for_no_objects()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
