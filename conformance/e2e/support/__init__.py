# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the end-to-end tests written in Python share: programs with a time limit, puppets, the server's counts."""
