# SPDX-License-Identifier: LGPL-2.1-or-later
"""That --help, manual and completion of each tool speak of the same things. Runs in the build directory; SOURCE_DIR
says where the sources are."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"]).resolve()
TOOLS = {name: pathlib.Path(f"tools/{name}/{name}").resolve() for name in ("alpcctl", "alpcrun", "alpctrace")}
TOOLS["alpcserver"] = pathlib.Path("server/alpcserver").resolve()
WITH_COMMANDS = ["alpcctl", "alpctrace"]
OPTION = re.compile(r"(?<![\w=-])--?[a-z][a-z-]*")
LINES_OF_A_SCREEN = 50


def help_of(tool):
    return subprocess.run([TOOLS[tool], "--help"], check=True, text=True, stdout=subprocess.PIPE).stdout


def commands_of(tool):
    listing = help_of(tool).split("Commands:\n")[1].split("\n\n")[0]
    return set(re.findall(r"(?m)^  ([a-z][a-z-]*)", listing))


def manual_of(tool):
    """Without the mark-up that could stand in a word, and without words of other programs."""
    text = (SOURCE / f"doc/man/{tool}.1").read_text(encoding="utf-8")
    text = re.sub(r'\\f[BIR]|"', "", text.replace("\\-", "-"))
    return re.sub(r"(?m)^\.\\.*|^jq .*|^\.nf(.|\n)*?^\.fi", "", text)


def complete(tool, *words):
    script = (f'source "{SOURCE}/tools/completion/ntalpc.bash"; PATH="{TOOLS[tool].parent}:$PATH"; COMP_WORDS=("$@"); '
              'COMP_CWORD=$(($# - 1)); '
              '$(complete -p "$1" | sed "s/.*-F \\([^ ]*\\).*/\\1/") "$1"; printf "%s\\n" "${COMPREPLY[@]}"')
    result = subprocess.run(["bash", "-c", script, "bash", tool, *words], check=True, text=True, stdout=subprocess.PIPE)
    return set(result.stdout.split())


class Manual(unittest.TestCase):
    def test_options(self):
        for tool in TOOLS:
            with self.subTest(tool=tool):
                self.assertEqual(set(OPTION.findall(help_of(tool))), set(OPTION.findall(manual_of(tool))))

    def test_commands(self):
        for tool in WITH_COMMANDS:
            with self.subTest(tool=tool):
                section = manual_of(tool).split(".SH COMMANDS\n")[1].split(".SH ")[0]
                self.assertEqual(commands_of(tool), set(re.findall(r"(?m)^\.TP\n\.BR? ([a-z-]+)", section)))

    def test_limits(self):
        """The table of doc/limits.md has every limit with its default. Some follow from the limit on open files."""
        page = (SOURCE / "doc/limits.md").read_text(encoding="utf-8")
        documented = {}
        for name, process, user in re.findall(r"(?m)^\| `([a-z-]+)` \| [a-z]+ \| ([^ |]*) ?\| ([^ |]*) ?\|", page):
            documented.update({f"process.{name}": process, f"user.{name}": user})
        shown = subprocess.run([TOOLS["alpcserver"], "--system", "--limits=/dev/null", "--show-limits"], check=True,
                               text=True, stdout=subprocess.PIPE).stdout
        built_in = dict(re.findall(r"(?m)^(\S+) = (\S+)$", shown))
        self.assertEqual({name for name in documented if documented[name]}, set(built_in))
        manual = manual_of("alpcserver")
        for name, value in built_in.items():
            self.assertIn(name.split(".")[1], manual)
            if not name.endswith((".objects", ".descriptors")):
                self.assertEqual(documented[name], value, name)

    def test_help_fits_a_screen(self):
        for tool in TOOLS:
            with self.subTest(tool=tool):
                lines = help_of(tool).splitlines()
                self.assertLessEqual(len(lines), LINES_OF_A_SCREEN)
                self.assertLessEqual(max(map(len, lines)), 115)

    def test_completion(self):
        for tool in WITH_COMMANDS:
            with self.subTest(tool=tool):
                self.assertEqual(complete(tool, ""), commands_of(tool) | {"--help", "--version"})
        self.assertEqual(complete("alpcctl", "kill"), {"kill-connection"})
        self.assertIn("--payload", complete("alpctrace", "record", "--p"))
        self.assertIn("--port=", complete("alpctrace", "show", "--p"))
        self.assertEqual(complete("alpcrun", "--rebuild"), {"--rebuild-overlay"})
        self.assertIn("--system", complete("alpcserver", "--s"))
        self.assertEqual(complete("alpcrun", "pro"), set())


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
