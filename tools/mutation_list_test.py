# SPDX-License-Identifier: LGPL-2.1-or-later
"""That every fault of conformance/faults.toml can still be put into the source: a text that has gone would be noticed
only when somebody runs mutation_check. SOURCE_DIR says where the sources are."""

import os
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"]).resolve()


class MutationList(unittest.TestCase):
    def test_every_fault_applies(self):
        result = subprocess.run([sys.executable, SOURCE / "tools/mutation_check", "--source", SOURCE, "--list"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(len(result.stdout.splitlines()), 50)


if __name__ == "__main__":
    unittest.main()
