//! Cuts metrics into requests of bounded size.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{self as proto, Metric};
use prost::Message;

use super::mapping::with_resource;
use super::queue::Chunk;
use super::resource::Resource;

/// Requests of at most `max_points` points, encoded.
pub(super) fn encoded(metrics: Vec<Metric>, resource: &Resource, max_points: usize) -> Vec<Chunk> {
    let chunks = split(metrics, max_points).into_iter();
    let encode = |(metrics, points)| {
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![with_resource(metrics, resource)],
        };
        Chunk {
            points,
            body: request.encode_to_vec(),
        }
    };
    chunks.map(encode).collect()
}

fn split(metrics: Vec<Metric>, max_points: usize) -> Vec<(Vec<Metric>, usize)> {
    let mut chunks: Vec<(Vec<Metric>, usize)> = Vec::new();
    for mut metric in metrics {
        while len(&metric) > 0 {
            let room = chunks.last().map_or(0, |(_, points)| max_points - points);
            if room == 0 {
                chunks.push((Vec::new(), 0));
                continue;
            }
            let rest = split_off(&mut metric, room);
            if let Some((chunk, points)) = chunks.last_mut() {
                *points += len(&metric);
                chunk.push(std::mem::replace(&mut metric, rest));
            }
        }
    }
    chunks
}

fn len(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(kind)) => kind.data_points.len(),
        Some(Data::Sum(kind)) => kind.data_points.len(),
        Some(Data::Histogram(kind)) => kind.data_points.len(),
        Some(Data::ExponentialHistogram(kind)) => kind.data_points.len(),
        Some(Data::Summary(kind)) => kind.data_points.len(),
        None => 0,
    }
}

/// Keeps the first `at` points; the answer has the others and is the same otherwise.
fn split_off(metric: &mut Metric, at: usize) -> Metric {
    let data = metric.data.as_mut().map(|data| match data {
        Data::Gauge(kind) => Data::Gauge(proto::Gauge {
            data_points: tail(&mut kind.data_points, at),
        }),
        Data::Sum(kind) => Data::Sum(proto::Sum {
            data_points: tail(&mut kind.data_points, at),
            ..*kind
        }),
        Data::Histogram(kind) => Data::Histogram(proto::Histogram {
            data_points: tail(&mut kind.data_points, at),
            ..*kind
        }),
        Data::ExponentialHistogram(kind) => {
            Data::ExponentialHistogram(proto::ExponentialHistogram {
                data_points: tail(&mut kind.data_points, at),
                ..*kind
            })
        }
        Data::Summary(kind) => Data::Summary(proto::Summary {
            data_points: tail(&mut kind.data_points, at),
        }),
    });
    Metric {
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        data,
        ..Metric::default()
    }
}

fn tail<T>(points: &mut Vec<T>, at: usize) -> Vec<T> {
    points.split_off(at.min(points.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(name: &str, points: usize) -> Metric {
        let data_points = (0..points)
            .map(|i| proto::NumberDataPoint {
                time_unix_nano: i as u64,
                ..Default::default()
            })
            .collect();
        let sum = proto::Sum {
            data_points,
            aggregation_temporality: 1,
            is_monotonic: true,
        };
        Metric {
            name: name.to_owned(),
            unit: "s".to_owned(),
            data: Some(Data::Sum(sum)),
            ..Default::default()
        }
    }

    #[test]
    fn no_request_has_more_points_than_allowed_and_none_is_lost_or_changed() {
        let whole = [sum("a", 3), sum("b", 25), sum("c", 0), sum("d", 1)];
        let chunks = split(whole.to_vec(), 10);
        let sizes: Vec<_> = chunks.iter().map(|(_, points)| *points).collect();
        assert_eq!(sizes, [10, 10, 9]);
        let mut joined: Vec<Metric> = Vec::new();
        for part in chunks.into_iter().flat_map(|(metrics, _)| metrics) {
            match joined.iter_mut().find(|metric| metric.name == part.name) {
                Some(metric) => {
                    let (Some(Data::Sum(all)), Some(Data::Sum(more))) =
                        (&mut metric.data, part.data)
                    else {
                        panic!("sums stay sums")
                    };
                    assert!(more.is_monotonic && more.aggregation_temporality == 1);
                    all.data_points.extend(more.data_points);
                }
                None => joined.push(part),
            }
        }
        assert_eq!(joined, [sum("a", 3), sum("b", 25), sum("d", 1)]);
    }
}
