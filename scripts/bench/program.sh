# shellcheck shell=bash
# Builds the program that is measured. Sourced, not run: sets root and program.
#
# PGSEQFIX_BENCH_PROGRAM  names one that is built already

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
me=scripts/bench/$(basename "$0")

fail() {
    printf '%s: %s\n' "$me" "$*" >&2
    exit 2
}

program=${PGSEQFIX_BENCH_PROGRAM:-}
if [ -z "$program" ]; then
    command -v cargo >/dev/null || fail "found no cargo: install Rust, see https://rustup.rs"
    (cd "$root" && cargo build --release --locked --quiet)
    # Where cargo puts it is for the user's configuration to say.
    target=$(cd "$root" && cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    program=$target/release/pgseqfix
fi
