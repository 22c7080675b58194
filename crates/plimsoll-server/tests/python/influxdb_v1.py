"""Creates a database with the stock InfluxDB 1 client, writes rows in four precisions and prints them as JSON.

Usage: influxdb_v1.py HOST PORT NOW_NS
"""

import json
import sys

from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

host, port, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SCALE = {"n": 1, "u": 10**3, "ms": 10**6, "s": 10**9}

written = []
client = InfluxDBClient(host=host, port=port, database="home", gzip=True)
assert client.ping().startswith("1.8")
client.create_database("home")
assert {"name": "home"} in client.get_list_database()
client.create_retention_policy("short", "3d", "1", database="home")
assert client.get_list_retention_policies("home")[0]["name"] == "autogen"
for number, (precision, scale) in enumerate(SCALE.items()):
    time = (now - number * 10**9) // scale
    fields = {"float": 1.5 + number, "integer": 2**50 + number, "text": "it's \"so\"", "flag": number % 2 == 1}
    point = {"measurement": "v1_rows", "tags": {"precision": precision, "place": "living room"}, "time": time, "fields": fields}
    assert client.write_points([point], time_precision=precision)
    written.append({"precision": precision, "time": time * scale, **fields})
assert {"name": "v1_rows"} in client.get_list_measurements()
assert client.get_list_series(measurement="v1_rows"), "series are listed"
try:
    client.query("SELECT * FROM v1_rows")
    raise SystemExit("the data was not to be had by InfluxQL")
except InfluxDBClientError as error:
    assert "/api/v1/query" in str(error), error
try:
    client.write_points([{"measurement": "v1_rows", "fields": {"float": "text"}}, {"measurement": "v1_good", "fields": {"x": 1.0}}])
    raise SystemExit("a value of another type was taken")
except InfluxDBClientError as error:
    assert error.code == 400 and "partial write" in str(error), error
print(json.dumps(written))
