//! How long questions take, over HTTP, with days of rows in the store.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::figure::{Better, Figures};
use crate::http::{Connection, escape};
use crate::latency::percentile_ms;
use crate::scale::Scale;
use crate::subject::{Running, Subject};

/// Latencies of one server.
pub struct Answered {
    pub subject: Subject,
    hour_p95_ms: f64,
    day_p95_ms: f64,
}

/// A question in one server's words.
struct Question {
    path: String,
    /// Posted as JSON when there is one.
    body: Option<Value>,
}

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;
/// Asked before anything is timed.
const WARM_UP: u32 = 20;
const HOURS_ASKED: u32 = 300;
const DAYS_ASKED: u32 = 40;
/// Endpoints of a service among the mixed rows, and their services.
const ENDPOINTS: u32 = 5;
const SERVICES: u32 = 10;

/// Asks for single hours of single series, drawn by the same seed for every server, and for the last day of all of them.
pub async fn ask(server: &Running, scale: &Scale) -> anyhow::Result<Answered> {
    let mut connection = server.connect().await?;
    let mut chance = fastrand::Rng::with_seed(7);
    let end_secs = scale.end_ns() / 1_000_000_000;
    let first_secs = scale.week_start_ns() / 1_000_000_000;

    let mut hours = Vec::new();
    for number in 0..WARM_UP + HOURS_ASKED {
        let start = chance.i64(first_secs..end_secs - HOUR_SECS) / 60 * 60;
        let series = (chance.u32(..ENDPOINTS), chance.u32(..SERVICES));
        let question = hour_by_minute(server.subject, start, series);
        let (answer, took) = time(&mut connection, &question).await?;
        let minutes = values_in(server.subject, &answer)?;
        // VictoriaMetrics looks back and so answers for the ends of minutes, both ends included.
        anyhow::ensure!(
            (60..=61).contains(&minutes),
            "{minutes} minutes in an hour: {}",
            head(&answer)
        );
        if number >= WARM_UP {
            hours.push(took);
        }
    }
    let mut days = Vec::new();
    for number in 0..DAYS_ASKED + 3 {
        // A minute further each time, so that no answer is one that was kept.
        let end = end_secs - i64::from(number) * 60;
        let question = day_by_endpoint(server.subject, end);
        let (answer, took) = time(&mut connection, &question).await?;
        let endpoints = values_in(server.subject, &answer)?;
        anyhow::ensure!(
            endpoints == ENDPOINTS as usize,
            "{endpoints} endpoints: {}",
            head(&answer)
        );
        if number >= 3 {
            days.push(took);
        }
    }
    let answered = Answered {
        subject: server.subject,
        hour_p95_ms: percentile_ms(&mut hours, 0.95),
        day_p95_ms: percentile_ms(&mut days, 0.95),
    };
    eprintln!(
        "{}: an hour of a series by minute p50 {:.2} p95 {:.2} ms; p95 by endpoint over a day p50 {:.1} p95 {:.1} ms",
        server.subject.name(),
        percentile_ms(&mut hours, 0.50),
        answered.hour_p95_ms,
        percentile_ms(&mut days, 0.50),
        answered.day_p95_ms,
    );
    Ok(answered)
}

/// Prints `query_hour_by_minute_p95_ms` and `query_day_p95_by_endpoint_ms`.
pub fn print(figures: &Figures, answered: &[Answered]) {
    let Some((ours, peers)) = answered
        .split_first()
        .filter(|(first, _)| first.subject == Subject::Plimsoll)
    else {
        return;
    };
    let print = |name: &str, of: fn(&Answered) -> f64| {
        figures.ours(name, of(ours), "ms");
        for peer in peers {
            let (named, theirs) = (peer.subject.name(), of(peer));
            figures.beside(name, of(ours), "ms", named, theirs, Better::Lower);
        }
    };
    print("query_hour_by_minute_p95_ms", |answered| {
        answered.hour_p95_ms
    });
    print("query_day_p95_by_endpoint_ms", |answered| {
        answered.day_p95_ms
    });
}

