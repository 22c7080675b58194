"""Visitors of the warehouse: they come at random moments and count what they are answered. Told to end (TERM), they compare
that with what Plimsoll measured, and say it in a line.

Usage: visitors.py WAREHOUSE PLIMSOLL RATE   both as URLs; RATE in requests per second
"""

import json
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter

warehouse, plimsoll, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])

# Method, route, how a path of it is made, and how often of a hundred.
HABITS = [
    ("GET", "/stock/{item}", lambda: f"/stock/{random.randint(1, 5_200)}", 50),
    ("GET", "/search", lambda: f"/search?words={random.randint(1, 999)}", 20),
    ("POST", "/deliveries", lambda: "/deliveries", 15),
    ("POST", "/labels/{item}", lambda: f"/labels/{random.randint(1, 5_000)}", 10),
    ("GET", "/inventory", lambda: "/inventory", 5),
]

# How long Plimsoll may take to know of the last request: the warehouse exports its metrics every five seconds.
PATIENCE_S = 10
PEOPLE = 4

ended = threading.Event()
answered = Counter()
unanswered = 0
counting = threading.Lock()


def come_and_go():
    global unanswered
    while not ended.wait(random.expovariate(rate / PEOPLE)):
        method, route, path, _ = random.choices(HABITS, [habit[3] for habit in HABITS])[0]
        request = urllib.request.Request(warehouse + path(), method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            with error:
                error.read()
            status = error.code
        except OSError:
            with counting:
                unanswered += 1
            continue
        with counting:
            answered[(method, route, status)] += 1


def measured(minutes):
    url = f"{plimsoll}/api/performance/routes?service=warehouse&limit=1000&minutes={minutes}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            rows = json.load(answer)["routes"]
    except OSError:
        return Counter()
    return Counter({(row["method"], row["route"], row["status"]): row["total_requests"] for row in rows})


signal.signal(signal.SIGTERM, lambda *_: ended.set())
started = time.monotonic()
people = [threading.Thread(target=come_and_go) for _ in range(PEOPLE)]
for person in people:
    person.start()
for person in people:
    person.join()

minutes = int((time.monotonic() - started) / 60) + 2
deadline = time.monotonic() + PATIENCE_S
found = measured(minutes)
while found != answered and time.monotonic() < deadline:
    time.sleep(0.2)
    found = measured(minutes)
print(f"warehouse: {answered.total()} requests answered, {found.total()} measured", end="")
print(f", {unanswered} without an answer" if unanswered else "")
for key in sorted(set(answered) | set(found)):
    if answered[key] != found[key]:
        print("  {} {} {}: {} answered, {} measured".format(*key, answered[key], found[key]))
