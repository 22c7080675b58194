//! The page: 5,000 samples of a service with many routes, the same at every run.

use std::fmt::Write as _;

use fastrand::Rng;

/// Samples of the page.
pub const SAMPLES: u64 = 5_000;

const REQUEST_BOUNDS: [&str; 14] = [
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5",
    "7.5", "10",
];
const CALL_BOUNDS: [&str; 10] = [
    "0.001", "0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "5", "10",
];
const ROUTES: [&str; 10] = [
    "/orders",
    "/orders/{id}",
    "/cart",
    "/cart/items/{id}",
    "/users/{id}",
    "/search",
    "/products",
    "/products/{id}",
    "/checkout",
    "/reviews/{id}",
];

/// The page and what moves in it.
pub struct Page {
    families: Vec<Family>,
    rng: Rng,
}

struct Family {
    name: String,
    kind: Kind,
    series: Vec<Series>,
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [&'static str]),
    Summary,
}

struct Series {
    /// `a="1",b="2"`.
    labels: String,
    /// A value, or counts of buckets.
    values: Vec<f64>,
    sum: f64,
}

impl Page {
    pub fn new() -> Self {
        let mut families = Vec::new();
        let mut add = |name: String, kind: Kind, labels: Vec<String>| {
            let values = match kind {
                Kind::Histogram(bounds) => bounds.len() + 1,
                Kind::Summary => 4,
                Kind::Counter | Kind::Gauge => 1,
            };
            let series = labels.into_iter().map(|labels| Series {
                labels,
                values: vec![0.0; values],
                sum: 0.0,
            });
            families.push(Family {
                name,
                kind,
                series: series.collect(),
            });
        };
        let requests = (0..100).map(|n| {
            let (route, method) = (ROUTES[n % 10], ["GET", "POST"][n / 10 % 2]);
            let status = ["200", "201", "302", "404", "500"][n / 20];
            format!("method=\"{method}\",route=\"/api/v1{route}\",status=\"{status}\"")
        });
        add(
            "http_request_duration_seconds".into(),
            Kind::Histogram(&REQUEST_BOUNDS),
            requests.collect(),
        );
        for what in ["db_query", "cache", "rpc_client", "queue_publish"] {
            let labels = (0..20).map(|n| format!("operation=\"operation_{n}\",pool=\"main\""));
            add(
                format!("{what}_duration_seconds"),
                Kind::Histogram(&CALL_BOUNDS),
                labels.collect(),
            );
        }
        for n in 0..60 {
            let labels =
                (0..16).map(|m| format!("component=\"component_{m}\",zone=\"eu-{}\"", m % 3));
            add(
                format!("service_events_{n}_total"),
                Kind::Counter,
                labels.collect(),
            );
        }
        for n in 0..80 {
            let labels = (0..10).map(|m| format!("shard=\"{m}\",state=\"state_{}\"", m % 4));
            add(
                format!("service_queue_{n}_depth"),
                Kind::Gauge,
                labels.collect(),
            );
        }
        for n in 0..10 {
            let labels = (0..8).map(|m| format!("worker=\"worker-{m}\""));
            add(
                format!("job_{n}_duration_seconds"),
                Kind::Summary,
                labels.collect(),
            );
        }
        for n in 0..100 {
            let kind = if n % 3 == 0 {
                Kind::Counter
            } else {
                Kind::Gauge
            };
            let ending = if n % 3 == 0 { "_total" } else { "_bytes" };
            add(
                format!("runtime_value_{n}{ending}"),
                kind,
                vec![String::new()],
            );
        }
        let mut page = Self {
            families,
            rng: Rng::with_seed(1876),
        };
        // Nothing begins at zero.
        for _ in 0..50 {
            page.step();
        }
        page
    }

    /// A second passes.
    pub fn step(&mut self) {
        let rng = &mut self.rng;
        for family in &mut self.families {
            for series in &mut family.series {
                match family.kind {
                    Kind::Gauge => {
                        let step = f64::from(rng.i32(-50..=50)) / 10.0;
                        series.values[0] =
                            ((series.values[0] + step).max(0.0) * 10.0).round() / 10.0;
                    }
                    _ if rng.u8(..3) > 0 => {}
                    Kind::Counter => series.values[0] += f64::from(rng.u32(1..200)),
                    Kind::Histogram(bounds) => {
                        for _ in 0..rng.u32(1..20) {
                            let bucket = rng.usize(..bounds.len()).min(rng.usize(..=bounds.len()));
                            series.values[bucket] += 1.0;
                            series.sum += rng.f64() * 0.3;
                        }
                    }
                    Kind::Summary => {
                        for quantile in &mut series.values[..3] {
                            *quantile = rng.f64();
                        }
                        series.values[3] += f64::from(rng.u32(1..20));
                        series.sum += rng.f64() * 5.0;
                    }
                }
            }
        }
    }

    /// The page in Prometheus's text format.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(600_000);
        for Family { name, kind, series } in &self.families {
            let told = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
                Kind::Summary => "summary",
            };
            let _ = writeln!(
                text,
                "# HELP {name} What the service tells of {name}.\n# TYPE {name} {told}"
            );
            for one in series {
                one.write(&mut text, name, *kind);
            }
        }
        text
    }
}

impl Series {
    fn write(&self, text: &mut String, name: &str, kind: Kind) {
        let labels = &self.labels;
        let braces = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = match kind {
            Kind::Counter | Kind::Gauge => writeln!(text, "{name}{braces} {}", self.values[0]),
            Kind::Histogram(bounds) => {
                let mut up_to = 0.0;
                for (bound, count) in bounds.iter().chain(&["+Inf"]).zip(&self.values) {
                    up_to += count;
                    let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {up_to}");
                }
                writeln!(
                    text,
                    "{name}_sum{braces} {}\n{name}_count{braces} {up_to}",
                    self.sum
                )
            }
            Kind::Summary => {
                for (quantile, value) in ["0.5", "0.9", "0.99"].iter().zip(&self.values) {
                    let _ = writeln!(text, "{name}{{{labels},quantile=\"{quantile}\"}} {value}");
                }
                writeln!(
                    text,
                    "{name}_sum{braces} {}\n{name}_count{braces} {}",
                    self.sum, self.values[3]
                )
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_as_many_samples_as_it_says_and_they_move() {
        let mut page = Page::new();
        let first = page.text();
        let samples = first.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(samples as u64, SAMPLES);
        page.step();
        let again = page.text();
        let pairs = first.lines().zip(again.lines());
        let moved = pairs.filter(|(before, after)| before != after).count();
        assert!((1_500..4_000).contains(&moved), "{moved} moved");
    }
}
