# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of one side of a conversation at each of its steps: the other side is told at once and correctly, and the
server forgets everything. Every pair of Windows and native programs."""

import sys
import unittest

from support import statuses
from support.case import SOON, EndToEnd, pairs_of_kinds


class KilledPrograms(EndToEnd):
    def for_each_pair(self, check):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                check(*kinds)
                self.wait_for_no_objects()

    def test_client_while_the_server_waits(self):  # D08
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            server.tell("receive listener 20000")
            self.wait_until(lambda: self.counts()["waits"] == 1, "the server waits")
            killed = client.kill()
            notice = server.answer()
            self.assertEqual((notice.status, notice.kind), (statuses.SUCCESS, statuses.PORT_CLOSED))
            self.assertEqual(notice.process, client.id)
            self.assertLess(notice.at - killed, SOON)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def test_client_while_the_server_owes_a_reply(self):
        def check(server_kind, client_kind):
            server, client = self.connect(server_kind, client_kind)
            client.tell("request question -1")
            self.assertEqual(server.ask("receive listener 20000").kind, statuses.REQUEST)
            client.kill()
            client.process.wait()
            self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it", SOON)
            self.assertEqual(server.ask("reply late").status, statuses.REQUEST_CANCELED)
            kinds = {server.ask("receive listener 1000").kind for _ in range(2)}
            self.assertEqual(kinds, {statuses.CANCEL_MESSAGE, statuses.PORT_CLOSED})
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def test_client_while_it_connects(self):
        def check(server_kind, client_kind):
            server, client = self.puppet(server_kind), self.puppet(client_kind)
            self.assertEqual(server.ask("create e2e").status, statuses.SUCCESS)
            client.tell("connect e2e sync -1")
            self.assertEqual(server.ask("receive listener 20000").kind, statuses.CONNECTION_REQUEST)
            client.kill()
            client.process.wait()
            self.wait_until(lambda: self.counts()["processes"] == 1, "the server learns of it", SOON)
            self.assertEqual(server.ask("accept").status, statuses.REQUEST_CANCELED)
            self.assertEqual(server.end(), 0)
        self.for_each_pair(check)

    def check_killed_server(self, server_kind, client_kind, call, taken):
        server, client = self.connect(server_kind, client_kind)
        client.tell(call)
        if taken:
            self.assertEqual(server.ask("receive listener 20000").kind, statuses.REQUEST)
        self.wait_until(lambda: self.counts()["waits"] == 1, "the client waits")
        killed = server.kill()
        answer = client.answer()
        self.assertEqual(answer.status, statuses.PORT_DISCONNECTED)
        self.assertLess(answer.at - killed, SOON)
        self.assertEqual(client.ask("datagram client x").status, statuses.PORT_DISCONNECTED)
        self.assertEqual(client.end(), 0)

    def test_server_while_it_has_a_request(self):
        self.for_each_pair(lambda *kinds: self.check_killed_server(*kinds, "request question -1", True))

    def test_server_while_a_request_is_queued(self):
        self.for_each_pair(lambda *kinds: self.check_killed_server(*kinds, "request question -1", False))

    def test_server_while_the_client_receives(self):
        self.for_each_pair(lambda *kinds: self.check_killed_server(*kinds, "receive client -1", False))

    def test_server_while_a_client_connects(self):
        def check(server_kind, client_kind):
            server, client = self.puppet(server_kind), self.puppet(client_kind)
            self.assertEqual(server.ask("create e2e").status, statuses.SUCCESS)
            client.tell("connect e2e sync -1")
            self.wait_until(lambda: self.counts()["waits"] == 1, "the client waits")
            killed = server.kill()
            answer = client.answer()
            self.assertEqual(answer.status, statuses.CONNECTION_REFUSED)
            self.assertLess(answer.at - killed, SOON)
            # A killed process loses its handles one after another: the listener may go last.
            gone = {statuses.NAME_NOT_FOUND, statuses.CONNECTION_REFUSED}
            self.assertIn(client.ask("connect e2e sync 1000").status, gone)
            self.assertEqual(client.end(), 0)
        self.for_each_pair(check)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