async fn time(
    connection: &mut Connection,
    question: &Question,
) -> anyhow::Result<(Bytes, Duration)> {
    let started = Instant::now();
    let answer = match &question.body {
        Some(body) => {
            connection
                .post(&question.path, "application/json", body.to_string().into())
                .await?
        }
        None => connection.get(&question.path).await?,
    };
    Ok((answer, started.elapsed()))
}

fn hour_by_minute(subject: Subject, start: i64, (endpoint, service): (u32, u32)) -> Question {
    let end = start + HOUR_SECS;
    let (endpoint, service) = (
        format!("/api/v1/resource-{endpoint:02}"),
        format!("service-{service:02}"),
    );
    match subject {
        Subject::Plimsoll => Question {
            path: "/api/v1/query".into(),
            body: Some(json!({
                "measurement": "performance_metrics",
                "fields": [{"name": "response_time_ms", "aggregate": "mean"}],
                "filter": {"endpoint": endpoint, "method": "GET", "service": service},
                "start": start * 1_000,
                "end": end * 1_000,
                "step": "1m",
            })),
        },
        Subject::VictoriaMetrics => {
            let query = format!(
                r#"avg_over_time(performance_metrics_response_time_ms{{endpoint="{endpoint}",method="GET",service="{service}"}}[1m])"#
            );
            let first = start + 60;
            let path = format!(
                "/api/v1/query_range?query={}&start={first}&end={end}&step=60",
                escape(&query)
            );
            Question { path, body: None }
        }
        Subject::InfluxDb => influx(&format!(
            "SELECT mean(response_time_ms) FROM performance_metrics WHERE endpoint='{endpoint}' AND method='GET' AND service='{service}' \
             AND time >= {start}s AND time < {end}s GROUP BY time(1m)"
        )),
    }
}

fn day_by_endpoint(subject: Subject, end: i64) -> Question {
    let start = end - DAY_SECS;
    match subject {
        Subject::Plimsoll => Question {
            path: "/api/v1/query".into(),
            body: Some(json!({
                "measurement": "performance_metrics",
                "fields": [{"name": "response_time_ms", "aggregate": "p95"}],
                "group_by": ["endpoint"],
                "start": start * 1_000,
                "end": end * 1_000,
            })),
        },
        // A mean of the percentiles of the series: it cannot give the percentile of all, and is asked for less than we are.
        Subject::VictoriaMetrics => {
            let query = "avg(quantile_over_time(0.95, performance_metrics_response_time_ms[1d])) by (endpoint)";
            Question {
                path: format!("/api/v1/query?query={}&time={end}", escape(query)),
                body: None,
            }
        }
        Subject::InfluxDb => influx(&format!(
            "SELECT percentile(response_time_ms, 95) FROM performance_metrics WHERE time >= {start}s AND time < {end}s GROUP BY endpoint"
        )),
    }
}

fn influx(statement: &str) -> Question {
    Question {
        path: format!("/query?db=bench&epoch=ms&q={}", escape(statement)),
        body: None,
    }
}

/// How many values an answer has, all series together.
fn values_in(subject: Subject, answer: &[u8]) -> anyhow::Result<usize> {
    let answer: Value = serde_json::from_slice(answer)?;
    let (series, of_one): (&Value, fn(&Value) -> usize) = match subject {
        Subject::VictoriaMetrics => (&answer["data"]["result"], |one| {
            one["values"].as_array().map_or(1, Vec::len)
        }),
        Subject::InfluxDb => (&answer["results"][0]["series"], rows_of),
        Subject::Plimsoll => (&answer["series"], rows_of),
    };
    let series = series
        .as_array()
        .with_context(|| format!("no series in {answer}"))?;
    Ok(series.iter().map(of_one).sum())
}

fn rows_of(series: &Value) -> usize {
    series["values"].as_array().map_or(0, Vec::len)
}

fn head(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned()
}
