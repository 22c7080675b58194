//! What holds a service up, in the documents' words: type, severity, description, recommendation.

use super::findings::{Cause, diagnose};
use super::situation::Situation;
use super::words::{bytes, duration, share};
use crate::alert::Severity;

/// Something that holds a service up.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// `database`, `memory`, `cpu`, `resource`, `external`.
    pub kind: &'static str,
    /// Queries high, memory medium; others by their ratio.
    pub severity: Severity,
    /// What it is, with its number.
    pub description: String,
    /// What to do.
    pub recommendation: String,
}

/// Share of memory and processors beyond which they hold it up.
const HIGH: f64 = 0.8;

/// Everything that holds a service up, the most severe first.
pub fn bottlenecks(situation: &Situation) -> Vec<Bottleneck> {
    let mut found = Vec::new();
    let line = situation.standards.slow.bottleneck_query.as_secs_f64();
    // By statement, or by what a request waits for all of its statements.
    let slow = situation
        .statements
        .iter()
        .filter(|one| one.executions > 0 && one.total / one.executions as f64 > line);
    for one in slow {
        let mean = one.total / one.executions as f64;
        found.push(Bottleneck {
            kind: "database",
            severity: Severity::High,
            description: format!(
                "Database queries are slow: {} takes {} on average",
                one.statement,
                duration(mean)
            ),
            recommendation: "Optimize queries or add indexes".to_owned(),
        });
    }
    for route in situation
        .routes
        .iter()
        .filter(|route| route.requests > 0 && route.mean > line)
    {
        match diagnose(situation, route) {
            Cause::Repeated { per_request, .. } => found.push(Bottleneck {
                kind: "database",
                severity: Severity::High,
                description: format!(
                    "{} runs one statement {per_request:.0} times for each request",
                    route.name()
                ),
                recommendation: "Ask once for all items".to_owned(),
            }),
            Cause::Call { peer, p95 } => found.push(Bottleneck {
                kind: "external",
                severity: Severity::Medium,
                description: format!("{} waits for {peer}: {} (p95)", route.name(), duration(p95)),
                recommendation: "Check network latency and external service dependencies"
                    .to_owned(),
            }),
            _ => {}
        }
    }
    for level in &situation.levels {
        let share_used = match level.key.as_str() {
            "memory" => level.ratio,
            "cpu" => level.value,
            _ => continue,
        };
        if share_used <= HIGH {
            continue;
        }
        found.push(if level.key == "memory" {
            Bottleneck {
                kind: "memory",
                severity: Severity::Medium,
                description: format!(
                    "High memory usage: {} of {}",
                    bytes(level.value),
                    bytes(level.limit)
                ),
                recommendation: "Increase memory or optimize memory usage".to_owned(),
            }
        } else {
            Bottleneck {
                kind: "cpu",
                severity: Severity::of_ratio(level.ratio).unwrap_or(Severity::Low),
                description: format!("High CPU usage: {} of what it may use", share(level.value)),
                recommendation: "High CPU usage - consider scaling or optimization".to_owned(),
            }
        });
    }
    for pool in situation
        .levels
        .iter()
        .filter(|level| level.key.starts_with("pool:"))
    {
        if let Some(severity) = Severity::of_ratio(pool.ratio) {
            found.push(Bottleneck {
                kind: "resource",
                severity,
                description: format!("{} of {} connections are in use", pool.value, pool.limit),
                recommendation: "Find what holds connections for long before you allow more"
                    .to_owned(),
            });
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.severity));
    found
}
