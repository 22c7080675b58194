//! How the values of a series go on: waves of the day, noise, walks, bursts.

use std::f64::consts::TAU;

use fastrand::Rng;

use crate::rows::MOST_FIELDS;

/// State of one series' values.
#[derive(Debug)]
pub struct Shape {
    chance: Rng,
    /// Requests per minute at a mean hour.
    busy: f64,
    /// Milliseconds of a request when nothing is in its way.
    quick_ms: f64,
    /// Where the day's wave is highest, as a share of the day.
    peak: f64,
    cpu: f64,
    heap_mb: f64,
    disk: f64,
    error_share: f64,
    received_bytes: f64,
    level: f64,
}

const DAY_SECS: f64 = 86_400.0;

impl Shape {
    pub fn new(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed);
        Self {
            busy: 30.0 * (3.0 * chance.f64()).exp(),
            quick_ms: 2.0 * (4.0 * chance.f64()).exp(),
            peak: 0.55 + 0.3 * chance.f64(),
            cpu: 10.0 + 50.0 * chance.f64(),
            heap_mb: 80.0 + 900.0 * chance.f64(),
            disk: 20.0 + 60.0 * chance.f64(),
            error_share: 0.03 * chance.f64(),
            received_bytes: 1e6 * chance.f64(),
            level: 15.0 + 10.0 * chance.f64(),
            chance,
        }
    }

    /// Fields of [`crate::rows::PERFORMANCE`].
    pub fn endpoint(&mut self, secs: f64) -> [i64; MOST_FIELDS] {
        let wave = self.wave(secs);
        let requests = self.about_poisson(self.busy * wave);
        let latency_ms = self.quick_ms * (1.0 + 0.5 * wave) * (0.25 * self.normal()).exp();
        self.cpu += 0.1 * (100.0 * (0.1 + 0.3 * wave) - self.cpu) + 1.5 * self.normal();
        self.cpu = self.cpu.clamp(0.0, 100.0);
        // A heap that breathes, grows, and is given back from time to time.
        self.heap_mb += if self.chance.u32(..1_000) == 0 {
            -0.2 * self.heap_mb
        } else {
            0.05
        };
        let memory_mb = self.heap_mb + 3.0 * self.normal();
        self.disk += 0.002 * self.chance.f64() + 0.01 * self.normal();
        let errors = self.about_poisson(requests * self.error_share);
        let error_percent = if requests > 0.0 {
            100.0 * errors / requests
        } else {
            0.0
        };
        let queue = self.about_poisson(4.0 * wave);
        let active = self.about_poisson(2.0 + requests * latency_ms / 60_000.0 + 20.0 * wave);
        let events = self.about_poisson(requests * 1.7);
        [
            hundredths(latency_ms),
            requests as i64,
            events as i64,
            hundredths(self.cpu),
            hundredths(memory_mb),
            hundredths(self.disk),
            hundredths(error_percent),
            queue as i64,
            active as i64,
        ]
    }

    /// Fields of [`crate::rows::MACHINE`].
    pub fn machine(&mut self, secs: f64) -> [i64; MOST_FIELDS] {
        let wave = self.wave(secs);
        self.cpu += 0.2 * (100.0 * (0.1 + 0.3 * wave) - self.cpu) + 2.0 * self.normal();
        self.cpu = self.cpu.clamp(0.0, 100.0);
        self.heap_mb = (self.heap_mb + 2.0 * self.normal()).clamp(50.0, 990.0);
        self.disk += if self.chance.u32(..200) == 0 {
            0.1
        } else {
            0.0
        };
        self.received_bytes += 2e5 * wave * self.chance.f64();
        let load = self.cpu / 25.0 + 0.05 * self.chance.f64();
        let mut scaled = [0; MOST_FIELDS];
        scaled[..5].copy_from_slice(&[
            (self.cpu * 10.0) as i64,
            self.heap_mb as i64,
            (self.disk * 10.0) as i64,
            hundredths(load),
            self.received_bytes as i64,
        ]);
        scaled
    }

    /// The field of [`crate::rows::SENSOR`].
    pub fn sensor(&mut self, secs: f64) -> [i64; MOST_FIELDS] {
        self.level += 0.2 * self.normal() + 0.02 * (TAU * secs / DAY_SECS).sin();
        let mut scaled = [0; MOST_FIELDS];
        scaled[0] = (self.level * 10.0) as i64;
        scaled
    }

    /// Seconds until something changes that changes every `mean` seconds.
    pub fn gap(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.chance.f64()).ln()
    }

    /// 0.2 to 1.8.
    fn wave(&self, secs: f64) -> f64 {
        1.0 + 0.8 * (TAU * (secs / DAY_SECS - self.peak)).cos()
    }

    /// A count whose mean is `mean`: Poisson's distribution, by the normal one that it nears.
    fn about_poisson(&mut self, mean: f64) -> f64 {
        (mean + mean.sqrt() * self.normal()).max(0.0).round()
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.chance.f64()).ln()).sqrt();
        radius * (TAU * self.chance.f64()).cos()
    }
}

fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}
