#!/usr/bin/env bash
# Runs the long form of the suite: what is measured has the machine to itself, then what mostly waits goes side by side, each area
# in a process and a world of its own. Usage: run.sh FOLDER, which is for rows and logs. `AREAS="kills rights"` runs these alone.
set -u
folder=$1
built=$(CARGO_TERM_COLOR=never cargo test --package latchkey --test claims --no-run 2>&1) || { echo "$built"; exit 1; }
claims=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' <<<"$built")
mkdir -p "$folder/logs"
export LATCHKEY_CHAOS=$folder

alone="bursts connections heap rollouts::rolling"
# The longest first, so that the last to end is a short one.
beside="hostile api_server kills providers certificates rights leaving rollouts::phases"
lanes=4

area() { # the area, and how many of its tests run at once
    local log="$folder/logs/${1/::/-}.log" start=$SECONDS
    if "$claims" "chaos::$1::" --nocapture --test-threads "$2" >"$log" 2>&1 && grep -q '^test result: ok. [1-9]' "$log"; then
        echo "chaos: $1: well, $((SECONDS - start)) s"
    else
        echo "chaos: $1: FAILED after $((SECONDS - start)) s, see $log"
        grep -E '^test .* FAILED$|panicked at' -A 2 "$log" | cut -c1-600 | tail -40
        return 1
    fi
}

wanted() { # of these, those that were asked for
    for each in "$@"; do
        case " ${AREAS:-$each} " in *" ${each%%::*} "* | *" $each "*) echo "$each" ;; esac
    done
}

failed=0
for each in $(wanted $alone); do
    area "$each" 1 || failed=1
done
running=0
for each in $(wanted $beside); do
    if [ "$running" -ge "$lanes" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    threads=1
    [ "$each" = providers ] && threads=3 # they wait for stores that hang
    area "$each" "$threads" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
echo "chaos: all in $((SECONDS / 60)) min"
exit "$failed"
