"""Writes rows with the stock InfluxDB 1 client in four precisions and prints them as JSON.

Usage: influxdb_v1.py HOST PORT NOW_NS
"""

import json
import sys

from influxdb import InfluxDBClient

host, port, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SCALE = {"n": 1, "u": 10**3, "ms": 10**6, "s": 10**9}

written = []
client = InfluxDBClient(host=host, port=port, database="home", gzip=True)
client.ping()
for number, (precision, scale) in enumerate(SCALE.items()):
    time = (now - number * 10**9) // scale
    fields = {"float": 1.5 + number, "integer": 2**50 + number, "text": "it's \"so\"", "flag": number % 2 == 1}
    point = {"measurement": "v1_rows", "tags": {"precision": precision, "place": "living room"}, "time": time, "fields": fields}
    assert client.write_points([point], time_precision=precision)
    written.append({"precision": precision, "time": time * scale, **fields})
print(json.dumps(written))
