# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of other users, which only root can start."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from support.case import ALPCSERVER, BUILD, LIMIT, EndToEnd
from support.puppet import Puppet

ALICE, BOB = 12345, 65534


def need_other_users(test):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        test.skipTest("only root can become other users")


def as_user(user):
    """What a command of that user begins with."""
    return [shutil.which("setpriv"), f"--reuid={user}", f"--regid={user}", "--clear-groups"]


class OtherUsers(EndToEnd):
    def setUp(self):
        super().setUp()
        need_other_users(self)
        self.shared = None

    def share_library(self):
        """Makes the library and the native puppet readable for everybody, in a directory that everybody can reach."""
        shared = tempfile.TemporaryDirectory(dir="/tmp")
        self.addCleanup(shared.cleanup)
        self.shared = shared.name
        os.chmod(self.shared, 0o755)
        os.mkdir(f"{self.shared}/ntdll_alpc")
        shutil.copy(BUILD / "ntdll_alpc/libntalpc.so", f"{self.shared}/ntdll_alpc/libntalpc.so")
        shutil.copytree(pathlib.Path(__file__).resolve().parent, f"{self.shared}/support")

    def serve_all(self, *options, stderr=subprocess.DEVNULL):
        """Starts one server for all users, which the programs of this test use from now on."""
        self.share_library()
        self.environment["NTALPC_SYSTEM"] = f"{self.shared}/system"
        serving = self.start(ALPCSERVER, "--system", *options, stderr=stderr)
        self.addCleanup(serving.terminate)
        self.wait_until(lambda: os.path.exists(f"{self.shared}/system/socket"), "the server's socket is there")
        return serving

    def puppet_words(self, user):
        """The command of a native puppet of that user, and its environment."""
        command = [*as_user(user), sys.executable, f"{self.shared}/support/native_puppet.py"]
        return command, dict(self.environment, BUILD_DIR=self.shared)

    def puppet_of(self, user):
        command, environment = self.puppet_words(user)
        puppet = Puppet(self.start(*command, env=environment))
        puppet.expect_ready(LIMIT)
        return puppet
