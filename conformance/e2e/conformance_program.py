# SPDX-License-Identifier: LGPL-2.1-or-later
"""The conformance program for Windows: what is in its archive, what it needs of the system, what it says under a Wine
that has none of the calls, and that a crash or a hang of a test is a result there too."""

import json
import os
import pathlib
import subprocess
import sys
import unittest
import zipfile

from support.case import ALPCRUN, BUILD, EndToEnd
from support.pe_imports import imports_of

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"]).resolve()
WINE = os.environ.get("WINE", "wine")


def allowed_imports():
    allowed = {}
    for line in (SOURCE / "conformance/windows7_functions.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            library, names = line.split(": ")
            allowed.setdefault(library.lower(), set()).update(names.split())
    return allowed


class ConformanceProgram(EndToEnd):
    LIMIT = 100

    def setUp(self):
        super().setUp()
        archives = list(BUILD.glob("ntalpc-conformance-*.zip"))
        self.assertEqual(len(archives), 1, archives)
        with zipfile.ZipFile(archives[0]) as archive:
            self.names = archive.namelist()
            archive.extractall(self.directory)
        self.program = self.directory / "alpc_conformance.exe"

    def run_there(self, *command):
        """In the directory of the program, with its result."""
        with open(self.directory / "output", "wb") as output:
            process = self.start(*command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT)
            status = process.wait(timeout=self.LIMIT)
        result = json.loads((self.directory / "alpc_conformance.json").read_text(encoding="utf-8"))
        return status, (self.directory / "output").read_text(encoding="utf-8", errors="replace"), result

    def test_the_archive(self):
        self.assertEqual(sorted(self.names), ["COPYING.txt", "README.txt", "alpc_conformance.exe"])
        page = (self.directory / "README.txt").read_bytes()
        self.assertEqual(page.count(b"\n"), page.count(b"\r\n"))
        for option in ("--output", "--filter", "--limit", "--format"):
            self.assertIn(option.encode(), page)

    def test_it_needs_nothing_that_windows_7_lacks(self):
        allowed = allowed_imports()
        for library, names in imports_of(self.program).items():
            self.assertIn(library.lower(), allowed, "the program needs a DLL that is not the system's")
            here = allowed[library.lower()]
            unknown = sorted(names - here) if "*" not in here else []
            self.assertEqual(unknown, [], f"is {library} of Windows 7 known to have these? Then add them to "
                             "conformance/windows7_functions.txt; else look them up with GetProcAddress")

    def test_a_wine_without_the_calls(self):
        status, output, result = self.run_there(
            WINE, "alpc_conformance.exe", "--filter=Layout.*:Connect.*:LpcConnect.*:EventPairs.*:Helpers.*")
        self.assertEqual(status, 0, output)
        self.assertEqual((result["system"]["kind"], result["system"]["layer"]), ("Wine", "ntdll"))
        self.assertGreater(result["system"]["build"], 0)
        self.assertRegex(result["system"]["wine_version"], r"^\d+\.")
        self.assertEqual(set(result["entry_points"].values()), {False})
        outcomes = {}
        for test in result["tests"]:
            suite = test["test"].split(".")[0]
            outcomes.setdefault("Layout" if suite == "Layout" else "others", set()).add(test["outcome"])
        self.assertEqual(outcomes, {"Layout": {"passed"}, "others": {"not supported here"}})
        self.assertGreater(len(result["tests"]), 80)
        self.assertRegex(output, r"not supported here Connect\.NameThatDoesNotExist \(N01, high\): "
                                 "NtAlpcConnectPort is missing here")

    def test_every_way_to_end_is_a_result(self):
        probe = BUILD.resolve() / "conformance/pe/conformance_probe.exe"
        status, output, result = self.run_there(os.path.abspath(ALPCRUN), probe, "--limit=5")
        self.assertEqual(status, 1, output)
        tests = {test["test"].removeprefix("Probe."): test for test in result["tests"]}
        self.assertEqual({name: test["outcome"] for name, test in tests.items()}, {
            "Passes": "passed", "Fails": "failed", "IsSkipped": "skipped", "HasNoSuchCall": "not supported here",
            "Crashes": "crashed", "Exits": "crashed", "Hangs": "hung", "HasThreads": "passed"}, output)
        self.assertEqual(tests["Crashes"]["reason"], "exception 0xc0000005")
        self.assertEqual((result["system"]["kind"], result["system"]["layer"]), ("Wine", "ntdll_alpc"))

    def test_through_alpcrun_the_calls_are_there(self):
        status, output, result = self.run_there(os.path.abspath(ALPCRUN), self.program, "--filter=Connect.*")
        self.assertEqual(status, 0, output)
        self.assertEqual({test["outcome"] for test in result["tests"]}, {"passed"})
        self.assertEqual(set(result["entry_points"].values()), {True})


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
