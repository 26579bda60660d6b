# SPDX-License-Identifier: LGPL-2.1-or-later
# A server process acts as its client: its token, Wine's objects and other ports follow.
. "$SOURCE_DIR/conformance/e2e/functions"

run_client impersonation "$ALPCRUN" $programs/impersonation.exe
test "$status" -eq 0 || fail "the exit status is $status"
expect impersonation '^server: [0-9]* checks, 0 failures'
expect impersonation '^client: [0-9]* checks, 0 failures'
