#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether alpcbench measures and bench/report shows what it has measured. It never looks at times.
The working directory is the build directory; needs SOURCE_DIR."""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath("bench/alpcbench")
REPORT = os.path.join(os.environ["SOURCE_DIR"], "bench", "report")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


class Alpcbench(unittest.TestCase):
    def test_lists_its_cases(self):
        names = [line.split()[0] for line in run(PROGRAM, "--list").stdout.splitlines()]
        self.assertIn("round-trip/64/hot/same-core", names)
        self.assertEqual(len(names), len(set(names)))

    def test_help_fits_a_screen(self):
        lines = run(PROGRAM, "--help").stdout.splitlines()
        self.assertTrue(0 < len(lines) <= 24)
        self.assertLessEqual(max(map(len, lines)), 100)

    def test_says_what_is_wrong_with_its_options(self):
        for words, part in ((["--fast"], "'--fast'"), (["--json"], "--json"), (["--only", "no/such"], "--list")):
            ended = run(PROGRAM, *words)
            self.assertEqual(ended.returncode, 2)
            self.assertIn(part, ended.stderr)
            self.assertEqual(len(ended.stderr.splitlines()), 1)

    def test_says_where_it_cannot_write(self):
        ended = run(PROGRAM, "--quick", "--only", "connect", "--json", "/no such directory/x.json")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("/no such directory/x.json", ended.stderr)


class QuickRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.json = os.path.join(cls.directory.name, "results.json")
        cls.ended = run(PROGRAM, "--quick", "--json", cls.json)
        cls.results = json.loads(pathlib.Path(cls.json).read_text(encoding="utf-8")) if cls.ended.returncode == 0 else {}

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_ends_well(self):
        self.assertEqual((self.ended.returncode, self.ended.stderr), (0, ""))

    def test_every_case_measured_something(self):
        self.assertGreater(len(self.results["cases"]), 5)
        for case in self.results["cases"]:
            self.assertTrue(case["series"] or case["figures"], case["name"])
            for series in case["series"]:
                self.assertGreater(series["count"], 0)
                self.assertTrue(0 < series["minimum"] <= series["median"] <= series["p99"], (case["name"], series))
            for target in case["targets"]:
                self.assertTrue(math.isfinite(target["reached"]))

    def test_the_report_is_a_page_of_its_own(self):
        page = os.path.join(self.directory.name, "report.html")
        ended = run(sys.executable, REPORT, "--output", page, self.json)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        text = pathlib.Path(page).read_text(encoding="utf-8")
        self.assertEqual(text.count("<svg"), sum(1 for case in self.results["cases"] if case["series"]))
        for case in self.results["cases"]:
            self.assertIn(f"<h3>{case['name']}</h3>", text)
        for outside in ("http:", "https:", "src=", "<link"):
            self.assertNotIn(outside, text)

    def test_both_worlds_are_compared(self):
        as_wine = dict(self.results, world="wine")
        other = os.path.join(self.directory.name, "wine.json")
        pathlib.Path(other).write_text(json.dumps(as_wine), encoding="utf-8")
        ended = run(sys.executable, REPORT, "--output", os.path.join(self.directory.name, "both.html"), self.json, other)
        self.assertIn("wine, round-trip/64/hot/same-core: 1.00 x native, met", ended.stdout)

    def test_the_report_refuses_what_is_no_result(self):
        ended = run(sys.executable, REPORT, "--output", os.path.join(self.directory.name, "x.html"), os.devnull)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("alpcbench --json", ended.stderr)


if __name__ == "__main__":
    unittest.main()
