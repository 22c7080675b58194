//! Histories as services have them, made from seeds. The tests of the forecast and its bench use the same.
//!
//! Written down before the forecast was, from what services look like; it is not fitted to it.

pub(crate) mod random;

use random::Random;

/// What a history is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Requests per minute of a public service: nights and weekends are quieter, or, for consumers, evenings busy.
    Traffic,
    /// Requests per minute of a tool for an office: few, almost none at night and at the weekend.
    Office,
    /// Processor use: follows the traffic, with a nightly job here and there and heavy-tailed noise.
    Processor,
    /// Resident memory, bytes: a level that deploys move, a little of the traffic; some leak until the next deploy.
    Memory,
    /// Used disk, bytes: grows with the traffic, someone cleans up now and then.
    Disk,
    /// p95 of requests, seconds: skewed noise, spikes, a bit more under load.
    Latency,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Traffic,
        Self::Office,
        Self::Processor,
        Self::Memory,
        Self::Disk,
        Self::Latency,
    ];
}

/// Values of one figure, hour by hour or day by day; `None` is a gap.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Nanoseconds since 1970 of the first value.
    pub(crate) start: i64,
    /// What is known.
    pub(crate) known: Vec<Option<f64>>,
    /// What came then.
    pub(crate) later: Vec<Option<f64>>,
}

/// Nanoseconds of an hour.
pub(crate) const HOUR_NS: i64 = 3_600_000_000_000;
const DAY: usize = 24;

/// What happens to a service in the whole time, by hour, as factors of its load; and how much it is noise.
struct Life {
    /// Of a usual week, on average about 1.
    load: Vec<f64>,
    /// Growth and level step together.
    level: Vec<f64>,
    /// Days' own weather: correlated from day to day.
    weather: Vec<f64>,
    /// Deviation of an hour, as a ratio.
    noise: f64,
    heavy_tails: bool,
}

/// A history of `weeks` weeks with what came in the `later_days` after it.
pub(crate) fn hourly(kind: Kind, weeks: usize, later_days: usize, seed: u64) -> Made {
    let mut random = Random(seed ^ ((kind as u64 + 1) << 32) ^ ((weeks as u64) << 48));
    let known = weeks * 7 * DAY;
    let hours = known + later_days * DAY;
    // A Monday's midnight in UTC and up to seven days.
    let start = (1_767_571_200 + 3_600 * random.between(0.0, 168.0) as i64) * 1_000_000_000;
    let life = life(&mut random, kind, start, known, hours);
    let values = match kind {
        Kind::Traffic => traffic(&mut random, &life, (2.0, 5_000.0)),
        Kind::Office => traffic(&mut random, &life, (0.5, 20.0)),
        Kind::Processor => processor(&mut random, &life),
        Kind::Memory => memory(&mut random, &life),
        Kind::Disk => disk(&mut random, &life),
        Kind::Latency => latency(&mut random, &life),
    };
    let mut values: Vec<Option<f64>> = values.into_iter().map(Some).collect();
    gaps(&mut random, &mut values);
    let later = values.split_off(known);
    Made {
        start,
        known: values,
        later,
    }
}

/// The same by day: the mean of what is known of its hours, a gap below twelve of them.
pub(crate) fn daily(hourly: &Made) -> Made {
    let by_day = |hours: &[Option<f64>]| {
        let days = hours.chunks(DAY).map(|day| {
            let known: Vec<f64> = day.iter().copied().flatten().collect();
            (known.len() >= 12).then(|| known.iter().sum::<f64>() / known.len() as f64)
        });
        days.collect()
    };
    Made {
        start: hourly.start,
        known: by_day(&hourly.known),
        later: by_day(&hourly.later),
    }
}

fn life(random: &mut Random, kind: Kind, start: i64, known: usize, hours: usize) -> Life {
    // Whoever uses it lives in some time zone.
    let first = (start / HOUR_NS) as usize + random.between(0.0, 24.0) as usize;
    let mut load = week(random, kind, first, hours);
    holidays(random, kind, first, &mut load);
    let wander = random.between(0.0, 0.008);
    let (spread, memory) = (random.between(0.01, 0.05), random.between(0.2, 0.7));
    let (mut today, mut walked) = (0.0, 0.0);
    let weather = (0..hours).map(|hour| {
        if hour.is_multiple_of(DAY) {
            today = memory * today + spread * (1.0 - memory * memory).sqrt() * random.normal();
            walked += wander * random.normal();
        }
        f64::exp(today + walked)
    });
    let weather = weather.collect();
    Life {
        load,
        level: level(random, known, hours),
        weather,
        noise: random.magnitude(0.02, 0.12),
        heavy_tails: random.happens(match kind {
            Kind::Processor | Kind::Latency => 0.6,
            _ => 0.3,
        }),
    }
}

