# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the servers that samples/counting_service.h is the common part of: a test class names the programs.

NTALPC_DATAGRAMS is the number of datagrams of the long run, 40,000 unless it is set."""

import os
import pathlib
import subprocess
import time

from support.case import ALPCRUN, LIMIT, SAMPLES, EndToEnd

CLIENTS = 8
DATAGRAMS = int(os.environ.get("NTALPC_DATAGRAMS", "40000"))
NATIVE_CLIENT = [SAMPLES / "native_list_client"]
WINDOWS_CLIENT = [ALPCRUN, SAMPLES / "list_client.exe"]


def processor_time(process):
    """Seconds that a process has run."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class CountingServers(EndToEnd):
    # By name: the command of a server, its words after the number of connections, and the command of a client.
    servers = {}

    def each_server(self):
        for name, (command, words, client) in self.servers.items():
            with self.subTest(server=name):
                self.words = words
                yield command, client
                self.wait_for_no_objects()

    def start_server(self, command, connections):
        self.said = self.directory / "said"
        with open(self.said, "wb") as output:
            server = self.start(*command, connections, *self.words, stdout=output, stderr=subprocess.DEVNULL)
        self.wait_until(lambda: "ready on" in self.said.read_text(), "the server is ready")
        return server

    def start_client(self, command, connections, datagrams):
        with open(self.directory / f"client{len(self.processes)}", "wb") as output:
            return self.start(*command, connections, datagrams, stdout=output, stderr=output)

    def visit(self, client_command):
        client = self.start_client(client_command, 1, 100)
        self.assertEqual(client.wait(timeout=LIMIT), 0, self.said_by_clients())

    def said_by_clients(self):
        return "".join(path.read_text() for path in self.directory.glob("client*"))

    def check_server(self, server, connections, datagrams):
        self.assertEqual(server.wait(timeout=LIMIT), 0, self.said.read_text())
        self.assertIn(f"{connections} connections, {datagrams} datagrams", self.said.read_text())

    def check_that_nothing_is_lost(self, total):
        """Many clients at once, with a number of datagrams together."""
        each = total // CLIENTS
        for server_command, client_command in self.each_server():
            server = self.start_server(server_command, CLIENTS)
            clients = [self.start_client(client_command, 1, each) for _ in range(CLIENTS)]
            for client in clients:
                self.assertEqual(client.wait(timeout=LIMIT + total // 500), 0, self.said_by_clients())
            self.check_server(server, CLIENTS, each * CLIENTS)

    def check_a_thousand_connections(self):
        for server_command, client_command in self.each_server():
            server = self.start_server(server_command, 1000)
            client = self.start_client(client_command, 1000, 5)
            self.assertEqual(client.wait(timeout=2 * LIMIT), 0, self.said_by_clients())
            self.check_server(server, 1000, 5000)

    def check_that_idle_ones_do_nothing(self):
        for server_command, client_command in self.each_server():
            server = self.start_server(server_command, 2)
            self.visit(client_command)
            busy = [server.pid, self.server_process()]
            before = sum(map(processor_time, busy))
            time.sleep(1.5)
            self.assertLess(sum(map(processor_time, busy)) - before, 0.1)
            self.visit(client_command)
            self.check_server(server, 2, 200)
