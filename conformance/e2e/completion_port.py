# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that wait elsewhere than at their port: at an I/O completion port, without and with a completion list, and
natively in an event loop. Clients of both kinds are answered, and an idle server does nothing."""

import subprocess
import sys
import unittest

from support.case import ALPCRUN, LIMIT, PROGRAMS, SAMPLES, EndToEnd
from support.counting import DATAGRAMS, NATIVE_CLIENT, WINDOWS_CLIENT, CountingServers

PACKET_SERVER = [ALPCRUN, SAMPLES / "packet_server.exe"]
EVENT_SERVER = [SAMPLES / "native_event_server"]


class ServerWithCompletionPort(CountingServers):
    servers = {
        "packets": (PACKET_SERVER, [], WINDOWS_CLIENT),
        "packets and list": (PACKET_SERVER, ["list"], NATIVE_CLIENT),
        "events": (EVENT_SERVER, [], NATIVE_CLIENT),
        "events and list": (EVENT_SERVER, ["list"], NATIVE_CLIENT),
    }

    def test_many_clients_lose_nothing(self):
        self.check_that_nothing_is_lost(DATAGRAMS // 5)

    def test_a_thousand_connections(self):
        self.check_a_thousand_connections()

    def test_idle_ones_do_nothing(self):
        self.check_that_idle_ones_do_nothing()


class SharedCompletionPort(EndToEnd):
    def test_two_processes_serve_one_port(self):
        """Each of the two answers when the other has a request too."""
        server = self.start(ALPCRUN, PROGRAMS / "packet_sharer.exe", stderr=subprocess.DEVNULL)
        self.assertEqual(server.stdout.readline().split(), [b"ready"])
        clients = [self.puppet("windows") for _ in range(2)]
        for client in clients:
            self.assertEqual(client.ask(f"connect shared sync {LIMIT * 1000}").status, "00000000")
        for client in clients:
            client.tell(f"request who {LIMIT * 1000}")
        answers = [client.answer() for client in clients]
        self.assertEqual([answer.status for answer in answers], ["00000000"] * 2)
        self.assertEqual({answer.text for answer in answers}, {"parent", "child"})
        for client in clients:
            client.end()
        self.assertEqual(server.wait(timeout=LIMIT), 0)
        self.wait_for_no_objects()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