/// The load of a usual week, hour by hour, averaging 1 over workdays.
fn week(random: &mut Random, kind: Kind, first: usize, hours: usize) -> Vec<f64> {
    let style = if kind == Kind::Office {
        0.0
    } else {
        random.between(0.0, 1.0)
    };
    // Humps of a workday as (hour, width, height) above the night, and what the weekend is of it.
    let (night, humps, weekend) = match style {
        style if style < 0.45 => (
            if kind == Kind::Office {
                random.between(0.0, 0.03)
            } else {
                random.between(0.1, 0.5)
            },
            [(10.5, 2.2, 1.0), (15.0, 2.4, random.between(0.7, 1.0))],
            if kind == Kind::Office {
                random.between(0.01, 0.1)
            } else {
                random.between(0.2, 0.7)
            },
        ),
        style if style < 0.8 => (
            random.between(0.1, 0.4),
            [(12.5, 3.0, random.between(0.3, 0.7)), (20.0, 2.5, 1.0)],
            random.between(0.9, 1.3),
        ),
        _ => (
            random.between(1.0, 3.0),
            [(9.0, 4.0, 0.4), (18.0, 4.0, 0.4)],
            random.between(0.85, 1.0),
        ),
    };
    let workday: Vec<f64> = (0..DAY)
        .map(|hour| {
            let hump = |&(middle, width, height): &(f64, f64, f64)| {
                let away = (hour as f64 - middle).abs();
                height * (-0.5 * (away.min(24.0 - away) / width).powi(2)).exp()
            };
            night + humps.iter().map(hump).sum::<f64>()
        })
        .collect();
    let mean = workday.iter().sum::<f64>() / DAY as f64;
    let by_day = [1.03, 1.02, 1.0, 1.0, 0.93, weekend, weekend * 0.95];
    let loads = (first..first + hours).map(|hour| {
        // 1970-01-01 was a Thursday.
        let day = (hour / DAY + 3) % 7;
        // People get up later.
        let late = if day >= 5 { DAY - 2 } else { 0 };
        by_day[day] * workday[(hour + late) % DAY] / mean
    });
    loads.collect()
}

/// One to three days off, ten or so in a year; for some a campaign instead.
fn holidays(random: &mut Random, kind: Kind, first: usize, load: &mut [f64]) {
    let mut day = 0;
    while day * DAY < load.len() {
        if random.happens(1.0 / 55.0) {
            let days = 1 + usize::from(random.happens(0.4)) + usize::from(random.happens(0.2));
            let factor = match kind {
                Kind::Office => 0.05,
                _ if random.happens(0.2) => random.between(1.2, 1.8),
                _ => random.between(0.3, 0.8),
            };
            // From midnight to midnight where the users live.
            let from = (day * DAY + DAY).saturating_sub(first % DAY);
            let end = (from + days * DAY).min(load.len());
            load[from.min(end)..end]
                .iter_mut()
                .for_each(|hour| *hour *= factor);
            day += days;
        }
        day += 1;
    }
}

/// Growth of most, and for a third one step at some hour of what is known: nobody could know of a later one.
fn level(random: &mut Random, known: usize, hours: usize) -> Vec<f64> {
    let per_week = match random.between(0.0, 1.0) {
        share if share < 0.4 => 0.0,
        share if share < 0.8 => random.between(0.0, 0.015),
        share if share < 0.95 => random.between(0.015, 0.06),
        _ => random.between(-0.02, 0.0),
    };
    let size = random.between(0.1, 0.5);
    let factor = if random.happens(0.5) { size } else { -size }.exp();
    let step = if random.happens(0.35) {
        random.between(0.0, known as f64) as usize
    } else {
        usize::MAX
    };
    let levels = (0..hours).map(|hour| {
        let grown = 1.0 + per_week * hour as f64 / (7 * DAY) as f64;
        grown * if hour >= step { factor } else { 1.0 }
    });
    levels.collect()
}

