# SPDX-License-Identifier: LGPL-2.1-or-later
# A program that uses none of the calls: arguments, standard streams and exit code pass through, and nothing of ours
# is loaded into it.
. "$SOURCE_DIR/conformance/e2e/functions"

printf 'a line of input\n' >"$work/input"
timeout "$time_limit" "$ALPCRUN" $programs/plain_program.exe 'two words' -x <"$work/input" >"$work/output" 2>"$work/errors"
status=$?
test "$status" -eq 7 || fail "exit status $status instead of 7"
expect output 'argument: two words'
expect output 'argument: -x'
expect output 'input: a line of input'
expect output 'ntdll_alpc is not loaded'
expect errors 'a line of errors'
