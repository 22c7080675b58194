"""Sends a span by the stock gRPC exporter, which cannot arrive, and prints what the exporter logs as JSON.

Usage: otlp_grpc.py ADDRESS:PORT
"""

import json
import logging
import sys

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

lines = []


class Keeping(logging.Handler):
    """Keeps what would be printed."""

    def emit(self, record):
        lines.append(record.getMessage())


logging.getLogger().addHandler(Keeping())
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=sys.argv[1], insecure=True)))
provider.get_tracer("shop").start_span("order").end()
provider.shutdown()
print(json.dumps(lines))
