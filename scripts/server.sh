# shellcheck shell=bash disable=SC2154
# A throw-away server. Sourced after postgres.sh, not run.

# server_in TEMPLATE PROGRAM…: finds these programs, and makes a directory for a server that ends, and goes, with the
# script. Sets bindir, work (the directory), server (the server's own part of it) and data; takes the user's PG* variables away.
server_in() {
    local template=$1 found name
    shift
    found=$(postgres_with initdb postgres pg_ctl "$@")
    work=$(mktemp -d "$template")
    leftovers+=("$work")
    trap 'stop_server; clean_up' EXIT
    trap 'exit 130' INT TERM HUP
    within_reach "$found"
    chmod 711 "$work"
    server=$work/server
    data=$server/data
    mkdir -m 755 "$server"
    own "$server"
    while read -r name; do unset "$name"; done < <(compgen -e PG | grep -v '^PGSEQFIX_' || true)
}

# own FILE…: gives it to the server's account.
own() {
    [ "$(id -u)" -ne 0 ] || chown "$(server_account)" "$@"
}

# create_server [OPTION…]: options are those of initdb.
create_server() {
    as_server_account "$bindir/initdb" -U postgres -E UTF8 --locale=C --no-sync -D "$data" "$@" >/dev/null
}

# run_server [OPTION…]: options are those of postgres, as one text; its socket is in its own directory.
run_server() {
    as_server_account "$bindir/pg_ctl" start -w -t 120 -D "$data" -l "$server/log" -o "-k $server $*" >/dev/null ||
        fail "the server did not start: $(cat "$server/log")"
}

stop_server() {
    [ ! -e "$data/postmaster.pid" ] ||
        as_server_account "$bindir/pg_ctl" stop -m immediate -D "$data" >/dev/null 2>&1 || true
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
