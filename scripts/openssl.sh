# shellcheck shell=bash
# Sets `features` to what cargo has to be told where OpenSSL's headers are missing: to build it, too. Sourced, not run.
# Needs `say` of postgres.sh.

features=()
if [ -z "${OPENSSL_DIR:-}" ] && ! pkg-config --exists openssl 2>/dev/null; then
    say "found no headers of OpenSSL (pkg-config, libssl-dev or openssl-devel): building it, which takes some minutes once"
    # shellcheck disable=SC2034 # for who sources this
    features=(--features vendored-openssl)
fi