/// Some hours are lost by everyone, some senders are down for hours.
fn gaps(random: &mut Random, values: &mut [Option<f64>]) {
    let goes_down = random.happens(0.4);
    let mut hour = 0;
    while hour < values.len() {
        let lost = if goes_down && random.happens(1.0 / 500.0) {
            random.magnitude(1.0, 36.0) as usize
        } else {
            usize::from(random.happens(0.005))
        };
        let end = (hour + lost).min(values.len());
        values[hour..end].fill(None);
        hour = end + 1;
    }
}

impl Life {
    /// Noise of one hour after the other, correlated, as deviations of 1.
    fn noises(&self, random: &mut Random) -> Vec<f64> {
        let memory: f64 = 0.4;
        let mut before = 0.0;
        let noises = (0..self.load.len()).map(|_| {
            let new = if self.heavy_tails {
                random.heavy()
            } else {
                random.normal()
            };
            before = memory * before + (1.0 - memory * memory).sqrt() * new;
            before
        });
        noises.collect()
    }

    /// Load with everything that moves it, by hour.
    fn loads(&self, random: &mut Random) -> Vec<f64> {
        let noises = self.noises(random);
        let loads = noises.iter().enumerate().map(|(hour, noise)| {
            let usual = self.load[hour] * self.level[hour] * self.weather[hour];
            usual * (self.noise * noise).exp()
        });
        loads.collect()
    }
}

fn traffic(random: &mut Random, life: &Life, (least, most): (f64, f64)) -> Vec<f64> {
    let per_minute = random.magnitude(least, most);
    let loads = life.loads(random);
    let counts = loads
        .iter()
        .map(|load| random.poisson(load * per_minute * 60.0) / 60.0);
    counts.collect()
}

fn processor(random: &mut Random, life: &Life) -> Vec<f64> {
    let share = random.between(0.05, 0.4);
    let rest = random.between(0.01, 0.05);
    let job = if random.happens(0.5) {
        random.between(0.1, 0.3)
    } else {
        0.0
    };
    let loads = life.loads(random);
    let ratios = loads.iter().enumerate().map(|(hour, load)| {
        let at_work = if hour % DAY == 3 { job } else { 0.0 };
        (rest + share * load + at_work * random.between(0.8, 1.2)).min(1.0)
    });
    ratios.collect()
}

fn memory(random: &mut Random, life: &Life) -> Vec<f64> {
    let bytes = random.magnitude(1e8, 8e9);
    let swing = random.between(0.01, 0.08);
    let leak_per_day = if random.happens(0.3) {
        random.between(0.003, 0.02)
    } else {
        0.0
    };
    let noises = life.noises(random);
    let mut leaked = 0.0;
    let mut restart_in = random.between(0.0, 7.0) * DAY as f64;
    let values = noises.iter().enumerate().map(|(hour, noise)| {
        leaked += leak_per_day / DAY as f64;
        restart_in -= 1.0;
        if restart_in < 0.0 {
            leaked = 0.0;
            restart_in = random.between(3.0, 10.0) * DAY as f64;
        }
        let used = 1.0 + swing * (life.load[hour] - 1.0) + leaked;
        bytes * life.level[hour] * used * (life.noise / 4.0 * noise).exp()
    });
    values.collect()
}

fn disk(random: &mut Random, life: &Life) -> Vec<f64> {
    let bytes = random.magnitude(1e9, 1e12);
    let per_day = random.magnitude(0.000_3, 0.01);
    let rotation = random.between(0.0, 0.005);
    let loads = life.loads(random);
    let mut grown = 1.0;
    let values = loads.iter().enumerate().map(|(hour, load)| {
        grown += per_day / DAY as f64 * load / life.level[hour];
        let logs = rotation * (hour % DAY) as f64 / DAY as f64;
        // A step up is somebody's import, one down a clean-up.
        let moved = life.level[hour];
        bytes * (grown * moved + logs) * (1.0 + 0.000_5 * random.normal())
    });
    values.collect()
}

fn latency(random: &mut Random, life: &Life) -> Vec<f64> {
    let seconds = random.magnitude(0.02, 0.8);
    let of_load = random.between(0.0, 0.5);
    let noises = life.noises(random);
    let values = noises.iter().enumerate().map(|(hour, noise)| {
        let busy = 1.0 + of_load * (life.load[hour] - 1.0);
        let spike = if random.happens(0.003) {
            random.between(1.5, 4.0)
        } else {
            1.0
        };
        seconds
            * life.level[hour]
            * life.weather[hour]
            * busy
            * (2.0 * life.noise * noise).exp()
            * spike
    });
    values.collect()
}
