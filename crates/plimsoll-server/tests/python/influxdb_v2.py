"""Writes rows with the stock InfluxDB 2 client in four precisions and prints them as JSON.

Usage: influxdb_v2.py URL NOW_NS
"""

import json
import sys

from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

url, now = sys.argv[1], int(sys.argv[2])
SCALE = {WritePrecision.NS: 1, WritePrecision.US: 10**3, WritePrecision.MS: 10**6, WritePrecision.S: 10**9}

written = []
with InfluxDBClient(url=url, token="none", org="none", enable_gzip=True) as client:
    assert client.ping()
    with client.write_api(write_options=SYNCHRONOUS) as api:
        for number, (precision, scale) in enumerate(SCALE.items()):
            time = (now - number * 10**9) // scale
            point = (
                Point("v2 rows,with=care")
                .tag("precision", precision)
                .tag("tricky tag", 'a,b=c d\\e "f"')
                .field("float", 1.5 + number)
                .field("integer", -(2**40) - number)
                .field("text", 'say "hi", back\\slash, line\nbreak, ünïcode')
                .field("flag", number % 2 == 0)
                .time(time, precision)
            )
            api.write(bucket="any", record=point, write_precision=precision)
            written.append(
                {
                    "precision": precision,
                    "time": time * scale,
                    "float": 1.5 + number,
                    "integer": -(2**40) - number,
                    "text": 'say "hi", back\\slash, line\nbreak, ünïcode',
                    "flag": number % 2 == 0,
                }
            )
    with client.write_api(write_options=SYNCHRONOUS) as api:
        try:
            api.write(bucket="any", record=["v2_good x=1", "nothing good"])
            raise SystemExit("a bad line was taken")
        except ApiException as error:
            assert error.status == 400 and "partial write" in error.message, error
print(json.dumps(written))
