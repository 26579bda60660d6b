#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A sample of `make check-faults`: each party of each conversation struck at some of its steps.
exec "${BUILD_DIR:-.}/conformance/native/fault_check" --every=29
