#!/usr/bin/env bash
# Plimsoll, a shop that it measures, and customers of the shop; where there is Python, a warehouse under OpenTelemetry's stock
# instrumentation beside it. Ctrl-C ends all of them.
#   PORT=2876      another port for Plimsoll (default 1876)
#   DURATION=30    ends by itself after so many seconds of traffic
#   RATE=80        requests per second at the busiest hour (default 40)
#   BUILD=debug    programs that are built sooner and run slower (default release)
set -euo pipefail
cd "$(dirname "$0")/.."

port="${PORT:-1876}"
duration="${DURATION:-}"
rate="${RATE:-40}"
build="${BUILD:-release}"
binaries="${CARGO_TARGET_DIR:-$PWD/target}/$build"

say() { printf '%s\n' "$*"; }
fail() { say "demo: $*" >&2; exit 1; }

[[ "$port" =~ ^[0-9]+$ ]] && ((port >= 1 && port <= 65535)) || fail "PORT must be a number from 1 to 65535, but is \`$port\`"
[[ "$build" =~ ^(release|debug)$ ]] || fail "BUILD must be \`release\` or \`debug\`, but is \`$build\`"
[[ "$duration" =~ ^[0-9]*$ ]] || fail "DURATION must be a number of seconds, but is \`$duration\`"
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    fail "port $port is taken; choose another: make demo PORT=2876"
fi

say "demo: building (the first time takes some minutes)"
.ci/page || say "demo: goes on without the page"
profile=()
[ "$build" = debug ] || profile=(--release)
cargo build "${profile[@]}" --locked -q -p plimsoll-server -p shop

work="$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-demo.XXXXXX")"
server= shop= traffic= warehouse= told=

# A session of its own keeps the terminal's Ctrl-C from a child: they are stopped one after the other, in the order of the data.
start() { # NAME PROGRAM ARGUMENTS...: runs it with its output in $work/NAME.log, leaves its process id in $started
    local name="$1"
    shift
    setsid "$@" >"$work/$name.log" 2>&1 </dev/null &
    started=$!
}

stop() { # PID [SIGNAL]: asks the process to end, waits for it, and does not take no for an answer
    local pid="$1" signal="${2:-TERM}"
    [ -n "$pid" ] || return 0
    kill -s "$signal" "$pid" 2>/dev/null || true
    for _ in $(seq 200); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    # What it started itself is of its session.
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

clean_up() {
    local status=$?
    trap '' INT TERM
    stop "$told"
    stop "$traffic"
    stop "$warehouse"
    stop "$shop"
    stop "$server"
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
# The signal only ends the waiting; what follows the waiting then stops everything in order.
interrupted=
trap 'interrupted=1' INT TERM

address_of() { # NAME PID: waits for the line with the address that the program prints when it is ready
    local name="$1" pid="$2" found
    for _ in $(seq 300); do
        found="$(grep -om1 'http://[0-9.:]*' "$work/$name.log" || true)"
        if [ -n "$found" ]; then
            address="$found"
            return
        fi
        [ -z "$interrupted" ] || exit 130
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/$name.log" >&2
    fail "the $name did not start"
}

# Alerts are told on one channel, the server's log; what it tells is shown here as well.
printf '[[notify]]\nname = "demo"\nkind = "log"\n' >"$work/plimsoll.toml"
start server "$binaries/plimsoll" serve --config "$work/plimsoll.toml" --listen "127.0.0.1:$port" --data "$work/data"
server=$started
address_of server "$server"
url="$address"

export OTEL_EXPORTER_OTLP_ENDPOINT="$url"
start shop "$binaries/shop" --listen 127.0.0.1:0 --database "$work/shop.db" --stopwatch
shop=$started
address_of shop "$shop"
shop_url="$address"

start traffic "$binaries/traffic" --url "$shop_url" --rate "$rate" --compare "$url" \
    ${duration:+--duration "$duration"}
traffic=$started

cat <<END

  Plimsoll's page is   $url
  The shop is at       $shop_url  (its own view: $shop_url/performance)

  Customers come and go like in a day of four minutes. In ten seconds, try:

    curl -s '$url/api/performance/metrics?service=shop&minutes=5'
    curl -s '$url/api/performance/routes?service=shop&minutes=5'
    curl -s '$url/api/v1/services'
    curl -s '$url/api/v1/query' -H 'content-type: application/json' -d '{"measurement":"http_requests",
      "fields":[{"name":"duration","aggregate":"p95"}],"filter":{"service":"shop"},"group_by":["route"],"start":"-5m","step":"1m"}'

  Break the shop: in about two minutes the page says what is wrong, and this terminal that it was told; what=nothing mends it:

    curl -s '$shop_url/demo/break?what=slow'        # or errors, leak, pool
    curl -s '$url/api/performance/alerts?resolved=false'

  ${duration:+Ends after $duration s, or with }Ctrl-C${duration:+ before}: the customers' own counts are then compared with Plimsoll's.

END

setsid bash -c 'tail -n +1 -F "$0" | stdbuf -oL sed -n "s/.*plimsoll_server::notify::log: /demo: told: /p"' "$work/server.log" 2>/dev/null &
told=$!

# It may have to be installed first, and says itself what becomes of it. Its visitors are fewer.
setsid examples/warehouse/run.sh "$url" "$work" "$(awk -v rate="$rate" 'BEGIN { print rate / 8 }')" </dev/null &
warehouse=$!

# `wait` returns early when a signal was caught.
result=0
wait "$traffic" || result=$?
if [ -n "$interrupted" ]; then
    say
    say "demo: stopping; the last window is on its way"
    kill -TERM "$traffic" 2>/dev/null || true
    interrupted=
    result=0
    wait "$traffic" || result=$?
    [ -z "$interrupted" ] || exit 130
fi
traffic=
cat "$work/traffic.log"
# Its visitors compare their counts as well.
stop "$warehouse"
warehouse=
exit "$result"
