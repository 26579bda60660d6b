# SPDX-License-Identifier: LGPL-2.1-or-later
# Legacy LPC between Windows programs: a server with three threads and two clients, each with a view and callbacks.
. "$SOURCE_DIR/conformance/e2e/functions"

start server "$ALPCRUN" $samples/lpc_server.exe 2
server=$started
wait_for server 'ready on'
start other_client "$ALPCRUN" $samples/lpc_client.exe
other_client=$started
run_client client "$ALPCRUN" $samples/lpc_client.exe
test "$status" -eq 0 || fail "the client's exit status is $status"
ends_with 0 "$other_client"
ends_with 0 "$server"
expect client '40000 bytes changed after a callback'
expect server '6 texts changed, 0 failures'
