//! Why a route is slow: looked for in the order database, cache, processors, others.

use super::command::{argument, exemplars};
use crate::analysis::situation::{CallNow, FunctionNow, RouteNow, Situation, StatementNow};
use crate::analysis::words::{count, duration, share};

/// Why, as far as the numbers tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The same statement many times for each request.
    Repeated {
        /// Which.
        statement: String,
        /// How often for a request.
        per_request: f64,
        /// Statements of any kind for a request.
        all_per_request: f64,
        /// Its share of the route's time, as far as one waits for the other.
        share: f64,
    },
    /// A statement that takes long.
    Statement {
        /// Which.
        statement: String,
        /// Its p95, seconds.
        p95: f64,
        /// Its share of the route's time.
        share: f64,
    },
    /// A cache that misses.
    Cache {
        /// Which.
        name: String,
        /// Its hit rate.
        hit_rate: f64,
    },
    /// The processors are busy.
    Processors {
        /// Share of what the service may use.
        ratio: f64,
    },
    /// Another service.
    Call {
        /// Which.
        peer: String,
        /// Its p95, seconds.
        p95: f64,
    },
    /// A function of its own.
    Function {
        /// Which.
        name: String,
        /// Its p95, seconds.
        p95: f64,
    },
    /// Nothing that is measured explains it.
    Elsewhere,
}

/// Statements of one kind for a request that are too many.
pub(super) const MANY: f64 = 5.0;
/// Share of a route's time that explains it.
const MOST: f64 = 0.4;
/// Share of the processors beyond which they explain it.
const BUSY: f64 = 0.8;
/// Hit rate below which a cache explains it.
const MISSING: f64 = 0.5;

/// Why a route takes so long.
pub fn diagnose(situation: &Situation, route: &RouteNow) -> Cause {
    let statements: Vec<&StatementNow> = situation.statements_of(route).collect();
    if let Some(cause) = database(situation, route, &statements) {
        return cause;
    }
    let missing = situation.levels.iter().find_map(|level| {
        let name = level.key.strip_prefix("cache:")?;
        (level.value < MISSING).then(|| Cause::Cache {
            name: name.to_owned(),
            hit_rate: level.value,
        })
    });
    if let Some(cache) = missing {
        return cache;
    }
    if let Some(cpu) = situation.level("cpu").filter(|cpu| cpu.value > BUSY) {
        return Cause::Processors { ratio: cpu.value };
    }
    let slowest: Option<&CallNow> = situation
        .calls
        .iter()
        .filter(|call| call.p95 > MOST * route.p95)
        .max_by(|one, other| one.total.total_cmp(&other.total));
    if let Some(call) = slowest {
        return Cause::Call {
            peer: call.peer.clone(),
            p95: call.p95,
        };
    }
    function(situation, route).map_or(Cause::Elsewhere, |function| Cause::Function {
        name: function.name.clone(),
        p95: function.p95,
    })
}

/// The function that takes the route's time. Which route called it is not measured: it must be called about as often as
/// the route is asked, and take most of its time, but no more.
fn function<'a>(situation: &'a Situation, route: &RouteNow) -> Option<&'a FunctionNow> {
    let asked = route.requests.max(1) as f64;
    let fits = situation.functions.iter().filter(|function| {
        let often = function.calls as f64 / asked;
        let of_request = function.total / asked;
        (0.5..1.5).contains(&often) && (MOST..1.2).contains(&(of_request / route.mean.max(1e-9)))
    });
    fits.max_by(|one, other| one.total.total_cmp(&other.total))
}

