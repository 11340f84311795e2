# Runs one component for as long as the owner holds the other end of this shell's standard input.
# Arguments: tenths of a second between TERM and KILL, file for the component's pid, program, its arguments.
grace=$1
pidfile=$2
shift 2
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
echo "$child" >"$pidfile"
(
    read -r _ <&3 # Returns when the owner lets go or is gone.
    kill -s TERM "$child"
    while [ "$grace" -gt 0 ]; do
        sleep 0.1
        grace=$((grace - 1))
    done
    kill -s KILL "$child" # Leaves the shell below to collect it, and to end this loop earlier if it ends by itself.
    sleep 2
    kill -s KILL -- "-$$"
) 2>/dev/null &
exec 3<&-
wait "$child"
code=$?
# What the component left behind (Vault's plugins) goes with it, and so does the watcher above.
trap '' TERM
kill -s TERM -- "-$$" 2>/dev/null
exit "$code"
