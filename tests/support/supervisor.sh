# Runs one PostgreSQL server for the tests, as the user who owns its directory.
# Words on stdin drive it. Stdin ends when the test process does, however that ended: then nothing may stay.
# usage: sh supervisor.sh DIRECTORY POSTGRES ARGUMENT…
directory=$1
shift
pid=

stop() {
    [ -n "$pid" ] || return 0
    kill -s "$1" "$pid"
    wait "$pid"
    pid=
}

# The reader of our answers may be dead already, and the end below must still be reached.
trap '' PIPE

while read -r word; do
    case $word in
        start)
            "$@" >>"$directory/log" 2>&1 &
            pid=$!
            ;;
        fast) stop INT ;;
        immediate) stop QUIT ;;
    esac
    echo "$word"
done

stop QUIT
rm -rf "$directory"
