# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of alpcserver itself: blocked calls end, handles are dead, and the next call finds a new server."""

import os
import signal
import sys
import time
import unittest

from support import statuses
from support.case import SOON, EndToEnd, pairs_of_kinds


class AlpcserverKilled(EndToEnd):
    def kill_server(self, expected_waits):
        self.wait_until(lambda: self.counts()["waits"] == expected_waits, "both programs wait")
        old = self.server_process()
        os.kill(old, signal.SIGKILL)
        return old, time.monotonic()

    def test_blocked_calls_end_and_a_new_server_is_started(self):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                self.check(*kinds)

    def check(self, server_kind, client_kind):
        server, client = self.connect(server_kind, client_kind)
        server.tell("receive server -1")
        client.tell("request question -1")
        old, killed = self.kill_server(2)
        for puppet in (server, client):
            answer = puppet.answer()
            self.assertEqual(answer.status, statuses.PORT_DISCONNECTED)
            self.assertLess(answer.at - killed, SOON)
        # What was opened with the old server means nothing to the new one; the name is free there.
        self.assertEqual(client.ask("datagram client x").status, statuses.PORT_DISCONNECTED)
        self.assertEqual(server.ask("receive listener 0").status, statuses.PORT_DISCONNECTED)
        self.assertEqual(server.ask("close listener").status, statuses.SUCCESS)
        self.assertEqual(server.ask("create e2e").status, statuses.SUCCESS)
        self.assertNotEqual(self.server_process(), old)
        client.tell("connect e2e sync 20000")
        self.assertEqual(server.ask("receive listener 20000").kind, statuses.CONNECTION_REQUEST)
        self.assertEqual(server.ask("accept").status, statuses.SUCCESS)
        self.assertEqual(client.answer().status, statuses.SUCCESS)
        self.assertEqual([client.end(), server.end()], [0, 0])
        self.wait_for_no_objects()

    def test_a_pending_connect_ends(self):
        for server_kind, client_kind in pairs_of_kinds()[1:3]:
            server, client = self.puppet(server_kind), self.puppet(client_kind)
            self.assertEqual(server.ask("create pending").status, statuses.SUCCESS)
            client.tell("connect pending sync -1")
            _, killed = self.kill_server(1)
            answer = client.answer()
            self.assertEqual(answer.status, statuses.PORT_DISCONNECTED)
            self.assertLess(answer.at - killed, SOON)
            self.assertEqual([client.end(), server.end()], [0, 0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
