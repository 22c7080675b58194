"""Records metrics with the stock OpenTelemetry SDK, sends every export twice and prints what it recorded as JSON.

Usage: otlp_metrics.py URL SERVICE cumulative|delta protobuf|json
"""

import json
import sys

import requests
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource

url, service, temporality, encoding = sys.argv[1:]
preference = {
    "cumulative": {},
    "delta": {kind: AggregationTemporality.DELTA for kind in (Counter, Histogram, ObservableCounter)},
}[temporality]


class Twice(OTLPMetricExporter):
    """As a network does that loses the answer: the same bytes come again."""

    def export(self, metrics_data, *args, **kwargs):
        for _ in range(2):
            result = super().export(metrics_data, *args, **kwargs)
            assert result == MetricExportResult.SUCCESS, result
        return result


class TwiceAsJson(OTLPMetricExporter):
    """The same requests in the protocol's JSON."""

    def export(self, metrics_data, *args, **kwargs):
        body = MessageToDict(encode_metrics(metrics_data), use_integers_for_enums=True)
        for _ in range(2):
            answer = requests.post(url + "/v1/metrics", json=body, timeout=10)
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/json", answer.headers
            assert answer.json() == {}, answer.text
        return MetricExportResult.SUCCESS


exporter_class = {"protobuf": Twice, "json": TwiceAsJson}[encoding]
exporter = exporter_class(
    endpoint=url + "/v1/metrics", compression=Compression.Gzip, preferred_temporality=preference
)
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
provider = MeterProvider(
    metric_readers=[reader],
    resource=Resource.create({"service.name": service, "service.version": "1.2.3", "service.instance.id": "one"}),
    views=[
        View(instrument_name="rpc.size", aggregation=ExponentialBucketHistogramAggregation()),
        View(
            instrument_name="http.server.duration",
            aggregation=ExplicitBucketHistogramAggregation([5, 10, 25, 50, 100, 250, 500, 1000]),
        ),
    ],
)
meter = provider.get_meter("shop.instrumentation", "0.1")
jobs = meter.create_counter("jobs.done")
depth = meter.create_up_down_counter("queue.depth")
size = meter.create_histogram("rpc.size", unit="By")
duration = meter.create_histogram("http.server.duration", unit="ms")
meter.create_observable_gauge("room.temperature", callbacks=[lambda _: [__import__("opentelemetry.metrics").metrics.Observation(21.5)]])

recorded = {"jobs": {}, "depth": 0, "sizes": [], "requests": {}}
for round_number in range(3):
    for kind, count in (("mail", 3 + round_number), ("print", 1)):
        jobs.add(count, {"job.kind": kind})
        recorded["jobs"][kind] = recorded["jobs"].get(kind, 0) + count
    change = 5 - 2 * round_number
    depth.add(change)
    recorded["depth"] += change
    for value in (10 * (round_number + 1), 200, 3000):
        size.record(value)
        recorded["sizes"].append(value)
    for target, status, millis in (("/orders/{id}", 200, 40), ("/orders/{id}", 200, 90), ("/orders", 500, 700)):
        duration.record(
            millis,
            {"http.method": "GET", "http.target": target, "http.status_code": status, "http.scheme": "http"},
        )
        key = f"GET {target} {status}"
        recorded["requests"][key] = recorded["requests"].get(key, 0) + 1
    assert provider.force_flush()
provider.shutdown()
print(json.dumps(recorded))
