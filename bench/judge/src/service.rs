//! A service as there are many, ten seconds at a time: a daily wave, quiet weekends, answer times with heavy tails, a
//! restart a day, routes that are asked once a minute.

use std::sync::Arc;

use fastrand::Rng;
use plimsoll::alert::{Kind, Unit};
use plimsoll::histogram::Histogram;
use plimsoll::judge::{LevelObserved, Observed, RouteObserved};
use plimsoll::standards::{Limit, Standards};

/// Slots of an hour and of a day.
pub const HOUR: i64 = 360;
pub const DAY: i64 = 24 * HOUR;

/// Requests per minute of the routes at the height of the day.
const RATES: [f64; 10] = [1.0, 1.0, 2.0, 4.0, 6.0, 12.0, 30.0, 60.0, 90.0, 120.0];
/// Routes that are asked no more often are asked all day alike.
const BY_MACHINES: f64 = 2.0;
/// Methods and names of the routes.
const ROUTES: [(&str, &str); 10] = [
    ("GET", "/reports/{id}"),
    ("DELETE", "/cart/{id}"),
    ("POST", "/users"),
    ("GET", "/orders/{id}"),
    ("POST", "/orders"),
    ("GET", "/search"),
    ("GET", "/health"),
    ("POST", "/cart/items"),
    ("GET", "/cart"),
    ("GET", "/products/{id}"),
];

/// What goes wrong in a service, from when to when, in slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Every answer of a route takes so many times longer.
    Slow { route: usize, factor: f64 },
    /// A share of a route's requests fails.
    Errors { route: usize, share: f64 },
    /// So many connections are in use.
    Pool { used: f64 },
    /// No request comes.
    Silence,
    /// So many MB a minute are never given back.
    Leak { mb_per_minute: f64 },
}

/// A service of a seed.
pub struct Service {
    rng: Rng,
    routes: Vec<Route>,
    /// When it restarts on each day, and for how long it is away.
    restarts: Vec<(i64, i64)>,
    born: i64,
    leaked: f64,
    base_memory: f64,
    cpu: f64,
}

struct Route {
    method: Arc<str>,
    name: Arc<str>,
    per_minute: f64,
    median: f64,
    sigma: f64,
    error_rate: f64,
    /// The line of its class, seconds, and its target.
    target: f64,
}

