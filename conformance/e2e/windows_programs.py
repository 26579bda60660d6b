# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unmodified Windows programs under alpcrun: conversations of all kinds, inherited handles, and what a program has from
whoever starts it."""

import glob
import os
import pathlib
import shutil
import struct
import sys
import unittest

from support import statuses
from support.case import ALPCRUN, LIMIT, PROGRAMS, SAMPLES, EndToEnd, pairs_of_kinds


def program_header_of_i386():
    """The headers of a 32-bit console program with one empty section."""
    optional = bytearray(0xE0)
    for offset, layout, value in ((0, "<H", 0x10B), (28, "<I", 0x400000), (32, "<I", 0x1000), (36, "<I", 0x200),
                                  (56, "<I", 0x2000), (60, "<I", 0x200), (68, "<H", 3), (92, "<I", 16)):
        struct.pack_into(layout, optional, offset, value)
    coff = struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, len(optional), 0x102)
    section = struct.pack("<8sIIIIIIHHI", b".text", 0x1000, 0x1000, 0, 0, 0, 0, 0, 0, 0x60000020)
    headers = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x40) + b"PE\0\0" + coff + optional + section
    return headers.ljust(0x200, b"\0")


def wine_runs_32_bit_programs():
    return any(glob.glob(pattern) for pattern in (
        "/usr/lib/i386-linux-gnu/wine", "/usr/lib/wine/i386-*", "/usr/lib*/wine/i386-*", "/opt/wine*/lib*/wine/i386-*"))


class Conversations(EndToEnd):
    def test_each_kind_with_each_kind(self):
        for kinds in pairs_of_kinds():
            with self.subTest(server=kinds[0], client=kinds[1]):
                server, client = self.connect(*kinds)
                client.tell("request question 20000")
                request = server.ask("receive listener 20000")
                self.assertEqual((request.kind, request.text, request.process),
                                 (statuses.REQUEST, "question", client.id))
                self.assertEqual(server.ask("reply answer").status, statuses.SUCCESS)
                reply = client.answer()
                self.assertEqual((reply.status, reply.kind, reply.text), (statuses.SUCCESS, statuses.REPLY, "answer"))
                self.assertEqual(server.ask("datagram server news").status, statuses.SUCCESS)
                news = client.ask("receive client 20000")
                self.assertEqual((news.kind, news.text, news.process), (statuses.DATAGRAM, "news", server.id))
                self.assertEqual(client.end(), 0)
                self.assertEqual(server.ask("receive listener 20000").kind, statuses.PORT_CLOSED)
                self.assertEqual(server.end(), 0)
                self.wait_for_no_objects()

    def test_a_refusal(self):
        for kinds in pairs_of_kinds()[1:3]:
            server, client = self.puppet(kinds[0]), self.puppet(kinds[1])
            self.assertEqual(server.ask("create refuser").status, statuses.SUCCESS)
            client.tell("connect refuser sync 20000")
            self.assertEqual(server.ask("receive listener 20000").kind, statuses.CONNECTION_REQUEST)
            self.assertEqual(server.ask("refuse").status, statuses.SUCCESS)
            self.assertEqual(client.answer().status, statuses.CONNECTION_REFUSED)
            self.assertEqual([server.end(), client.end()], [0, 0])
            self.wait_for_no_objects()

    def run_against_samples(self, server_command, *client_command):
        said = self.directory / "said"
        with open(said, "wb") as output:
            server = self.start(*server_command, stdout=output)
        self.wait_until(lambda: "ready on" in said.read_text(), "the server is ready")
        client = self.run_program(*client_command)
        self.assertEqual(client.returncode, 0, client)
        self.assertEqual(server.wait(timeout=LIMIT), 0)
        return said.read_text(), client.stdout.decode()

    def test_programs_that_import_the_calls(self):
        for server in ([ALPCRUN, SAMPLES / "echo_server.exe"], [SAMPLES / "native_server"]):
            said, heard = self.run_against_samples(server, ALPCRUN, SAMPLES / "echo_client.exe")
            self.assertIn('asked "goodbye", got "echo of goodbye"', heard)
            self.assertIn('datagram "no answer needed"', said)
            self.wait_for_no_objects()

    def test_a_child_uses_the_handles_of_its_parent(self):
        said, heard = self.run_against_samples([SAMPLES / "native_server"], ALPCRUN, PROGRAMS / "heir.exe")
        for text in ("inherited", "marked", "given", "after a close"):
            self.assertIn(f'{text}: status 00000000, "echo of {text}"', heard)
        self.assertIn("the child ended with 0", heard)
        # The connection ends with its last handle, which the child had, and not before.
        self.assertLess(said.index('request "after a close"'), said.index("the client has closed its port"))
        self.wait_for_no_objects()


class PlainPrograms(EndToEnd):
    def test_streams_arguments_and_exit_code_are_the_programs_own(self):
        result = self.run_program(ALPCRUN, PROGRAMS / "plain_program.exe", "two words", "-x", input=b"a line\n")
        self.assertEqual(result.returncode, 7)
        self.assertEqual(result.stdout.decode().splitlines(), [
            "argument: two words", "argument: -x", "input: a line", "ntdll_alpc is not loaded"])
        self.assertIn(b"a line of errors", result.stderr)

    def test_paths_with_spaces_and_other_letters(self):
        folder = self.directory / "sp ace \u00e4\u20ac \u0434"
        folder.mkdir()
        shutil.copy(PROGRAMS / "plain_program.exe", folder / "pr\u00f6gram 1.exe")
        environment = dict(self.environment, LC_ALL="C.UTF-8")
        absolute = self.run_program(ALPCRUN, folder / "pr\u00f6gram 1.exe", env=environment)
        relative = self.run_program(os.path.abspath(ALPCRUN), "pr\u00f6gram 1.exe", env=environment, cwd=folder)
        self.assertEqual([absolute.returncode, relative.returncode], [7, 7], [absolute, relative])

    def mapped_files(self, process):
        return pathlib.Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")

    def test_only_programs_with_the_calls_have_the_layer(self):
        plain = self.start(ALPCRUN, PROGRAMS / "plain_program.exe")
        self.wait_until(lambda: "plain_program.exe" in self.mapped_files(plain), "the program is loaded")
        self.wait_until(lambda: "msvcrt" in self.mapped_files(plain), "its libraries are loaded")
        self.assertNotIn("ntdll_alpc", self.mapped_files(plain))
        puppet = self.puppet("windows")
        self.assertIn("ntdll_alpc", self.mapped_files(puppet.process))
        plain.stdin.write(b"go on\n")
        plain.stdin.flush()
        self.assertEqual(plain.wait(timeout=LIMIT), 7)

    @unittest.skipIf(wine_runs_32_bit_programs(), "the installed Wine runs 32-bit programs")
    def test_a_32_bit_program_gives_one_sentence(self):
        program = self.directory / "old.exe"
        program.write_bytes(program_header_of_i386())
        result = self.run_program(ALPCRUN, program)
        self.assertIn(b"is a 32-bit program", result.stderr)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
