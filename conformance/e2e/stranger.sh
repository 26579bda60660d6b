# SPDX-License-Identifier: LGPL-2.1-or-later
# A program that uses the legacy calls in all their variety and shares nothing with this project, not even headers.
. "$SOURCE_DIR/conformance/e2e/functions"

run_client stranger "$ALPCRUN" $programs/stranger.exe
test "$status" -eq 0 || fail "the exit status is $status"
expect stranger '^300 requests, 300 impersonations, 12 goodbyes, 12 dead threads, 12 closed ports, 0 failures'
