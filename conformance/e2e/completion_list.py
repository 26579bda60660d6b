# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that takes its messages from a completion list: no message is lost, many connections, no idle work.

NTALPC_DATAGRAMS is the number of datagrams of the long run, 40,000 unless it is set."""

import os
import pathlib
import subprocess
import sys
import time
import unittest

from support.case import ALPCRUN, LIMIT, SAMPLES, EndToEnd

DATAGRAMS = int(os.environ.get("NTALPC_DATAGRAMS", "40000"))
CLIENTS = 8
LONG_LIMIT = LIMIT + DATAGRAMS // 500  # seconds


def programs(kind):
    """The commands of the server and of a client."""
    if kind == "native":
        return [SAMPLES / "native_list_server"], [SAMPLES / "native_list_client"]
    return [ALPCRUN, SAMPLES / "list_server.exe"], [ALPCRUN, SAMPLES / "list_client.exe"]


def processor_time(process):
    """Seconds that a process has run."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ServerWithCompletionList(EndToEnd):
    def start_server(self, command, connections):
        self.said = self.directory / "said"
        with open(self.said, "wb") as output:
            server = self.start(*command, connections, stdout=output, stderr=subprocess.DEVNULL)
        self.wait_until(lambda: "ready on" in self.said.read_text(), "the server is ready")
        return server

    def start_client(self, command, connections, datagrams):
        with open(self.directory / f"client{len(self.processes)}", "wb") as output:
            return self.start(*command, connections, datagrams, stdout=output, stderr=output)

    def said_by_clients(self):
        return "".join(path.read_text() for path in self.directory.glob("client*"))

    def check_server(self, server, connections, datagrams):
        self.assertEqual(server.wait(timeout=LIMIT), 0, self.said.read_text())
        self.assertIn(f"{connections} connections, {datagrams} datagrams, 0 messages not freed", self.said.read_text())

    def test_many_clients_lose_nothing(self):
        for kind in ("native", "windows"):
            with self.subTest(kind=kind):
                server_command, client_command = programs(kind)
                server = self.start_server(server_command, CLIENTS)
                each = DATAGRAMS // CLIENTS
                clients = [self.start_client(client_command, 1, each) for _ in range(CLIENTS)]
                for client in clients:
                    self.assertEqual(client.wait(timeout=LONG_LIMIT), 0, self.said_by_clients())
                self.check_server(server, CLIENTS, each * CLIENTS)
                self.wait_for_no_objects()

    def test_a_thousand_connections(self):
        for kind in ("native", "windows"):
            with self.subTest(kind=kind):
                server_command, client_command = programs(kind)
                server = self.start_server(server_command, 1000)
                client = self.start_client(client_command, 1000, 5)
                self.assertEqual(client.wait(timeout=2 * LIMIT), 0, self.said_by_clients())
                self.check_server(server, 1000, 5000)
                self.wait_for_no_objects()

    def test_idle_ones_do_nothing(self):
        for kind in ("native", "windows"):
            with self.subTest(kind=kind):
                server_command, client_command = programs(kind)
                server = self.start_server(server_command, 2)
                for client in range(2):
                    busy = [server.pid, self.server_process()]
                    before = sum(map(processor_time, busy))
                    time.sleep(1.5)
                    self.assertLess(sum(map(processor_time, busy)) - before, 0.1)
                    # After work it is as idle as before.
                    process = self.start_client(client_command, 1, 100)
                    self.assertEqual(process.wait(timeout=LIMIT), 0, self.said_by_clients())
                self.check_server(server, 2, 200)
                self.wait_for_no_objects()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
