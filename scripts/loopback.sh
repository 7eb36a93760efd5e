# shellcheck shell=bash disable=SC2154
# A throw-away server on loopback, with a password, and the pgseqfix to be tried. Sourced after postgres.sh, not run.
# The script sets work to a directory of its own; it goes, with the server, when the script ends.
#
# PGSEQFIX_TRY_PROGRAM names a pgseqfix that is built already.

stop() {
    [ ! -e "$work/server/data/postmaster.pid" ] ||
        as_server_account "$bindir/pg_ctl" stop -m immediate -D "$work/server/data" >/dev/null 2>&1 || true
    clean_up
}

# find_program: puts pgseqfix on the PATH.
find_program() {
    local program=${PGSEQFIX_TRY_PROGRAM:-} target
    if [ -z "$program" ]; then
        command -v cargo >/dev/null || fail "found no cargo: install Rust, see https://rustup.rs"
        say "building"
        (cd "$root" && cargo build --quiet --locked)
        target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked |
            sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
        program=$target/debug/pgseqfix
    fi
    PATH=$(cd "$(dirname "$program")" && pwd):$PATH
}

# start: sets port and password. A port that is taken is not the last.
start() {
    local attempt found name
    leftovers+=("$work")
    trap stop EXIT
    trap 'exit 130' INT TERM HUP
    found=$(postgres_with initdb postgres pg_ctl psql)
    within_reach "$found"
    PATH=$PATH:$bindir
    # Nothing of the user's own settings takes part.
    while read -r name; do unset "$name"; done < <(compgen -e PG || true)
    export PGSYSCONFDIR=$work PGPASSFILE=/dev/null
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    chmod 711 "$work"
    mkdir "$work/server"
    chmod 700 "$work/server"
    printf '%s\n' "$password" >"$work/server/password"
    [ "$(id -u)" -ne 0 ] || chown -R "$(server_account)" "$work/server"
    as_server_account "$bindir/initdb" -A scram-sha-256 --pwfile "$work/server/password" -U postgres -E UTF8 --locale=C \
        --no-sync -D "$work/server/data" >/dev/null
    for attempt in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        if as_server_account "$bindir/pg_ctl" start -w -D "$work/server/data" -l "$work/server/log" \
            -o "-p $port -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c log_line_prefix='%e %d '" >/dev/null 2>&1; then
            say "$("$bindir/postgres" --version), $(pgseqfix --version)"
            return
        fi
    done
    fail "the server did not start in $attempt attempts: $(cat "$work/server/log")"
}

# asked DATABASE SQL: as the server's superuser, and without a variable that anything else could pick up.
asked() {
    PGPASSWORD=$password "$bindir/psql" -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -d "$1" -c "$2"
}
