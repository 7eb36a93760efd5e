# shellcheck shell=bash
# What the scripts that package have in common. Sourced, not run: sets root, packages, number and told.

# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/../postgres.sh"
# shellcheck source=scripts/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/../server.sh"
me=scripts/package/$(basename "$0")
packages=$root/target/package
command -v cargo >/dev/null || fail "found no cargo: install Rust, see https://rustup.rs"

number=$(sed -n '/^\[package\]/,/^\[dep/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")

# What --version has to say of a program that is built from here.
told="pgseqfix $number"
if noted=$(grep -o '"sha1": "[0-9a-f]\{9\}' "$root/.cargo_vcs_info.json" 2>/dev/null); then
    ! grep -q '"dirty": true' "$root/.cargo_vcs_info.json" || noted+=+changes
    told+=" (${noted#*: \"})"
elif [ -e "$root/.git" ]; then
    changes=
    [ -z "$(git -C "$root" status --porcelain -- src Cargo.toml Cargo.lock)" ] || changes=+changes
    told+=" ($(git -C "$root" log -1 --abbrev=9 --date=short --format="%h$changes %cd"))"
fi

# Whatever the user's configuration says.
export CARGO_TARGET_DIR=$root/target

# build ARGUMENT…: a release.
build() {
    (cd "$root" && nice cargo build --release --locked --quiet "$@")
}

# for_static: sets target, and what cargo has to know in the environment, for a program that is linked statically: with
# musl's C library where Rust has it, else with the machine's own. What that costs is in scripts/README.md.
for_static() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    target=${host/%-gnu/-musl}
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
        target=$host
        export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
    elif [ "$target" != "$host" ]; then
        command -v musl-gcc >/dev/null || fail "found no musl-gcc (Debian: apt-get install musl-tools)"
        # For the parts in C; as a linker it makes programs that crash.
        export "CC_${target//-/_}=musl-gcc"
    fi
}

# staged DIRECTORY: makes it, empty, in target/package.
staged() {
    local directory=$packages/$1
    rm -rf "$directory"
    mkdir -p "$directory"
    echo "$directory"
}

# ship PROGRAM SHARE: generates what is shipped beside the program, where shells and man look below SHARE.
ship() {
    local program=$1 share=$2 command
    mkdir -p "$share"/{man/man1,bash-completion/completions,zsh/"$3",fish/vendor_completions.d}
    "$program" --generate bash >"$share/bash-completion/completions/pgseqfix"
    "$program" --generate zsh >"$share/zsh/$3/_pgseqfix"
    "$program" --generate fish >"$share/fish/vendor_completions.d/pgseqfix.fish"
    "$program" --generate man >"$share/man/man1/pgseqfix.1"
    for command in scan fix explain; do
        "$program" --generate "man-$command" >"$share/man/man1/pgseqfix-$command.1"
    done
}

# tells_version COMMAND…: insists that this pgseqfix is of this commit.
tells_version() {
    local version
    version=$("$@" --version) || fail "this does not run: $* --version"
    [ "$version" = "$told" ] || fail "$* --version says '$version', not '$told'"
}

# in_root DIRECTORY COMMAND…: runs it where it sees nothing but this directory, and without our environment.
in_root() {
    local directory=$1 ours=()
    shift
    [ "$(id -u)" -eq 0 ] || ours=(--map-root-user)
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare "${ours[@]}" --root="$directory" --wd=/ -- "$@"
}

# start_shop: a throw-away server with TLS on localhost, and in its database `shop` one sequence that is behind.
start_shop() {
    command -v openssl >/dev/null || fail "found no openssl to make a certificate"
    server_in /tmp/pgseqfix-package.XXXXXX psql
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$work/key" -out "$work/certificate" 2>/dev/null
    chmod 600 "$work/key"
    own "$work/key"
    port=$(free_port)
    create_server -A trust
    run_server -c "port=$port" -c listen_addresses=127.0.0.1 -c fsync=off \
        -c ssl=on -c "ssl_cert_file=$work/certificate" -c "ssl_key_file=$work/key"
    as_server_account "$bindir/psql" -q -X -v ON_ERROR_STOP=1 -h "$server" -p "$port" -U postgres -d postgres \
        -c 'CREATE DATABASE shop' -c '\connect shop' -c 'CREATE TABLE album (id serial PRIMARY KEY)' \
        -c 'INSERT INTO album VALUES (347)'
}

# scans_shop CERTIFICATE COMMAND…: insists that this pgseqfix finds what is behind there, by name, TCP and verified TLS.
scans_shop() {
    local certificate=$1 status=0 said
    shift
    said=$("$@" --check -h localhost -p "$port" -U postgres \
        "dbname=shop sslmode=verify-full sslrootcert=$certificate" 2>&1) || status=$?
    [ "$status: $said" = "1: 1 sequence: 1 behind." ] || fail "this ended with status $status: $*"$'\n'"$said"
}

# line NAME FILE TRIED: what scripts/package/all prints of a package.
line() {
    printf '%-7s %-44s %6s  %s\n' "$1" "$(basename "$2")" "$(du -h --apparent-size "$2" | cut -f1)" "$3"
}
