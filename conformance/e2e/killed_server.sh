# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of a server that has taken a request: the client's call ends with an error and does not wait for ever.
. "$SOURCE_DIR/conformance/e2e/functions"

start server "$ALPCRUN" $programs/silent_server.exe
server=$started
wait_for server 'ready on'
start client "$ALPCRUN" $samples/echo_client.exe
client=$started
wait_for server 'holding request'
kill -9 "$server"
ends_with 1 "$client"
expect client 'the request failed: status c0'
