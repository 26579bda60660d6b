#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shows the whole path: two ordinary Windows programs that stock Wine cannot run, then the same two through alpcrun,
# then the client against a Linux program. The working directory is the build directory; WINE and WINESERVER name the
# installed Wine. Ends with a status other than zero when anything is not as expected.
set -u

samples=conformance/samples
time_limit=60 # seconds for each program and each thing waited for

fail() {
    echo "demo: $*" >&2
    exit 1
}

title() {
    printf '\n== %s ==\n\n' "$*"
}

# A private directory with a short path for sockets, so that the demo gets an alpcserver of its own.
work=$(mktemp -d /tmp/ntalpc-demo-XXXXXX) || fail "cannot make a directory in /tmp"
export XDG_RUNTIME_DIR="$work"
export WINEPREFIX="$PWD/demo-prefix"
export WINEDLLOVERRIDES='mscoree,mshtml='
export NTALPC_SERVER_BINARY="$PWD/server/alpcserver"
unset DISPLAY WINELOADER
server_process=

clean_up() {
    test -z "$server_process" || kill "$server_process" 2>/dev/null
    server/alpcserver -k 2>/dev/null
    "$WINESERVER" -k 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# wait_for FILE TEXT: until the line is in the file.
wait_for() {
    timeout "$time_limit" sh -c 'until grep -q "$2" "$1" 2>/dev/null; do sleep 0.05; done' wait "$1" "$2" ||
        fail "\"$2\" did not appear within $time_limit s in: $(cat "$1" 2>/dev/null)"
}

# expect FILE TEXT...: every text is in the file.
expect() {
    file=$1
    shift
    for text in "$@"; do
        grep -q "$text" "$file" || fail "expected \"$text\" in: $(cat "$file")"
    done
}

make_prefix() {
    test -f "$WINEPREFIX/system.reg" && return
    echo "(making a Wine prefix for the demo, once)"
    mkdir -p "$WINEPREFIX"
    WINEDEBUG=-all timeout 180 "$WINE" wineboot -i >"$work/prefix.log" 2>&1 ||
        fail "Wine cannot make a prefix in $WINEPREFIX: $(cat "$work/prefix.log")"
    "$WINESERVER" -w
}

run_under_stock_wine() {
    title "Stock Wine: the client, as it is"
    WINEDEBUG=fixme-all timeout "$time_limit" "$WINE" $samples/echo_client.exe >"$work/stock" 2>&1
    grep -m1 'unimplemented function' "$work/stock" ||
        fail "stock Wine should have aborted on the client, but: $(cat "$work/stock")"
    "$WINESERVER" -k
}

# converse SERVER-COMMAND...: starts it, waits until it is ready, runs the client, and prints what both said.
converse() {
    "$@" >"$work/server" 2>"$work/server.errors" &
    server_process=$!
    wait_for "$work/server" 'ready on'
    timeout "$time_limit" tools/alpcrun/alpcrun $samples/echo_client.exe >"$work/client" 2>"$work/client.errors" ||
        fail "the client failed: $(cat "$work/client" "$work/client.errors")"
    wait "$server_process" || fail "the server failed: $(cat "$work/server" "$work/server.errors")"
    server_process=
    tr -d '\r' <"$work/server"
    echo
    tr -d '\r' <"$work/client"
    expect "$work/client" 'the server says "welcome"' 'asked "three", got "echo of three"' 'client: done'
    expect "$work/server" 'hello, this is the client' 'request "one"' 'datagram "no answer needed"' \
        'the client has closed its port' 'server: done'
}

show_server_log() {
    title "What alpcserver saw"
    cat "$XDG_RUNTIME_DIR"/ntalpc/*/log
    expect "$(echo "$XDG_RUNTIME_DIR"/ntalpc/*/log)" 'ntalpc-demo'
}

make_prefix
run_under_stock_wine
server/alpcserver -d2 -p || fail "alpcserver does not start"
title "The same two programs through alpcrun"
converse timeout "$time_limit" tools/alpcrun/alpcrun $samples/echo_server.exe
title "The same client and a Linux program as the server"
converse timeout "$time_limit" $samples/native_server
show_server_log
echo
echo "demo: everything was as expected"
