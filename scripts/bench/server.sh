# shellcheck shell=bash
# A throw-away server with PostgreSQL's default settings (fsync included), for what is measured. Sourced, not run:
# sets root, program, work, bindir and client (psql itself, not a wrapper), and the PG* variables of its clients.
#
# PGSEQFIX_BENCH_PROGRAM  names a pgseqfix that is built already
# PGSEQFIX_BENCH_MAJOR    fetches the server of that major version instead of taking the machine's own

# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/../postgres.sh"
# shellcheck source=scripts/bench/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/program.sh"

stop_server() {
    [ ! -e "$work/data/postmaster.pid" ] ||
        as_server_account "$bindir/pg_ctl" stop -m immediate -D "$work/data" >/dev/null 2>&1 || true
    clean_up
}

# start_server [OPTION…]: options are postgres' own.
start_server() {
    local found
    client=$(postgres_with psql)/psql
    if [ -n "${PGSEQFIX_BENCH_MAJOR:-}" ]; then
        fetch_major "$PGSEQFIX_BENCH_MAJOR"
        found=$servers/$PGSEQFIX_BENCH_MAJOR/native/bin
    else
        found=$(postgres_with initdb postgres pg_ctl psql)
    fi
    # A socket's path must be short; and not in /tmp, which can be memory.
    work=$(mktemp -d /var/tmp/pgseqfix-bench.XXXXXX)
    leftovers+=("$work")
    trap stop_server EXIT
    trap 'exit 130' INT TERM HUP
    within_reach "$found"
    [ "$(id -u)" -ne 0 ] || chown "$(server_account)" "$work"
    as_server_account "$bindir/initdb" -A trust -U postgres -E UTF8 --locale=C --no-sync -D "$work/data" >/dev/null
    as_server_account "$bindir/pg_ctl" start -w -t 120 -D "$work/data" -l "$work/log" \
        -o "-k $work -c listen_addresses=127.0.0.1 -c port=$(free_port) $*" >/dev/null ||
        fail "the server did not start: $(cat "$work/log")"
    while read -r name; do unset "$name"; done < <(compgen -e PG | grep -v '^PGSEQFIX_' || true)
    PGPORT=$(sed -n 4p "$work/data/postmaster.pid")
    export PGHOST=$work PGPORT PGUSER=postgres PGDATABASE=postgres PSQLRC=/dev/null
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# tables DATABASE COUNT SCHEMAS: that many tables, serial primary key, 50 to 100 rows each, every sequence behind.
tables() {
    "$client" -qX -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE $1"
    {
        # Not vacuumed while it is measured, and not measured while it is vacuumed.
        echo "ALTER DATABASE $1 SET synchronous_commit = off; \\connect $1"
        echo "SELECT format('CREATE SCHEMA s%s', g) FROM generate_series(1, $3) AS g \\gexec"
        # A few hundred in a transaction: the lock table has no room for more.
        echo "SELECT format('DO \$do\$ BEGIN FOR number IN %s..%s LOOP
                EXECUTE format(\$sql\$CREATE TABLE s%%s.t%%s (id serial PRIMARY KEY, note text)\$sql\$, number %% $3 + 1, number);
                EXECUTE format(\$sql\$INSERT INTO s%%s.t%%s SELECT g, repeat(''x'', 20) FROM generate_series(1, %%s) AS g\$sql\$,
                    number %% $3 + 1, number, 50 + number %% 51);
            END LOOP; END \$do\$', g, least(g + 199, $2)) FROM generate_series(1, $2, 200) AS g \\gexec"
        echo "VACUUM ANALYZE; CHECKPOINT; ALTER DATABASE $1 RESET synchronous_commit;"
    } | "$client" -qX -v ON_ERROR_STOP=1 -d postgres >/dev/null
}

# seconds COMMAND…: how long it takes; its output goes to $work/told, what it complains of to $work/complained.
seconds() {
    local started=$EPOCHREALTIME ended status=0
    "$@" >"$work/told" 2>"$work/complained" || status=$?
    ended=$EPOCHREALTIME
    [ "$status" -le "${most_status:-0}" ] || fail "$* ended with $status: $(tail -3 "$work/complained")"
    awk -v from="$started" -v to="$ended" 'BEGIN { printf "%.3f\n", to - from }'
}

# spread: least, middle and greatest of the numbers on standard input.
spread() {
    sort -g | awk '{ all[NR] = $1 } END { printf "%.3f %.3f %.3f\n", all[1], NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2, all[NR] }'
}

# compare ROUNDS NAME COMMAND NAME COMMAND…: runs them in turn, so that what disturbs one disturbs all, and prints least,
# middle and greatest seconds of each, and each one's middle as a multiple of that of the others. A command `before`
# that is defined runs before each, unmeasured.
compare() {
    local rounds=$1 round number
    shift
    local names=() commands=()
    while [ $# -gt 0 ]; do
        names+=("$1")
        commands+=("$2")
        shift 2
    done
    rm -f "$work"/times.*
    for ((round = 0; round < rounds; round++)); do
        for number in "${!commands[@]}"; do
            if declare -F before >/dev/null; then before; fi
            # shellcheck disable=SC2086  # a command is words
            seconds ${commands[number]} >>"$work/times.$number"
        done
    done
    printf '%-28s %9s %9s %9s' '' least middle greatest
    for name in "${names[@]}"; do printf ' %14s' "x $name"; done
    echo
    for number in "${!names[@]}"; do
        read -r least middle greatest < <(spread <"$work/times.$number")
        printf '%-28s %9s %9s %9s' "${names[number]}" "$least" "$middle" "$greatest"
        for other in "${!names[@]}"; do
            awk -v one="$middle" -v other="$(spread <"$work/times.$other" | cut -d' ' -f2)" 'BEGIN { printf " %14.2f", one / other }'
        done
        echo
    done
}

# script FILE: psql runs it over one connection.
script() {
    "$client" -XqAt -o /dev/null -f "$1"
}
