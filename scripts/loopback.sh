# shellcheck shell=bash disable=SC2154
# A throw-away server on loopback, with a password, and the pgseqfix to be tried. Sourced after server.sh, not run.
#
# PGSEQFIX_TRY_PROGRAM names a pgseqfix that is built already.

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

# start TEMPLATE: the server, in a directory made after that; sets port and password.
start() {
    server_in "$1" psql
    PATH=$PATH:$bindir
    # Nothing of the user's own settings takes part.
    export PGSYSCONFDIR=$work PGPASSFILE=/dev/null
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s\n' "$password" >"$server/password")
    own "$server/password"
    create_server -A scram-sha-256 --pwfile "$server/password"
    port=$(free_port)
    run_server -c "port=$port" -c listen_addresses=127.0.0.1 -c fsync=off -c "log_line_prefix='%e %d '"
    say "$("$bindir/postgres" --version)"
}

# asked DATABASE SQL: as the server's superuser, and without a variable that anything else could pick up.
asked() {
    PGPASSWORD=$password "$bindir/psql" -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -d "$1" -c "$2"
}