fn database(
    situation: &Situation,
    route: &RouteNow,
    statements: &[&StatementNow],
) -> Option<Cause> {
    let requests = route.requests.max(1) as f64;
    let of_request: f64 = statements.iter().map(|one| one.total).sum::<f64>() / requests;
    let bottleneck = situation.standards.slow.bottleneck_query.as_secs_f64();
    if of_request < bottleneck && of_request < MOST * route.mean {
        return None;
    }
    let most = statements
        .iter()
        .max_by(|one, other| one.total.total_cmp(&other.total))?;
    let share = (most.total / requests / route.mean.max(1e-9)).min(1.0);
    let per_request = most.executions as f64 / requests;
    let all: u64 = statements.iter().map(|one| one.executions).sum();
    if per_request >= MANY {
        return Some(Cause::Repeated {
            statement: most.statement.clone(),
            per_request,
            all_per_request: all as f64 / requests,
            share,
        });
    }
    Some(Cause::Statement {
        statement: most.statement.clone(),
        p95: most.p95,
        share,
    })
}

impl Cause {
    /// In a sentence, and the numbers for it.
    pub(super) fn told(&self) -> (String, Vec<String>) {
        match self {
            Self::Repeated {
                per_request,
                all_per_request,
                share: of_time,
                ..
            } => (
                format!(
                    "It asks once per item: {} of its {} queries are the same.",
                    count(per_request.round()),
                    count(all_per_request.round())
                ),
                vec![format!("{} of its time is spent in these queries", share(*of_time))],
            ),
            Self::Statement {
                p95,
                share: of_time,
                ..
            } => (
                format!("It waits for the database: {} of its time for one statement.", share(*of_time)),
                vec![format!("the statement's p95 is {}", duration(*p95))],
            ),
            Self::Cache { name, hit_rate } => (
                format!("The cache {name} misses: it answers {} of the lookups.", share(*hit_rate)),
                Vec::new(),
            ),
            Self::Processors { ratio } => (
                format!("The processors are busy: {} of what it may use.", share(*ratio)),
                Vec::new(),
            ),
            Self::Call { peer, p95 } => (
                format!("It waits for {peer}, whose answers take {} (p95).", duration(*p95)),
                Vec::new(),
            ),
            Self::Function { name, p95 } => (
                format!("It spends its time in {name}, which takes {} (p95).", duration(*p95)),
                Vec::new(),
            ),
            Self::Elsewhere => (
                "Neither database nor processors nor calls explain it: it waits inside, or for the network.".to_owned(),
                Vec::new(),
            ),
        }
    }

    /// What to do, and what to copy for it.
    pub(super) fn action(
        &self,
        situation: &Situation,
        route: &RouteNow,
    ) -> (String, Option<String>) {
        match self {
            Self::Repeated { statement, .. } => (
                "Ask once for all items:".to_owned(),
                Some(for_all(statement)),
            ),
            Self::Statement { statement, .. } => (
                "See whether an index is missing:".to_owned(),
                Some(format!("EXPLAIN {statement}")),
            ),
            Self::Cache { name, .. } => (
                format!("Keep what {name} holds for longer, or warm it."),
                None,
            ),
            Self::Processors { .. } => (
                "See what it computes:".to_owned(),
                Some(format!(
                    "perf top -p $(pgrep -d, {})",
                    argument(&situation.service)
                )),
            ),
            Self::Call { peer, .. } => (
                format!(
                    "Look how {peer} is, and give the call a time-out shorter than your own line."
                ),
                None,
            ),
            Self::Function { name, .. } => (
                format!(
                    "Look at what {name} waits for, and give that a time-out shorter than your own line."
                ),
                None,
            ),
            Self::Elsewhere => match exemplars(situation, route) {
                Some(command) => ("See its slowest requests:".to_owned(), Some(command)),
                None => (
                    "Track the functions that it calls, to see where the time goes:".to_owned(),
                    Some("#[plimsoll::track]".to_owned()),
                ),
            },
        }
    }
}

/// The statement, asked for many: `WHERE sku = ?` becomes `WHERE sku IN (?)` with all of them.
fn for_all(statement: &str) -> String {
    match statement.rfind(" = ?") {
        Some(at)
            if statement
                .trim_start()
                .to_ascii_uppercase()
                .starts_with("SELECT") =>
        {
            format!("{} IN (?, …){}", &statement[..at], &statement[at + 4..])
        }
        _ => statement.to_owned(),
    }
}
