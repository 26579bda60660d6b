# SPDX-License-Identifier: LGPL-2.1-or-later
# Two Windows programs in processes of their own: connection, requests, a datagram, the end.
. "$SOURCE_DIR/conformance/e2e/functions"

start server "$ALPCRUN" $samples/echo_server.exe
server=$started
wait_for server 'ready on'
run_client client "$ALPCRUN" $samples/echo_client.exe
test "$status" -eq 0 || fail "the client's exit status is $status"
expect client 'the server says "welcome"'
expect client 'asked "goodbye", got "echo of goodbye"'
ends_with 0 "$server"
expect server 'datagram "no answer needed"'
expect server 'the client has closed its port'
