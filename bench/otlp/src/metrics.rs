//! Metrics as a stock SDK exports them: totals of histograms by route, and gauges.

use bytes::Bytes;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use prost::Message as _;

use crate::spans::{number, resource, scope, text};
use crate::{Load, Points};

/// Points of each kind in an export.
const HISTOGRAMS: usize = 160;
const SUMS: usize = 160;
const GAUGES: usize = 80;
/// The bounds that HTTP durations have, in seconds.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

pub struct Metrics {
    random: fastrand::Rng,
    counts: Vec<[u64; 15]>,
    totals: Vec<u64>,
    start: u64,
    time: u64,
}

impl Metrics {
    pub fn new() -> Self {
        Self {
            random: fastrand::Rng::with_seed(1876),
            counts: vec![[0; 15]; HISTOGRAMS],
            totals: vec![0; SUMS],
            start: 0,
            time: 0,
        }
    }

    fn durations(&mut self) -> Vec<HistogramDataPoint> {
        let (random, time, start) = (&mut self.random, self.time, self.start);
        let points = self.counts.iter_mut().enumerate().map(|(at, counts)| {
            for _ in 0..10 {
                counts[random.usize(..9)] += 1;
            }
            let count = counts.iter().sum();
            HistogramDataPoint {
                attributes: vec![
                    text("http.request.method", "GET"),
                    text("http.route", &format!("/shop/{}/orders/{{id}}", at / 4)),
                    number("http.response.status_code", [200, 201, 404, 500][at % 4]),
                    text("url.scheme", "http"),
                    text("network.protocol.version", "1.1"),
                ],
                start_time_unix_nano: start,
                time_unix_nano: time,
                count,
                sum: Some(count as f64 * 0.071),
                min: Some(0.001),
                max: Some(0.74),
                bucket_counts: counts.to_vec(),
                explicit_bounds: BOUNDS.to_vec(),
                ..HistogramDataPoint::default()
            }
        });
        points.collect()
    }

    fn numbers(&mut self, count: usize, key: &str, grows: bool) -> Vec<NumberDataPoint> {
        let points = (0..count).map(|at| {
            let value = if grows {
                self.totals[at] += self.random.u64(..30);
                Value::AsInt(i64::try_from(self.totals[at]).unwrap_or(i64::MAX))
            } else {
                Value::AsDouble(self.random.f64() * 100.0)
            };
            NumberDataPoint {
                attributes: vec![text(key, &format!("pool-{at}"))],
                start_time_unix_nano: self.start,
                time_unix_nano: self.time,
                value: Some(value),
                ..NumberDataPoint::default()
            }
        });
        points.collect()
    }
}

impl Load for Metrics {
    type Request = Points;
    const FIGURE: &'static str = "otlp_points_per_cpu_second";
    const UNIT: &'static str = "points/s";
    const PATH: &'static str = "/v1/metrics";

    fn next(&mut self, now: u64) -> (Bytes, usize) {
        // An export each ten seconds, in quick motion: the last ones are of today.
        if self.time == 0 {
            self.start = now - 6 * 3_600 * 1_000_000_000;
            self.time = self.start;
        }
        self.time += 10 * 1_000_000_000;
        let temporality = AggregationTemporality::Cumulative as i32;
        let histogram = Histogram {
            data_points: self.durations(),
            aggregation_temporality: temporality,
        };
        let sum = Sum {
            data_points: self.numbers(SUMS, "queue", true),
            aggregation_temporality: temporality,
            is_monotonic: true,
        };
        let gauge = Gauge {
            data_points: self.numbers(GAUGES, "pool", false),
        };
        let metrics = vec![
            metric(
                "http.server.request.duration",
                "s",
                Data::Histogram(histogram),
            ),
            metric("jobs.done", "1", Data::Sum(sum)),
            metric("pool.wait", "ms", Data::Gauge(gauge)),
        ];
        let scope_metrics = vec![ScopeMetrics {
            scope: Some(scope("opentelemetry.instrumentation.fastapi")),
            metrics,
            ..ScopeMetrics::default()
        }];
        let resource_metrics = vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics,
            ..ResourceMetrics::default()
        }];
        let body = Points { resource_metrics }.encode_to_vec();
        (body.into(), HISTOGRAMS + SUMS + GAUGES)
    }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}
