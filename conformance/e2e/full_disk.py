# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that are full and files that must not grow any more: whoever needs room is told, and nobody ends for it. Memory
that processes share counts as a file where the size of files is limited."""

import os
import resource
import signal
import subprocess
import sys
import unittest

from support import statuses
from support.case import ALPCCTL, ALPCRUN, ALPCSERVER, BUILD, LIMIT, EndToEnd

ALPCTRACE = BUILD / "tools/alpctrace/alpctrace"
UNLIMITED = resource.RLIM_INFINITY
SMALL = 8192  # less than a view or a lease takes
EXIT_FAILURE = 1


def files_up_to(soft, hard):
    """For what is started: the limit on the size of its files."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))}


class FullDisk(EndToEnd):
    def setUp(self):
        super().setUp()
        # No Wine here: a prefix that only names a server.
        self.environment["WINEPREFIX"] = str(self.directory / "prefix")

    def serve(self, soft, hard):
        """A server in the foreground."""
        serving = self.start(ALPCSERVER, "-f", "-p", **files_up_to(soft, hard))
        self.wait_until(lambda: self.server_directories() and (self.server_directory() / "socket").exists(),
                        "the server is there")
        return serving

    def converse(self, server, client, times=100):
        for number in range(times):
            self.assertEqual(client.ask(f"datagram client {number}").status, statuses.SUCCESS)
            self.assertEqual(server.ask("receive listener 20000").text, str(number))

    def small_disk(self, size="256k"):
        """A directory on a disk of its own."""
        place = self.directory / "disk"
        place.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def fill(self, place):
        filler = place / "filler"
        with filler.open("wb", buffering=0) as file:
            with self.assertRaises(OSError):
                while True:
                    file.write(bytes(4096))
        return filler


class Server(FullDisk):
    def test_what_needs_larger_files_is_refused_and_nothing_else(self):
        serving = self.serve(SMALL, SMALL)
        for path in ("auto", "direct"):
            with self.subTest(path=path):
                self.environment["NTALPC_PATH"] = path
                server, client = self.connect("native", "native", name=path)
                self.assertEqual(client.ask("share client shown 0").status, statuses.INSUFFICIENT_RESOURCES)
                self.converse(server, client)
                client.tell("request question -1")
                self.assertEqual(server.ask("receive listener 20000").text, "question")
                self.assertEqual(server.ask("reply answer").status, statuses.SUCCESS)
                self.assertEqual(client.answer().text, "answer")
        self.assertEqual(self.server_process(), serving.pid)
        self.server("-k")
        self.assertEqual(serving.wait(LIMIT), 0)
        self.assertIn(b"no memory for a view could be made: File too large; raise the limit on the size of files",
                      serving.stderr.read())

    def test_a_limit_that_may_be_raised_does_not_count(self):
        self.serve(0, UNLIMITED)
        server, client = self.connect("native", "native")
        self.assertEqual(client.ask("share client shown 0").status, statuses.SUCCESS)
        self.assertEqual(server.ask("look listener 20000").text, "shown")

    def test_without_any_files_there_is_no_server(self):
        refused = self.start(ALPCSERVER, "-f", **files_up_to(0, 0))
        self.assertEqual(refused.wait(LIMIT), EXIT_FAILURE)
        self.assertRegex(refused.stderr.read(), b"^alpcserver: cannot write the lock file; .*: File too large\n$")

    def test_the_log_may_be_full(self):
        self.assertEqual(self.server("-p", "-d3", **files_up_to(SMALL, SMALL)).returncode, 0)
        server, client = self.connect("native", "native")
        process = self.server_process()
        self.converse(server, client, 200)
        self.assertEqual((self.server_directory() / "log").stat().st_size, SMALL)
        self.assertEqual(self.server_process(), process)

    def test_the_disk_of_the_log_may_be_full_for_a_while(self):
        self.environment["XDG_RUNTIME_DIR"] = str(self.small_disk())
        self.assertEqual(self.server("-p", "-d3").returncode, 0)
        self.addCleanup(self.server, "-k")
        server, client = self.connect("native", "native")
        process = self.server_process()
        filler = self.fill(self.directory / "disk")
        self.converse(server, client)
        self.assertEqual(self.server_process(), process)
        filler.unlink()
        log = next((self.directory / "disk/ntalpc").glob("*/log"))
        self.wait_until(lambda: "lines of this log are missing here" in log.read_text(), "the log says what happened")
        self.converse(server, client)

    def test_who_starts_a_server_on_a_full_disk_is_told(self):
        place = self.small_disk()
        self.environment["XDG_RUNTIME_DIR"] = str(place)
        filler = self.fill(place)
        puppet = self.puppet("native")
        self.assertEqual(puppet.ask("create any").status, statuses.INSUFFICIENT_RESOURCES)
        filler.unlink()
        self.addCleanup(self.server, "-k")
        self.assertEqual(puppet.ask("create any").status, statuses.SUCCESS)
        puppet.process.stdin.close()
        self.assertIn(b"No space left on device", puppet.process.stderr.read())


