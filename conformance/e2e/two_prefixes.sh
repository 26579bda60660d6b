# SPDX-License-Identifier: LGPL-2.1-or-later
# A port of one prefix is not there in another.
. "$SOURCE_DIR/conformance/e2e/functions"

start server env WINEPREFIX="$work/other-prefix" $samples/native_server
server=$started
wait_for server 'ready on'
run_client client "$ALPCRUN" $samples/echo_client.exe
test "$status" -eq 1 || fail "the client's exit status is $status"
expect client 'cannot connect: status c0000034'
kill "$server"
wait "$server"
WINEPREFIX="$work/other-prefix" "$ALPCSERVER" -k
