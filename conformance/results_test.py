# SPDX-License-Identifier: LGPL-2.1-or-later
"""The conformance program as a product, natively: how it ends with every kind of test, what it writes, and what
compare and adopt make of it. Runs in the build directory; SOURCE_DIR and XDG_RUNTIME_DIR say what they always say."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"]).resolve()
PROBE = pathlib.Path("conformance/native/conformance_probe").resolve()
PROGRAM = pathlib.Path("conformance/native/alpc_conformance").resolve()
# Tests in which nothing depends on which of several threads comes first.
ORDERLY_TESTS = "Connect.*:Create.*:Cancel.*:LpcCreate.*:LpcReplies.*:Requests.*:Queries.*"


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="results-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def run_in_directory(self, *command):
        return subprocess.run([str(word) for word in command], cwd=self.directory, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def tool(self, name, *arguments):
        return self.run_in_directory(sys.executable, SOURCE / "conformance" / name, *arguments)

    def load(self, name):
        return json.loads((self.directory / name).read_text(encoding="utf-8"))

    def save(self, name, result):
        (self.directory / name).write_text(json.dumps(result), encoding="utf-8")

    def probe(self, *arguments):
        return self.run_in_directory(PROBE, "--limit=5", *arguments)


class TheProgram(Case):
    def test_every_way_to_end_is_a_result(self):
        run = self.probe()
        self.assertEqual(run.returncode, 1, run)
        self.assertIn("2 passed, 1 failed, 2 crashed, 1 hung, 1 skipped, 1 not supported here", run.stdout)
        result = self.load("alpc_conformance.json")
        tests = {test["test"].removeprefix("Probe."): test for test in result["tests"]}
        self.assertEqual({name: test["outcome"] for name, test in tests.items()}, {
            "Passes": "passed", "Fails": "failed", "IsSkipped": "skipped",
            "HasNoSuchCall": "not supported here", "Crashes": "crashed", "Exits": "crashed", "Hangs": "hung",
            "HasThreads": "passed"})
        self.assertEqual((tests["Fails"]["id"], tests["Fails"]["confidence"]), ("X02", "low"))
        self.assertIn("STATUS_PORT_CLOSED", tests["Fails"]["failures"][0]["text"])
        self.assertIn("probe.cc:", tests["Fails"]["failures"][0]["where"])
        self.assertEqual(tests["HasNoSuchCall"]["reason"], "NtAlpcImaginary is missing here")
        self.assertEqual(tests["Crashes"]["observations"], [{"thread": 0, "name": "before the crash", "value": 1}])
        self.assertIn("exited with 7", tests["Exits"]["reason"])
        self.assertEqual(tests["Hangs"]["observations"][0]["name"], "before the hang")
        self.assertFalse(list(self.directory.glob("*.part")))

    def test_what_a_test_sees_is_written_down(self):
        self.probe("--filter=Probe.Passes:Probe.HasThreads", "--output=some file.json")
        passes, threads = self.load("some file.json")["tests"]
        call, expectation, *values = passes["observations"]
        self.assertEqual((call["call"], call["result"]), ("NtAlpcCreatePort", "STATUS_SUCCESS (0x00000000)"))
        self.assertEqual(call["arguments"][2]["MaxMessageLength"], 0x1000)
        self.assertEqual(expectation["expected"], expectation["status"])
        self.assertEqual([value["value"] for value in values],
                         [42, True, "with \"quotes\"\nand lines", "STATUS_PORT_CLOSED (0xc0000700)"])
        self.assertEqual(threads["observations"], [
            {"thread": -1, "name": "in thread", "value": 3},
            {"thread": 0, "times": 3, "name": "again", "value": 0},
            {"thread": 1, "name": "in thread", "value": 1}, {"thread": 2, "name": "in thread", "value": 2}])

    def test_the_system_is_named(self):
        self.probe("--filter=Probe.Passes")
        result = self.load("alpc_conformance.json")
        self.assertEqual((result["system"]["kind"], result["system"]["layer"]), ("Linux", "libntalpc"))
        self.assertTrue(result["entry_points"]["NtAlpcCreatePort"])

    def test_words_of_wine(self):
        lines = self.probe("--format=wine", "--filter=-*Hangs").stdout.splitlines()
        self.assertRegex(lines[0], r"^probe.cc:\d+: Test succeeded: Probe.Passes$")
        self.assertRegex(lines[1], r"^probe.cc:\d+: Test marked todo: Probe.Fails$")
        self.assertRegex(lines[2], r"^probe.cc:\d+: Tests skipped: Probe.IsSkipped: nothing to see here$")
        self.assertRegex(lines[4], r"^probe.cc:\d+: Test failed: Probe.Crashes: ")
        self.assertEqual(lines[-1], "alpc: 5 tests executed (1 marked as todo, 0 marked as broken, 2 failures), "
                                    "2 skipped.")

    def test_mistakes_on_the_command_line(self):
        for argument in ("--outptu=x", "--limit=soon", "--output=", "--format=colourful"):
            run = self.run_in_directory(PROBE, argument)
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertIn(f"'{argument}' cannot be understood", run.stderr)
        run = self.run_in_directory(PROBE, "--output=no/such/directory/file")
        self.assertEqual(run.returncode, 2)
        self.assertIn("say another place with --output", run.stderr)

    def test_two_runs_say_the_same(self):
        for name in ("one.json", "two.json"):
            run = self.run_in_directory(PROGRAM, f"--filter={ORDERLY_TESTS}", f"--output={name}")
            self.assertEqual(run.returncode, 0, run.stdout)
        comparison = self.tool("compare", "one.json", "two.json")
        self.assertEqual(comparison.returncode, 0, comparison.stdout)
        self.assertIn("no difference in", comparison.stdout)
        self.assertGreater(len(self.load("one.json")["tests"]), 100)


class Comparing(Case):
    def setUp(self):
        super().setUp()
        self.probe("--filter=Probe.Passes:Probe.Fails:Probe.HasThreads", "--output=a.json")
        self.result = self.load("a.json")

    def compare(self, *options):
        self.save("b.json", self.result)
        run = self.tool("compare", "a.json", "b.json", *options)
        self.assertEqual(run.stderr, "")
        return run

    def test_nothing(self):
        run = self.compare()
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("no difference in 3 tests", run.stdout)
        self.assertIn("Neither is from Windows", run.stdout)

    def test_a_row(self):
        self.result["tests"][0]["observations"][0]["result"] = "STATUS_ACCESS_DENIED (0xc0000022)"
        run = self.compare()
        self.assertEqual(run.returncode, 1)
        self.assertIn("Probe.Passes (X01, high)", run.stdout)
        self.assertRegex(run.stdout, r"A NtAlpcCreatePort\(.* = STATUS_SUCCESS")
        self.assertRegex(run.stdout, r"B NtAlpcCreatePort\(.* = STATUS_ACCESS_DENIED")
        self.assertIn("1 of 3 tests differ", run.stdout)
        self.assertEqual(self.compare("--outcomes").returncode, 0)

    def test_an_outcome(self):
        self.result["tests"][1].update(outcome="passed", failures=[])
        run = self.compare()
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"Probe.Fails \(X02, low\)\n    A failed\n    A probe.cc:\d+\n")

    def test_what_is_chance_is_no_difference(self):
        threads = self.result["tests"][2]["observations"]
        threads[2]["value"], threads[3]["value"] = threads[3]["value"], threads[2]["value"]
        threads[1]["times"] = 2
        self.result.update(duration_ms=1, started="never")
        self.assertEqual(self.compare().returncode, 0)
        del threads[1]["times"]
        self.assertEqual(self.compare().returncode, 1)

    def test_polling_is_no_difference(self):
        rows = self.result["tests"][0]["observations"]
        rows.insert(0, dict(rows[0], result="STATUS_TIMEOUT (0x00000102)"))
        self.assertEqual(self.compare().returncode, 0)
        rows.insert(0, dict(rows[0], call="NtSomethingElse"))
        self.assertEqual(self.compare().returncode, 1)

    def test_a_missing_test(self):
        del self.result["tests"][0]
        run = self.compare()
        self.assertEqual(run.returncode, 1)
        self.assertIn("Probe.Passes (X01, high)\n    only in A", run.stdout)

    def test_a_test_that_did_not_run_has_one_line(self):
        self.result["tests"][0].update(outcome="not supported here", reason="no ALPC", observations=[])
        run = self.compare()
        self.assertIn("    B not supported here: no ALPC\n", run.stdout)
        self.assertNotIn("row", run.stdout)

    def test_what_windows_said(self):
        self.result["system"].update(kind="Windows", version="10.0.19045.1", build=19045)
        run = self.compare()
        self.assertIn("What B, Windows 10.0.19045.1", run.stdout)
        self.assertIn("  Probe.Fails (X02, low): failed\n", run.stdout)
        self.assertIn("STATUS_TIMEOUT (0x00000102), expected STATUS_PORT_CLOSED", run.stdout)
        self.assertNotIn("Probe.Passes (X01, high):", run.stdout)

    def test_what_is_no_result(self):
        for text, words in (("{}", "is not a result"), ("{", "is not JSON"),
                            (json.dumps(dict(self.result, format_version=2)), "version 2 of the format")):
            (self.directory / "b.json").write_text(text, encoding="utf-8")
            run = self.tool("compare", "a.json", "b.json")
            self.assertEqual(run.returncode, 2)
            self.assertIn(words, run.stderr)
        self.assertIn("cannot be read", self.tool("compare", "a.json", "nothing.json").stderr)


class Adopting(Case):
    def setUp(self):
        super().setUp()
        self.probe("--filter=Probe.Passes:Probe.Fails")
        self.result = self.load("alpc_conformance.json")
        self.result["system"].update(kind="Windows", version="6.1.7601.24545", build=7601, layer="ntdll")

    def adopt(self, *options):
        self.save("windows.json", self.result)
        return self.tool("adopt", "windows.json", "--into=recorded", *options)

    def test_a_result_of_windows(self):
        self.result["tests"].reverse()
        run = self.adopt()
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("Probe.Fails (X02, low): contradicted", run.stdout)
        self.assertIn("1 expectations of low confidence; 0 others that Windows does not meet", run.stdout)
        recorded = self.load("recorded/windows-6.1.7601.24545-x86_64.json")
        self.assertEqual([test["test"] for test in recorded["tests"]], ["Probe.Fails", "Probe.Passes"])
        self.assertEqual({test["duration_ms"] for test in recorded["tests"]}, {0})
        same = self.tool("compare", "windows.json", "recorded/windows-6.1.7601.24545-x86_64.json")
        self.assertEqual(same.returncode, 0, same.stdout)

    def test_a_sure_expectation_that_windows_does_not_meet(self):
        self.result["tests"][0]["outcome"] = "hung"
        self.assertIn("Probe.Passes (X01, high): hung although we were sure", self.adopt().stdout)

    def test_nothing_is_overwritten_unasked(self):
        self.assertEqual(self.adopt().returncode, 0)
        again = self.adopt()
        self.assertEqual(again.returncode, 1)
        self.assertIn("is there already", again.stderr)
        self.assertEqual(self.adopt("--replace").returncode, 0)

    def test_only_windows_says_what_is_right(self):
        for kind in ("Wine", "Linux"):
            self.result["system"]["kind"] = kind
            run = self.adopt()
            self.assertEqual(run.returncode, 1)
            self.assertIn("only Windows says what is right", run.stderr)
        self.assertFalse((self.directory / "recorded").exists())

    def test_a_run_that_was_ended(self):
        self.result["tests"] = []
        self.assertIn("the run was ended early", self.adopt().stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
