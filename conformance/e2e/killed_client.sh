# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of a client that waits for a message: the server is told that the port is closed.
. "$SOURCE_DIR/conformance/e2e/functions"

start server "$ALPCRUN" $samples/echo_server.exe
server=$started
wait_for server 'ready on'
start client "$ALPCRUN" $programs/patient_client.exe
client=$started
wait_for client 'connected'
kill -9 "$client"
wait_for server 'the client has closed its port'
ends_with 0 "$server"
