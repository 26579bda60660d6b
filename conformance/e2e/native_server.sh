# SPDX-License-Identifier: LGPL-2.1-or-later
# A Windows program is the client of a Linux program.
. "$SOURCE_DIR/conformance/e2e/functions"

start server $samples/native_server
server=$started
wait_for server 'ready on'
run_client client "$ALPCRUN" $samples/echo_client.exe
test "$status" -eq 0 || fail "the client's exit status is $status"
expect client 'asked "goodbye", got "echo of goodbye"'
ends_with 0 "$server"
expect server 'the client has closed its port'
