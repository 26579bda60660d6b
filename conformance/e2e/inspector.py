# SPDX-License-Identifier: LGPL-2.1-or-later
"""What alpcctl says of a running server, and its hand in it."""

import json
import sys
import unittest

from support import statuses
from support.case import ALPCCTL, EndToEnd

PORT = "\\RPC Control\\inspected"


class Inspector(EndToEnd):
    def ask(self, *words):
        result = self.run_program(ALPCCTL, *words, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def text(self, *words, code=0):
        result = self.run_program(ALPCCTL, *words)
        self.assertEqual(result.returncode, code, result.stderr)
        return (result.stderr if code else result.stdout).decode()

    def test_ports_and_connections(self):
        server, client = self.connect("native", "native", name="inspected")
        client.tell("request unanswered -1")
        self.wait_until(lambda: self.ask("queues"), "the request is queued")
        ports = self.ask("ports")
        self.assertEqual(sorted(port["kind"] for port in ports), ["client port", "connection port", "server port"])
        self.assertEqual({port["name"] for port in ports}, {PORT})
        listener = next(port for port in ports if port["kind"] == "connection port")
        self.assertEqual((listener["queued"], listener["waiting"], listener["handles"]), (1, 0, 1))
        self.assertIn(f"({server.process.pid})", listener["owner"])
        [connection] = self.ask("connections")
        self.assertEqual((connection["port"], connection["state"], connection["messages"]), (PORT, "accepted", 1))
        self.assertIn(f"({client.process.pid})", connection["client"])
        self.assertIn(f"({server.process.pid})", connection["server"])
        [message] = self.ask("queues")
        self.assertEqual((message["type"], message["size"], message["where"]),
                         ("request", len("unanswered"), "queued for the server"))
        server.ask("receive listener 20000")
        self.assertEqual(self.ask("queues")[0]["where"], "to be answered by the server")

    def test_processes_and_tokens(self):
        self.connect("native", "native", name="inspected")
        server = self.puppet("native")
        server.ask("create blocked")
        server.tell("receive listener -1")
        self.wait_until(lambda: any(p["blocked"] for p in self.ask("processes")), "the server waits")
        processes = self.ask("processes")
        self.assertEqual(len(processes), 3, "alpcctl itself is not there")
        mine = next(process for process in processes if process["unix_process"] == server.process.pid)
        self.assertEqual((mine["blocked"], mine["objects"]), (1, 1))
        tokens = self.ask("tokens")
        self.assertEqual(len(tokens), 3)
        self.assertTrue(all(token["user"].startswith("S-1-5-21-") for token in tokens), tokens)

    def test_the_namespace(self):
        self.connect("native", "native", name="inspected")
        [found] = self.ask("object", PORT)
        self.assertEqual((found["type"], found["handles"]), ("ALPC Port", 1))
        below = [entry["name"] for entry in self.ask("tree", "\\RPC Control")]
        self.assertEqual(below, ["\\RPC Control", PORT])
        self.assertIn(PORT, self.text("tree"))
        self.assertIn("there is no object", self.text("object", "\\nowhere", code=1))

    def test_access(self):
        self.connect("native", "native", name="inspected")
        [token] = {token["user"] for token in self.ask("tokens")}
        mine = self.ask("access", PORT, "--as", token)
        self.assertEqual((mine["name"], mine["type"], mine["status"]), (PORT, "ALPC Port", "STATUS_SUCCESS"))
        self.assertEqual(mine["rights"], "PORT_CONNECT|DELETE|READ_CONTROL|WRITE_DAC|WRITE_OWNER|SYNCHRONIZE")
        self.assertIn("is granted PORT_CONNECT|", self.text("access", PORT, "--as", token))
        other = self.ask("access", "--as=S-1-22-1-4711", PORT)
        self.assertEqual((other["granted"], other["rights"]), (0, ""))
        self.assertIn("S-1-22-1-4711 is granted nothing of", self.text("access", PORT, "--as", "S-1-22-1-4711"))
        self.assertIn("STATUS_OBJECT_NAME_NOT_FOUND", self.text("access", "\\nowhere", "--as", token, code=1))

    def test_top_counts_what_goes_through(self):
        server, client = self.connect("native", "native", name="inspected")
        top = self.start(ALPCCTL, "top", "--once")
        while top.poll() is None:
            client.ask("datagram client x")
            server.ask("receive listener 20000")
        picture = top.stdout.read().decode()
        [line] = self.ask("top")
        self.assertEqual((line["port"], line["clients"], line["messages/s"]), (PORT, 1, 0))
        self.assertRegex(picture, r"(?m)^ *[1-9][0-9]* +[01] +[01] +1 +\\RPC Control\\inspected")

    def test_a_connection_can_be_ended(self):
        server, client = self.connect("native", "native", name="inspected")
        [connection] = self.ask("connections")
        client.tell("request unanswered -1")
        self.text("kill-connection", str(connection["connection"]))
        self.assertEqual(client.answer().status, statuses.PORT_DISCONNECTED)
        self.assertEqual(self.run_program(ALPCCTL, "kill-connection", "4711", "--json").stdout, b"[]\n")
        self.assertIn("no connection", self.text("kill-connection", "4711", code=1))
        self.assertIn("no number", self.text("kill-connection", "x", code=2))
        self.assertIn("connection 1 is ended", (self.server_directory() / "log").read_text())

    def test_many_objects_come_in_parts(self):
        server = self.puppet("native")
        for number in range(1500):
            self.assertEqual(server.ask(f"create {'x' * 100}{number}").status, statuses.SUCCESS)
        self.assertEqual(len(self.ask("ports")), 1500)

    def test_wrong_command_lines(self):
        self.connect("native", "native")
        for words in (["ports", "x"], ["object"], ["kill-connection"], ["top", "x"], ["nothing"],
                      ["access", PORT], ["access", "--as", "S-1-1-0"], ["access", PORT, "--as", "me"]):
            with self.subTest(words=words):
                self.assertIn("see alpcctl --help", self.text(*words, code=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
