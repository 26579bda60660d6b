# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that takes its messages from a completion list: no message is lost, many connections, no idle work."""

import sys
import unittest

from support.case import ALPCRUN, SAMPLES
from support.counting import DATAGRAMS, NATIVE_CLIENT, WINDOWS_CLIENT, CountingServers


class ServerWithCompletionList(CountingServers):
    servers = {
        "native": ([SAMPLES / "native_list_server"], [], NATIVE_CLIENT),
        "windows": ([ALPCRUN, SAMPLES / "list_server.exe"], [], WINDOWS_CLIENT),
    }

    def test_many_clients_lose_nothing(self):
        self.check_that_nothing_is_lost(DATAGRAMS)

    def test_a_thousand_connections(self):
        self.check_a_thousand_connections()

    def test_idle_ones_do_nothing(self):
        self.check_that_idle_ones_do_nothing()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