class Tools(FullDisk):
    def record(self, *options, **limits):
        self.assertEqual(self.server("-p").returncode, 0)
        recorder = self.start(ALPCTRACE, "attach", "-o", self.directory / "trace", *options, **limits)
        self.assertIn(b"recording to", recorder.stderr.readline())
        return recorder

    def test_output_that_gets_lost_is_a_failure(self):
        recorder = self.record()
        self.connect("native", "native")
        recorder.send_signal(signal.SIGINT)
        self.assertEqual(recorder.wait(LIMIT), 0)
        trace = self.directory / "trace"
        commands = [
            (ALPCCTL, "status"), (ALPCCTL, "ports"), (ALPCCTL, "tree", "--json"), (ALPCCTL, "top", "--once"),
            (ALPCCTL, "--help"), (ALPCTRACE, "show", trace), (ALPCTRACE, "show", trace, "--format=html"),
            (ALPCTRACE, "stats", trace), (ALPCTRACE, "--version"), (ALPCSERVER, "--help"), (ALPCSERVER, "--version"),
            (ALPCSERVER, "--show-limits"),
        ]
        if os.access(ALPCRUN, os.X_OK):
            commands.append((ALPCRUN, "--help"))
        for command in commands:
            with self.subTest(command=command), open("/dev/full", "wb") as full:
                result = self.run_program(*command, stdout=full)
                self.assertEqual(result.returncode, EXIT_FAILURE)
                self.assertRegex(result.stderr, b"^alpc[a-z]+: not all of the output could be written; [^\n]*\n$")

    def test_output_to_a_file_that_must_not_grow_is_a_failure(self):
        with (self.directory / "output").open("wb") as output:
            result = self.run_program(ALPCTRACE, "--help", stdout=output, **files_up_to(100, 100))
        self.assertEqual(result.returncode, EXIT_FAILURE)
        self.assertIn(b"not all of the output could be written", result.stderr)

    def test_a_trace_ends_where_there_is_no_room_and_nothing_else_does(self):
        recorder = self.record(**files_up_to(SMALL, SMALL))
        server, client = self.connect("native", "native")
        process = self.server_process()
        self.converse(server, client)
        self.assertEqual(recorder.wait(LIMIT), EXIT_FAILURE)
        self.assertRegex(recorder.stderr.read(), b"^alpctrace: cannot write .*/trace: File too large\n$")
        self.assertEqual((self.directory / "trace").stat().st_size, SMALL)
        self.converse(server, client)
        self.assertEqual(self.server_process(), process)
        # What was recorded can be looked at.
        self.assertEqual(self.run_program(ALPCTRACE, "show", self.directory / "trace").returncode, 0)

    def test_a_trace_that_cannot_begin(self):
        self.assertEqual(self.server("-p").returncode, 0)
        result = self.run_program(ALPCTRACE, "attach", "-o", "/dev/full")
        self.assertEqual(result.returncode, EXIT_FAILURE)
        self.assertIn(b"cannot write /dev/full: No space left on device\n", result.stderr)

    def test_a_program_outlives_its_trace(self):
        calls = f"for i in $(seq 20); do '{ALPCCTL}' status > /dev/null || exit 3; done; echo still here"
        place = self.small_disk("16k")
        self.assertEqual(self.server("-p").returncode, 0)
        self.fill(place)
        (place / "filler").write_bytes(bytes(8192))
        noisy = self.puppet("native")
        result = self.start(ALPCTRACE, "record", "-o", place / "trace", "--", "/bin/sh", "-c", "read line; " + calls)
        self.wait_until(lambda: (place / "trace").exists(), "the recording")
        for number in range(500):
            noisy.ask(f"create noise{number}")
        self.assertRegex(result.stderr.readline(),
                         b"^alpctrace: the recording ends, the program goes on: .*No space left on device\n$")
        result.stdin.write(b"\n")
        result.stdin.close()
        self.assertEqual(result.stdout.read(), b"still here\n")
        self.assertEqual(result.wait(LIMIT), EXIT_FAILURE)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
