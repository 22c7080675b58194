#!/usr/bin/env bash
# Measures what measuring costs: instructions under callgrind, processor time over sockets, rendering. See README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

if ! command -v valgrind > /dev/null; then
    echo "installing valgrind (Debian's package)" >&2
    if [ "$(id -u)" = 0 ]; then apt-get install -y -qq valgrind > /dev/null; else sudo apt-get install -y -qq valgrind > /dev/null; fi
fi
cargo build --release --locked --manifest-path bench/Cargo.toml -p bench-overhead
bench="$CARGO_TARGET_DIR/release/bench-overhead"

echo "machine: $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r), $(date -u +%F)"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"

# Instructions of one request: callgrind counts only while the function runs that sends the requests.
requests=2000
run() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*count::drive_counted*' "$bench" count "$1" "$requests" 2>&1 |
        awk '/Collected/ { print $NF; found = $NF > 0 } END { exit !found }'
}
declare -A instructions
for way in $("$bench" ways); do
    instructions[$way]=$(( $(run "$way") / requests ))
    echo "$way: ${instructions[$way]} instructions a request"
done
added() { echo $(( instructions[$1] - instructions[bare] )); }
for way in handler router handler_full router_full; do
    figure="overhead_${way}_instructions"
    echo "figure $figure $(added "$way") instructions"
    for peer in axum-prometheus otel-tower; do
        awk -v figure="$figure" -v ours="$(added "$way")" -v peer="$peer" -v theirs="$(added "$peer")" \
            'BEGIN { printf "figure %s %d instructions vs %s %d ratio %.2f\n", figure, ours, peer, theirs, theirs / ours }'
    done
done

"$bench" sockets
"$bench" exposition
