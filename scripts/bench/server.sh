# shellcheck shell=bash disable=SC2119
# A throw-away server with PostgreSQL's default settings (fsync included), for what is measured. Sourced, not run:
# sets root, program, work, bindir and client (psql itself, not a wrapper), and the PG* variables of its clients.
#
# PGSEQFIX_BENCH_PROGRAM  names a pgseqfix that is built already
# PGSEQFIX_BENCH_DIRECTORY where the server's files go, /var/tmp by default: the file system is part of what is measured
# PGSEQFIX_BENCH_MAJOR    fetches the server of that major version instead of taking the machine's own

# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/../postgres.sh"
# shellcheck source=scripts/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/../server.sh"
# shellcheck source=scripts/bench/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/program.sh"

# start_server [OPTION…]: options are postgres' own.
start_server() {
    client=$(postgres_with psql)/psql
    # A socket's path must be short; and not in /tmp, which can be memory.
    server_in "${PGSEQFIX_BENCH_DIRECTORY:-/var/tmp}/pgseqfix-bench.XXXXXX" psql
    if [ -n "${PGSEQFIX_BENCH_MAJOR:-}" ]; then
        fetch_major "$PGSEQFIX_BENCH_MAJOR"
        within_reach "$servers/$PGSEQFIX_BENCH_MAJOR/native/bin"
    fi
    create_server -A trust
    PGPORT=$(free_port)
    export PGHOST=$server PGPORT PGUSER=postgres PGDATABASE=postgres PSQLRC=/dev/null
    run_for_clients "$@"
}

run_for_clients() {
    run_server -c listen_addresses=127.0.0.1 -c "port=$PGPORT" "$@"
}

# restart_server [OPTION…]: with these options and no others; waits until all that was loaded is on disk.
restart_server() {
    as_server_account "$bindir/pg_ctl" stop -w -t 600 -m fast -D "$data" >/dev/null
    sync
    run_for_clients "$@"
}

# creating FROM TO SCHEMAS ROWS: statements for those tables: a serial primary key, so many rows each (an expression over
# `number`), every sequence behind. A few hundred in a transaction: the lock table has no room for more.
creating() {
    local from
    for ((from = $1; from <= $2; from += 200)); do
        echo "DO \$do\$ BEGIN FOR number IN $from..$((from + 199 < $2 ? from + 199 : $2)) LOOP
            EXECUTE format('CREATE TABLE s%s.t%s (id serial PRIMARY KEY, note text)', number % $3 + 1, number);
            EXECUTE format('INSERT INTO s%s.t%s SELECT g, repeat(''x'', 20) FROM generate_series(1, %s) AS g',
                number % $3 + 1, number, $4);
        END LOOP; END \$do\$;"
    done
}

# with_schemas DATABASE COUNT: a new database with so many schemas.
with_schemas() {
    "$client" -qX -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE $1"
    echo "SELECT format('CREATE SCHEMA s%s', g) FROM generate_series(1, $2) AS g \\gexec" |
        "$client" -qX -v ON_ERROR_STOP=1 -d "$1" >/dev/null
}

# tables DATABASE COUNT SCHEMAS: that many tables, 50 to 100 rows each.
tables() {
    with_schemas "$1" "$3"
    {
        echo 'SET synchronous_commit = off;'
        creating 1 "$2" "$3" '50 + number % 51'
        # Not vacuumed while it is measured, and not measured while it is vacuumed.
        echo 'VACUUM ANALYZE; CHECKPOINT;'
    } | "$client" -qX -v ON_ERROR_STOP=1 -d "$1" >/dev/null
}

# many_tables DATABASE COUNT SCHEMAS: the same for a hundred thousand. 50 rows each leave autovacuum nothing to do, and
# a session that creates more than some thousands grows.
many_tables() {
    local from step=2000
    with_schemas "$1" "$3"
    for ((from = 1; from <= $2; from += step)); do
        [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
        {
            echo 'SET synchronous_commit = off;'
            creating $from $((from + step - 1 < $2 ? from + step - 1 : $2)) "$3" 50
        } | "$client" -qX -v ON_ERROR_STOP=1 -d "$1" >/dev/null &
    done
    wait
    echo "SELECT format('VACUUM ANALYZE pg_catalog.%I', relname) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace \gexec" |
        "$client" -qX -v ON_ERROR_STOP=1 -d "$1" >/dev/null
}

# partitions DATABASE COUNT: a table with so many partitions, each with rows and its index, its sequence behind.
partitions() {
    local from
    {
        echo 'SET synchronous_commit = off;
            CREATE TABLE s1.tree (id serial, part int, note text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);'
        # Each is locked with all that were made before it in its transaction.
        for ((from = 1; from <= $2; from += 200)); do
            echo "DO \$do\$ BEGIN FOR number IN $from..$((from + 199 < $2 ? from + 199 : $2)) LOOP
                EXECUTE format('CREATE TABLE s1.tree_%s (id int NOT NULL DEFAULT nextval(''s1.tree_id_seq''), part int NOT NULL,
                    note text, PRIMARY KEY (id, part))', number);
                EXECUTE format('INSERT INTO s1.tree_%s SELECT g, %s FROM generate_series(1, 50) AS g', number, number);
                EXECUTE format('ALTER TABLE s1.tree ATTACH PARTITION s1.tree_%s FOR VALUES IN (%s)', number, number);
            END LOOP; END \$do\$;"
        done
    } | "$client" -qX -v ON_ERROR_STOP=1 -d "$1" >/dev/null
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
