#!/usr/bin/env bash
# The demo's second service: a warehouse in Python under OpenTelemetry's stock instrumentation, and its visitors.
# Usage: run.sh PLIMSOLL FOLDER RATE   the server's URL; where database and logs go; visitors' requests per second
# Says in one line what became of it. TERM ends it in order: the visitors, who compare their counts, then the warehouse.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
plimsoll="$1" work="$2" rate="$3"
environment="${CARGO_TARGET_DIR:-$here/../../target}/warehouse-python"
# The versions that the tests run this instrumentation in.
pinned="$here/../../crates/plimsoll-server/tests/services/python/requirements.txt"

child= ended= warehouse=
trap 'ended=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true' TERM

skip() { # WHY: the demo goes on without
    [ -n "$ended" ] || printf 'demo: no service in Python beside the shop: %s\n' "$*"
    exit 0
}

run() { # COMMAND...: waits for it; TERM ends it, and its status is told
    [ -z "$ended" ] || return 1
    "$@" &
    child=$!
    local status=0
    wait "$child" || status=$?
    # A trap ends the waiting before the child has ended.
    while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
    child=
    return "$status"
}

clean_up() {
    [ -z "$warehouse" ] || { kill -TERM "$warehouse" 2>/dev/null && wait "$warehouse" || true; }
}
trap clean_up EXIT

command -v python3 >/dev/null || skip "python3 is not there"
python3 -c 'import ensurepip, venv' 2>/dev/null || skip "python3 has no venv (Debian: apt-get install python3-venv)"

if ! cmp -s "$pinned" "$environment/installed.txt"; then
    printf 'demo: installing what a service in Python needs, once; the shop runs meanwhile\n'
    {
        run python3 -m venv --clear "$environment" &&
            run "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$pinned"
    } >"$work/pip.log" 2>&1 || skip "its packages cannot be installed: $(grep -m1 ERROR "$work/pip.log" || tail -n 1 "$work/pip.log")"
    cp "$pinned" "$environment/installed.txt"
fi
[ -z "$ended" ] || exit 0

cd "$here"
export PATH="$environment/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WAREHOUSE_DB="$work/warehouse.db" \
    OTEL_SERVICE_NAME=warehouse \
    OTEL_EXPORTER_OTLP_ENDPOINT="$plimsoll" \
    OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \
    OTEL_METRIC_EXPORT_INTERVAL=5000 \
    OTEL_BSP_SCHEDULE_DELAY=1000 \
    opentelemetry-instrument uvicorn app:app --host 127.0.0.1 --port 0 --no-access-log >"$work/warehouse.log" 2>&1 &
warehouse=$!
address=
for _ in $(seq 300); do
    address="$(sed -n 's|.*running on \(http://[0-9.:]*\).*|\1|p' "$work/warehouse.log")"
    [ -z "$address" ] && [ -z "$ended" ] && kill -0 "$warehouse" 2>/dev/null || break
    sleep 0.2
done
[ -n "$address" ] || skip "it did not start: $(tail -n 1 "$work/warehouse.log")"
printf 'demo: a warehouse in Python, %s, is measured too: %s/services/warehouse\n' "$address" "$plimsoll"

run python "$here/visitors.py" "$address" "$plimsoll" "$rate" || true