impl Service {
    /// The service of a seed, for so many days.
    pub fn new(seed: u64, days: i64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(7_919) + 17);
        let standards = Standards::default();
        let routes = ROUTES
            .iter()
            .zip(RATES)
            .map(|(&(method, name), per_minute)| {
                let bands = standards.expected(method, name).bands;
                // The p95 lies between 15 % and 60 % of the line.
                let sigma = 0.3 + 0.4 * rng.f64();
                let p95 = bands.investigate * (0.15 * 4.0f64.powf(rng.f64()));
                Route {
                    method: method.into(),
                    name: name.into(),
                    per_minute,
                    median: p95 / (1.645 * sigma).exp(),
                    sigma,
                    error_rate: 0.001 + 0.004 * rng.f64(),
                    target: bands.target,
                }
            });
        let routes = routes.collect();
        let restarts = (0..days).map(|day| (day * DAY + rng.i64(0..DAY - HOUR), rng.i64(2..9)));
        let restarts = restarts.collect();
        Self {
            routes,
            restarts,
            born: 0,
            leaked: 0.0,
            base_memory: 80.0 + 60.0 * rng.f64(),
            cpu: 0.15 + 0.25 * rng.f64(),
            rng,
        }
    }

    /// Routes of which three times the usual answer time is past what their class has for target.
    pub fn noticeable(&self) -> Vec<usize> {
        let routes = self.routes.iter().enumerate();
        let past = routes.filter(|(_, route)| {
            3.0 * route.median * (1.645 * route.sigma).exp() > 1.1 * route.target
        });
        past.map(|(at, _)| at).collect()
    }

    /// What it does in a slot.
    pub fn slot(&mut self, slot: i64, fault: Option<Fault>) -> Observed {
        let restart = self
            .restarts
            .iter()
            .find(|(at, away)| (*at..*at + away + 3).contains(&slot));
        if let Some(&(at, away)) = restart {
            if slot < at + away {
                return Observed::default();
            }
            if slot == at + away {
                self.born = slot;
                self.leaked = 0.0;
            }
        }
        // Cold for up to half a minute.
        let warm = (slot - self.born).clamp(0, 3) as f64;
        let cold = if self.born > 0 && warm < 3.0 {
            5.0 - 4.0 * warm / 3.0
        } else {
            1.0
        };
        let wave = wave(slot);
        let mut observed = Observed {
            started: self.born == slot && slot > 0,
            ..Observed::default()
        };
        if fault != Some(Fault::Silence) {
            for at in 0..self.routes.len() {
                let slower = match fault {
                    Some(Fault::Slow { route, factor }) if route == at => factor,
                    _ => 1.0,
                };
                let failing = match fault {
                    Some(Fault::Errors { route, share }) if route == at => Some(share),
                    _ => None,
                };
                // Under load answers take up to a third longer.
                let factor = slower * cold * (1.0 + 0.33 * wave);
                observed
                    .routes
                    .extend(self.requests(at, wave, factor, failing));
            }
        }
        self.levels(&mut observed, slot, wave, fault);
        observed
    }

    fn requests(
        &mut self,
        at: usize,
        wave: f64,
        factor: f64,
        failing: Option<f64>,
    ) -> Option<RouteObserved> {
        // What is asked once or twice a minute is asked by machines, day and night.
        let per_minute = self.routes[at].per_minute;
        let wave = if per_minute <= BY_MACHINES { 1.0 } else { wave };
        let expected = per_minute * wave / 6.0;
        let count = poisson(&mut self.rng, expected);
        if count == 0 {
            return None;
        }
        let route = &self.routes[at];
        let mut duration = Histogram::new();
        let mut errors = 0;
        for _ in 0..count {
            let mut secs = route.median * (route.sigma * normal(&mut self.rng)).exp() * factor;
            // One of a hundred waits for something else: a heavy tail without a mean square.
            if self.rng.u8(..100) == 0 {
                secs *= 2.0 * (1.0 - self.rng.f64()).powf(-1.0 / 1.8);
            }
            duration.record(secs.min(60.0));
            errors += u64::from(self.rng.f64() < failing.unwrap_or(route.error_rate));
        }
        Some(RouteObserved {
            method: route.method.clone(),
            route: route.name.clone(),
            duration,
            errors,
        })
    }

    fn levels(&mut self, observed: &mut Observed, slot: i64, wave: f64, fault: Option<Fault>) {
        let rng = &mut self.rng;
        let peak = if rng.u8(..50) == 0 { 0.5 } else { 0.0 };
        let cpu = (self.cpu * (0.4 + wave) + 0.05 * normal(rng) + peak).clamp(0.01, 1.0);
        let age = (slot - self.born) as f64;
        if let Some(Fault::Leak { mb_per_minute }) = fault {
            self.leaked += mb_per_minute / 6.0;
        }
        let warm = self.base_memory * (1.0 - 0.5 * (-age / 18.0).exp());
        let sawtooth = 12.0 * (slot % 9) as f64 / 9.0;
        let memory = warm + sawtooth + 20.0 * wave + 3.0 * normal(rng) + self.leaked;
        let pool = match fault {
            Some(Fault::Pool { used }) => used,
            _ => f64::from(poisson(rng, 2.0 + 6.0 * wave)),
        };
        let mb = 1_048_576.0;
        let level = |key: &str, kind, unit, value, limit| LevelObserved {
            key: key.into(),
            kind,
            unit,
            value,
            limit: Limit::Ceiling(limit),
        };
        observed.levels = vec![
            level("cpu", Kind::ResourceViolation, Unit::Ratio, cpu, 0.8),
            level(
                "memory",
                Kind::HighMemory,
                Unit::Bytes,
                memory * mb,
                500.0 * mb,
            ),
            level(
                "pool:postgres",
                Kind::ResourceViolation,
                Unit::Count,
                pool,
                20.0,
            ),
        ];
        observed.memory = vec![("a".into(), memory * mb)];
    }
}

/// Traffic by the hour of the day, 0.15 at night to 1; half of it at weekends.
fn wave(slot: i64) -> f64 {
    let day = slot.div_euclid(DAY);
    let hour = slot.rem_euclid(DAY) as f64 / HOUR as f64;
    let of_day = 0.575 - 0.425 * (std::f64::consts::TAU * (hour - 2.0) / 24.0).cos();
    // The first day is a Thursday, as the epoch's.
    if matches!(day.rem_euclid(7), 2 | 3) {
        0.5 * of_day
    } else {
        of_day
    }
}

fn poisson(rng: &mut Rng, expected: f64) -> u32 {
    if expected > 30.0 {
        return (expected + expected.sqrt() * normal(rng)).max(0.0).round() as u32;
    }
    let (mut count, mut product) = (0, rng.f64());
    let limit = (-expected).exp();
    while product > limit {
        count += 1;
        product *= rng.f64();
    }
    count
}

/// Standard normal, by Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}
