#!/usr/bin/env python3
"""Records what a quiet shop measures of itself, as the judge takes it: a line of JSON for each ten seconds.

    cargo build --release -p plimsoll-server -p shop
    crates/plimsoll/tests/quiet/record.py target/release > crates/plimsoll/tests/quiet/shop.jsonl

A server, the example shop and its customers run for MINUTES at about RATE requests a second (environment; 20 and 10; BESIDE says
what else the machine did); then the windows that the server has stored are asked of it. The first minute, in which the shop fills
its tables, is left out; nothing else is, and nothing is smoothed.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

SLOT_MS = 10_000
# Where a shop's day of 24 hours is flat: 0.82 to 0.85 of the busiest hour's rate between 15 and 16.
HOUR, SHARE = 15, 0.83


def main():
    binaries = sys.argv[1]
    minutes, rate = int(os.environ.get("MINUTES", "20")), float(os.environ.get("RATE", "10"))
    with tempfile.TemporaryDirectory() as work:
        started = []

        def start(name, *arguments, address=True, **environment):
            log = open(os.path.join(work, name + ".log"), "w+")
            command = [os.path.join(binaries, name), *arguments]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}))
            while address:
                time.sleep(0.1)
                for word in open(log.name).read().split():
                    if word.startswith("http://127.0.0.1:"):
                        return word.rstrip("/.,")
                if started[-1].poll() is not None:
                    sys.exit(f"{name} did not start: {open(log.name).read()}")

        try:
            server = start("plimsoll", "serve", "--listen", "127.0.0.1:0", "--data", os.path.join(work, "data"))
            shop = start("shop", "--listen", "127.0.0.1:0", "--database", os.path.join(work, "shop.db"),
                         OTEL_EXPORTER_OTLP_ENDPOINT=server)
            start("traffic", "--url", shop, "--rate", str(rate / SHARE), "--day", "86400", "--hour", str(HOUR),
                  address=False)
            begun = time.time()
            time.sleep(60 * minutes)
            write(server, minutes, rate, int((begun + 60) * 1e3), int(time.time() * 1e3) - 2 * SLOT_MS)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(30)


def write(server, minutes, rate, start, end):
    first = -(-start // SLOT_MS)

    def ask(measurement, field, aggregate, tags):
        body = {"measurement": measurement, "fields": [{"name": field, "aggregate": aggregate}],
                "filter": {"service": "shop"}, "group_by": tags, "start": first * SLOT_MS, "end": end,
                "step": "10s", "limit": 100_000}
        request = urllib.request.Request(f"{server}/api/v1/query", json.dumps(body).encode())
        answer = json.load(urllib.request.urlopen(request))
        assert not answer["truncated"] and not answer["missing"], answer
        for series in answer["series"]:
            for at, value in series["values"]:
                if value is not None:
                    yield at // SLOT_MS - first, series["tags"], value

    slots = [{"slot": slot, "routes": {}, "levels": {}} for slot in range(end // SLOT_MS - first)]

    def route(slot, tags):
        empty = {"errors": 0, "sum": 0.0, "min": 1e9, "max": 0.0, "buckets": {}}
        return slots[slot]["routes"].setdefault(f"{tags['method']} {tags['route']}", empty)

    tags = ["route", "method", "status"]
    for slot, of, found in ask("http_requests", "duration", "distribution", tags):
        if slot >= len(slots) or found["count"] == 0:
            continue
        into, layout = route(slot, of), found["buckets"]
        assert layout["scale"] == 5 and layout["zero"] == 0, layout
        for index, count in enumerate(layout["positive"]["counts"], layout["positive"]["offset"]):
            if count:
                into["buckets"][index] = into["buckets"].get(index, 0) + count
        into["sum"] = round(into["sum"] + found["sum"], 6)
        into["min"] = round(min(into["min"], found["min"]), 6)
        into["max"] = round(max(into["max"], found["max"]), 6)
        if int(of["status"] or 0) >= 500:
            into["errors"] += found["count"]
    for slot, of, failed in ask("http_requests", "failed", "sum", tags):
        if slot < len(slots) and int(of["status"] or 0) < 500 and failed:
            route(slot, of)["errors"] += failed

    def level(key, factor, *asked):
        for slot, of, value in ask(*asked):
            if slot < len(slots):
                name = key if isinstance(key, str) else key(of)
                slots[slot]["levels"][name] = float(f"{value * factor:.5g}")

    cores = next(value for _, _, value in ask("process", "cpu_limit", "last", []))
    level("cpu", 1 / cores, "process", "cpu", "mean", [])
    level("memory", 1, "process", "memory_rss", "last", [])
    level("disk", 1, "system", "disk", "last", [])
    level("disk_io", 0.1, "system", "disk_operations", "sum", [])
    level(lambda of: f"{of['kind']}:{of['resource']}", 1, "plimsoll_resource_used", "value", "mean", ["kind", "resource"])

    requests = sum(sum(one["buckets"].values()) for slot in slots for one in slot["routes"].values())
    header = {
        "recorded": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": f"MINUTES={minutes} RATE={rate:g} crates/plimsoll/tests/quiet/record.py target/release",
        "beside": os.environ.get("BESIDE", "nothing"),
        "what": "the example shop with its customers, nothing broken; buckets are those of scale 5: index, count",
        "slots": len(slots),
        "requests": requests,
    }
    print(json.dumps(header))
    for slot in slots:
        for one in slot["routes"].values():
            one["buckets"] = [pair for bucket in sorted(one["buckets"].items()) for pair in bucket]
        print(json.dumps(slot, separators=(",", ":")))


if __name__ == "__main__":
    main()
