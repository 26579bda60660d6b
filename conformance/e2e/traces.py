# SPDX-License-Identifier: LGPL-2.1-or-later
"""A trace of three processes with a refused connect, a request that is given up and a killed client: all of it is in
every form that alpctrace shows."""

import json
import os
import pathlib
import signal
import sys
import unittest

from support import statuses
from support.browser import Browser, find_browser
from support.case import ALPCSERVER, BUILD, LIMIT, EndToEnd

ALPCTRACE = BUILD / "tools/alpctrace/alpctrace"


class Traces(EndToEnd):
    def setUp(self):
        super().setUp()
        self.file = self.directory / "a trace.alpc"

    def attach(self, *options):
        self.assertEqual(self.server("-p").returncode, 0)
        recorder = self.start(ALPCTRACE, "attach", "-o", self.file, *options)
        # It says so when it records.
        self.assertIn(b"recording to", recorder.stderr.readline())
        return recorder

    def stop(self, recorder):
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(LIMIT), 0)

    def converse(self, name="traced"):
        """A server and two clients."""
        server, client = self.connect("native", "native", name=name)
        other = self.puppet("native")
        other.tell(f"connect {name} sync 20000")
        self.assertEqual(server.ask("receive listener 20000").text, "let me in")
        server.ask("refuse")
        self.assertEqual(other.answer().status, statuses.CONNECTION_REFUSED)
        client.tell("request first -1")
        self.assertEqual(server.ask("receive listener 20000").text, "first")
        server.ask("reply answer")
        self.assertEqual(client.answer().text, "answer")
        # Given up by its sender after a while.
        self.assertEqual(client.ask("request forgotten 50").status, statuses.TIMEOUT)
        server.ask("receive listener 20000")
        client.ask("datagram client goodbye")
        self.assertEqual(server.ask("receive listener 20000").text, "goodbye")
        client.kill()
        self.assertEqual(server.ask("receive listener 20000").kind, statuses.PORT_CLOSED)
        return server, client, other

    def recorded(self, *options):
        recorder = self.attach(*options)
        self.converse()
        self.stop(recorder)

    def show(self, *arguments):
        result = self.run_program(ALPCTRACE, "show", self.file, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def events(self, *arguments):
        return [json.loads(line) for line in self.show("--format=json", *arguments).splitlines()]

    def test_every_event_is_there(self):  # E01, E02, E03, E04
        self.recorded("--payload")
        events = self.events()
        kinds = [event["event"] for event in events]
        self.assertEqual(kinds.count("connection_accepted"), 1)
        self.assertEqual(kinds.count("connection_refused"), 1)
        self.assertEqual(kinds.count("message_canceled"), 1)
        self.assertEqual(kinds.count("process_ended"), 1, "the killed client")
        # Its end closes its port and ends its connection; the request that was given up had begun a wait.
        self.assertEqual((kinds.count("port_closed"), kinds.count("connection_ended")), (2, 1), kinds)
        self.assertIn("wait_began", kinds)
        self.assertEqual([event["time"] for event in events], sorted(event["time"] for event in events))
        sent = [(event["type"], bytes.fromhex(event["data"])) for event in events if event["event"] == "message_sent"]
        for expected in [("connection request", b"let me in"), ("connection reply", b"welcome"), ("request", b"first"),
                         ("reply", b"answer"), ("request", b"forgotten"), ("datagram", b"goodbye")]:
            self.assertIn(expected, sent)
        calls = {event["status"] for event in events if event["event"] == "call_ended"}
        self.assertIn("STATUS_TIMEOUT", calls)
        self.assertIn("STATUS_PORT_CONNECTION_REFUSED", calls)

    def test_text_and_filters(self):
        self.recorded("--payload")
        text = self.show()
        for expected in ["refused a connection to \\RPC Control\\traced", 'sent request', '"first"',
                         "canceled by its client", "ended by its client", "blocked for"]:
            self.assertIn(expected, text)
        self.assertEqual(len(self.show("--text=goodbye").splitlines()), 1)
        self.assertTrue(all("REFUSED" in line
                            for line in self.show("--status=STATUS_PORT_CONNECTION_REFUSED").splitlines()))
        self.assertEqual(self.show("--port=no such port"), "")
        message = next(e["message"] for e in self.events() if e.get("data") == b"first".hex())
        kinds = [event["event"] for event in self.events(f"--message={message:x}")]
        self.assertEqual(kinds.count("message_sent"), 2, kinds)
        slow = self.events("--min-duration=40ms", "--status=STATUS_TIMEOUT")
        self.assertEqual(len(slow), 1, "the request that was given up")

    def test_payload_is_recorded_only_on_demand(self):
        self.recorded()
        self.assertFalse(any(event.get("data") for event in self.events()))
        self.assertNotIn(b"goodbye", self.file.read_bytes())

    def test_perfetto_form(self):
        self.recorded()
        trace = json.loads(self.show("--format=perfetto"))
        starts, ends = {}, {}
        for event in trace["traceEvents"]:
            self.assertIn(event["ph"], "XsfiM")
            self.assertIsInstance(event["name"], str)
            self.assertIsInstance(event["pid"], int)
            self.assertIsInstance(event["tid"], int)
            if event["ph"] != "M":
                self.assertGreaterEqual(event["ts"], 0)
            if event["ph"] == "X":
                self.assertGreaterEqual(event["dur"], 0)
            if event["ph"] in "sf":
                (starts if event["ph"] == "s" else ends)[event["id"]] = event["ts"]
        self.assertTrue(ends)
        for flow, time in ends.items():
            if flow in starts:
                self.assertLessEqual(starts[flow], time)
        names = {event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"}
        self.assertGreaterEqual(len(names), 3)

    def test_statistics(self):
        self.recorded()
        result = self.run_program(ALPCTRACE, "stats", self.file)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout.decode(), r"traced datagram +1 +7 ")
        self.assertIn("connect_port", result.stdout.decode())

    def test_differences(self):
        self.recorded("--payload")
        again = self.directory / "again"
        self.file, first = again, self.file
        self.server("-k")
        self.recorded("--payload")
        same = self.run_program(ALPCTRACE, "diff", first, again)
        self.assertEqual((same.returncode, same.stdout), (0, b""))
        self.server("-k")
        recorder = self.attach("--payload")
        self.connect("native", "native", name="traced")
        self.stop(recorder)
        other = self.run_program(ALPCTRACE, "diff", first, again)
        self.assertEqual(other.returncode, 1)
        self.assertIn(b"\\RPC Control\\traced, connection 1, event", other.stdout)

    def test_a_recorder_that_is_killed_leaves_whole_records(self):
        recorder = self.attach()
        self.converse()
        self.wait_until(lambda: self.file.stat().st_size > 1000, "records are written")
        recorder.kill()
        recorder.wait()
        self.assertTrue(self.events())
        with self.file.open("r+b") as file:
            file.truncate(self.file.stat().st_size - 9)
        result = self.run_program(ALPCTRACE, "show", self.file)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"not whole", result.stderr)
        # The server goes on, unrecorded.
        self.converse("untraced")

    def test_a_server_that_is_killed_leaves_a_trace(self):
        recorder = self.attach()
        self.converse()
        self.wait_until(lambda: self.file.stat().st_size > 1000, "records are written")
        os.kill(self.server_process(), signal.SIGKILL)
        self.assertEqual(recorder.wait(LIMIT), 1)
        self.assertIn(b"the server has hung up", recorder.stderr.read())
        self.assertTrue(self.events())

    def test_recording_a_program(self):
        script = pathlib.Path(__file__).parent / "support/native_puppet.py"
        result = self.run_program(ALPCTRACE, "record", "-o", self.file, "--", sys.executable, script,
                                  input=b"create recorded\nexit 7\n")
        self.assertEqual(result.returncode, 7, result.stderr)
        self.assertIn("port_created", [event["event"] for event in self.events()])

    def test_what_is_wrong_is_said(self):
        for arguments, code, words in [
                (("show", "nowhere.alpc"), 1, b"cannot open nowhere.alpc"),
                (("show", ALPCSERVER), 1, b"is no trace"),
                (("show", "--format=pdf", ALPCSERVER), 1, b"is no trace"),
                (("show",), 2, b"the file to show is missing"),
                (("attach",), 1, b"no alpcserver is running"),
                (("record",), 2, b"the program to run is missing"),
                (("attach", "--payload=x"), 2, b"--payload takes a number"),
                (("dance",), 2, b"there is no command 'dance'")]:
            with self.subTest(arguments=arguments):
                result = self.run_program(ALPCTRACE, *arguments)
                self.assertEqual(result.returncode, code)
                self.assertIn(words, result.stderr)

    @unittest.skipUnless(find_browser(), "needs a Chromium, such as the package chromium-headless-shell")
    def test_the_page_shows_every_event(self):
        self.recorded("--payload")
        events = self.events()
        page = self.directory / "trace.html"
        page.write_text(self.show("--format=html"))
        browser = Browser(find_browser(), self.directory / "profile")
        self.addCleanup(browser.close)
        browser.open(page)
        self.assertEqual(browser.errors(), [])
        browser.evaluate("document.getElementById('calls').click()")
        seen = set()
        for _ in range(1000):
            seen.update(browser.evaluate("[...document.querySelectorAll('.row')].map(r => Number(r.dataset.index))"))
            before = browser.evaluate("document.getElementById('chart').scrollTop")
            if browser.evaluate("(c => { c.scrollTop += 300; draw(); return c.scrollTop })"
                                "(document.getElementById('chart'))") == before:
                break
        self.assertEqual(seen, set(range(len(events))))
        lanes = browser.evaluate("lanes.map(l => l.detail)")
        self.assertIn("\\RPC Control\\traced", lanes)
        self.assertGreaterEqual(len(lanes), 4)
        # Search finds the payload, and its row shows it.
        browser.evaluate("document.getElementById('search').value = 'forgotten';"
                         "document.getElementById('search').dispatchEvent(new Event('input'))")
        self.assertEqual(browser.evaluate("document.getElementById('found').textContent"),
                         f"1 of {len(events)} events")
        browser.evaluate("document.querySelector('.row:not(.other)').dispatchEvent(new MouseEvent('click'))")
        self.assertIn("66 6f 72 67 6f 74 74 65  forgotte", browser.evaluate("document.getElementById('payload').textContent"))
        self.assertGreater(browser.evaluate("document.querySelectorAll('#histogram rect').length"), 0)
        picture = pathlib.Path("test-results") / "trace.png"
        picture.parent.mkdir(exist_ok=True)
        browser.picture(picture)
        self.assertEqual(browser.errors(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
