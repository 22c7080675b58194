"""Writes two states as Home Assistant's influxdb integration does, by the client and the parameters that it takes from its YAML.

Usage: home_assistant.py YAML NOW_NS
"""

import json
import sys
from datetime import datetime, timezone

from influxdb import InfluxDBClient

# Flat `key: value` lines below `influxdb:` are all that the recipe has.
head, *lines = sys.argv[1].strip().splitlines()
assert head == "influxdb:", head
settings = {}
for line in lines:
    key, value = line.strip().split(": ", 1)
    settings[key] = json.loads(value) if value[0] in '"tf0123456789' else value
assert settings["api_version"] == 1, settings

client = InfluxDBClient(
    host=settings["host"],
    port=settings["port"],
    database=settings["database"],
    ssl=settings["ssl"],
    verify_ssl=True,
    timeout=5,
)
time = datetime.fromtimestamp(int(sys.argv[2]) / 1e9, timezone.utc)
points = [
    {
        "measurement": "°C",
        "tags": {"domain": "sensor", "entity_id": "attic", "source": "hass"},
        "time": time,
        "fields": {"value": 21.5, "device_class_str": "temperature", "friendly_name_str": "Attic"},
    },
    {
        "measurement": settings["default_measurement"],
        "tags": {"domain": "light", "entity_id": "porch", "source": "hass"},
        "time": time,
        "fields": {"value": 1.0, "state": "on", "brightness": 180.0},
    },
]
assert client.write_points(points)
print(json.dumps(len(points)))
