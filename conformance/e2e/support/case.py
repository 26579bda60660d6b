# SPDX-License-Identifier: LGPL-2.1-or-later
"""The base of the end-to-end tests: each test has a runtime directory, and so a server, of its own, and nothing that
it starts outlives it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from support.puppet import Puppet

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", "."))
ALPCRUN = os.environ.get("ALPCRUN", str(BUILD / "tools/alpcrun/alpcrun"))
ALPCSERVER = os.environ.get("ALPCSERVER", str(BUILD / "server/alpcserver"))
ALPCCTL = str(BUILD / "tools/alpcctl/alpcctl")
SAMPLES = BUILD / "conformance/samples"
PROGRAMS = BUILD / "conformance/e2e"

LIMIT = 30  # seconds that something which must happen may take on a busy machine
SOON = 1.0  # seconds within which the end of one side reaches the other


class EndToEnd(unittest.TestCase):
    def setUp(self):
        # A short path: the one of a Unix socket is limited to 108 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="e", dir=os.environ.get("XDG_RUNTIME_DIR", "/tmp")))
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.directory), NTALPC_SERVER_BINARY=ALPCSERVER)
        self.environment.setdefault("WINEPREFIX", str(self.directory / "prefix"))
        self.processes = []
        self.addCleanup(self.clean_up)

    def clean_up(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        for directory in self.server_directories():
            self.server("-k", f"--directory={directory}")
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- Programs ----
    def start(self, *command, **options):
        """A program in the background, with pipes for its streams unless the options say otherwise."""
        options = {"env": self.environment, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([str(word) for word in command], **options)
        self.processes.append(process)
        return process

    def run_program(self, *command, input=b"", **options):
        """A program from start to end. Its output goes to files: pipes would stay open as long as what it leaves
        behind, such as Wine's services."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            given.write(input)
            given.seek(0)
            process = self.start(*command, **{"stdin": given, "stdout": output, "stderr": errors, **options})
            process.wait(timeout=LIMIT)
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, process.returncode, output.read(), errors.read())

    def puppet(self, kind, **environment):
        """A program of the given kind, "windows" or "native", that makes calls on command."""
        command = Puppet.command(kind, ALPCRUN, PROGRAMS)
        puppet = Puppet(self.start(*command, env=dict(self.environment, **environment)))
        puppet.expect_ready(LIMIT)
        return puppet

    def wait_until(self, condition, what, limit=LIMIT):
        deadline = time.monotonic() + limit
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}: not within {limit} s")
            time.sleep(0.01)

    # ---- The server ----
    def server(self, *arguments, **options):
        return self.run_program(ALPCSERVER, *arguments, **options)

    def server_directories(self):
        return sorted((self.directory / "ntalpc").glob("*"))

    def server_directory(self):
        directories = self.server_directories()
        self.assertEqual(len(directories), 1, directories)
        return directories[0]

    def counts(self):
        """The numbers of objects that the server holds for everybody but alpcctl."""
        result = self.run_program(ALPCCTL, "status", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def server_process(self):
        return self.counts()["server_process_id"]

    def server_memory(self):
        """The bytes that the server has in memory."""
        status = pathlib.Path(f"/proc/{self.server_process()}/status").read_text()
        return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def wait_for_no_objects(self):
        """Waits until the server has nothing left but itself."""
        def nothing_left():
            counts = self.counts()
            counts.pop("server_process_id")
            return not any(counts.values())
        self.wait_until(nothing_left, "the server's counts return to zero", 5)

    # ---- Conversations ----
    def connect(self, server_kind, client_kind, name="e2e"):
        """Two puppets with a connection between them."""
        server = self.puppet(server_kind)
        self.assertEqual(server.ask(f"create {name}").status, "00000000")
        client = self.puppet(client_kind)
        client.tell(f"connect {name} sync 20000")
        self.assertEqual(server.ask("receive listener 20000").text, "let me in")
        self.assertEqual(server.ask("accept").status, "00000000")
        answer = client.answer()
        self.assertEqual((answer.status, answer.text), ("00000000", "welcome"))
        return server, client


def pairs_of_kinds():
    return [("native", "native"), ("native", "windows"), ("windows", "native"), ("windows", "windows")]
