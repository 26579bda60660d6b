// SPDX-License-Identifier: LGPL-2.1-or-later
// What the build compiles once for all conformance tests (see "precompiled headers" in the makefile). Tests
// include what they use all the same.
#pragma once

#include <gtest/gtest.h>

#include "conformance/harness/lpc.h"
#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"
