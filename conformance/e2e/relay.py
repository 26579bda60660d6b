# SPDX-License-Identifier: LGPL-2.1-or-later
"""alpcrun --relay and WINEDEBUG=+alpc: what they print of a program's calls, and that the program notices nothing."""

import re
import sys
import unittest

from support.case import ALPCRUN, BUILD, PROGRAMS, EndToEnd

# A server and a client in one process.
COMMANDS = b"""create relayed
connect nowhere sync 1000
connect relayed async 1000
receive listener 20000
accept
receive client 20000
datagram client hello
receive listener 20000
receive listener 0
exit 0
"""
LINE = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4} (Call|Ret ) (\w+)")


class Relay(EndToEnd):
    def run_puppet(self, *options, **environment):
        result = self.run_program(ALPCRUN, *options, PROGRAMS / "puppet.exe", input=COMMANDS,
                                  env=dict(self.environment, **environment))
        self.assertEqual(result.returncode, 0, result.stderr)
        said = re.sub(rb"(?m)^ready .*\r?\n| [0-9]+ [0-9]+ ", b"", result.stdout)  # without process ids
        return said, [line for line in result.stderr.decode().splitlines() if LINE.match(line) or ":alpc:" in line]

    def expect(self, lines, *patterns):
        for pattern in patterns:
            self.assertTrue(any(re.search(pattern, line) for line in lines), f"{pattern} in:\n" + "\n".join(lines))

    def test_calls_are_shown_and_results_stay(self):
        plain, channel = self.run_puppet(WINEDEBUG="+alpc")
        self.expect(channel, r"trace:alpc:\w+ NtAlpcConnectPort\(.*\) -> c0000034 STATUS_OBJECT_NAME_NOT_FOUND",
                    r"trace:alpc:\w+ NtAlpcCreatePort\(PortHandle=0x[0-9a-f]+, .*\) -> 00000000 STATUS_SUCCESS")
        traced, lines = self.run_puppet("--relay")
        self.assertEqual(traced, plain)
        self.expect(
            lines,
            r'Call NtAlpcCreatePort\(.*ObjectAttributes=\{Name="\\RPC Control\\relayed".*from puppet\.exe\+0x',
            r"Ret  NtAlpcCreatePort = STATUS_SUCCESS \(PortHandle=0x[0-9a-f]+\) after [0-9.]+ ms",
            r'Call NtAlpcConnectPort\(.*PortName="\\RPC Control\\nowhere".*Flags=ALPC_MSGFLG_SYNC_REQUEST, .*'
            r'Data="let me in".*Timeout=1000 ms',
            r"Ret  NtAlpcConnectPort = STATUS_OBJECT_NAME_NOT_FOUND",
            r"Ret  NtAlpcSendWaitReceivePort = STATUS_SUCCESS .*Type=LPC_CONNECTION_REQUEST.*Data=\"let me in\"",
            r"Call NtAlpcSendWaitReceivePort\(.*Flags=ALPC_MSGFLG_RELEASE_MESSAGE.*Data=\"hello\"",
            r"Ret  NtAlpcSendWaitReceivePort = STATUS_SUCCESS .*Type=LPC_DATAGRAM.*Data=\"hello\"",
            r"Ret  NtAlpcSendWaitReceivePort = STATUS_TIMEOUT")
        begun = [line for line in lines if " Call " in line]
        self.assertEqual(2 * len(begun), len(lines))

    def test_filters(self):
        file = self.directory / "a relay"
        self.run_puppet("--relay=nt*connect*,-*accept*", f"--relay-file={file}", "--relay-from=*.exe,-x*")
        lines = file.read_text().splitlines()
        self.assertEqual({LINE.match(line)[2] for line in lines}, {"NtAlpcConnectPort"})
        self.assertEqual(len(lines), 4)
        said, lines = self.run_puppet("--relay-from=rpcrt4.dll")
        self.assertIn(b"hello", said)
        self.assertEqual(lines, [])

    def test_a_file_that_cannot_be_written(self):
        result = self.run_program(ALPCRUN, "--relay-file=/nowhere/calls", PROGRAMS / "puppet.exe", input=COMMANDS)
        self.assertEqual((result.returncode, result.stdout), (125, b""))
        self.assertIn(b"cannot be written to '/nowhere/calls': No such file or directory", result.stderr)

    def test_procedures_and_exceptions_pass_through_calls(self):
        file = self.directory / "relay"
        result = self.run_program(ALPCRUN, f"--relay-file={file}", BUILD / "conformance/pe/alpc_conformance.exe",
                                  "--gtest_filter=AlertableWaits.*")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("STATUS_USER_APC", file.read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
