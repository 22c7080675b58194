//! From `standards.toml` as it is written to [`Standards`].

mod checks;
mod limits;

use super::error::StandardsError;
use super::raw::{KEYS, Raw, RawClass, RawRoute};
use super::{Bands, Class, Override, Pattern, Standards};
use crate::config::{self, Profile};

/// A file with the places of its keys.
struct File<'a> {
    places: config::Places<'a>,
}

type Checked<T> = Result<T, StandardsError>;

pub(super) fn parse(text: &str, profile: Profile) -> Checked<Standards> {
    let no_toml = |error: toml::de::Error| StandardsError {
        line: config::line_of_error(text, &error),
        key: String::new(),
        reason: error.message().to_owned(),
    };
    let places = config::Places::of(text).map_err(no_toml)?;
    let raw: Raw = toml::from_str(text).map_err(|error| StandardsError {
        line: config::line_of_error(text, &error),
        key: places.key_of(&error).unwrap_or_default().to_owned(),
        reason: format!(
            "{}{}",
            error.message(),
            config::hint(&error, KEYS.iter().copied())
        ),
    })?;
    File { places }.standards(raw, profile)
}

impl File<'_> {
    fn wrong<T>(&self, key: &str, reason: impl Into<String>) -> Checked<T> {
        Err(StandardsError {
            line: self.places.line(key),
            key: key.to_owned(),
            reason: reason.into(),
        })
    }

    fn standards(&self, raw: Raw, profile: Profile) -> Checked<Standards> {
        let profile = match raw.profile.as_deref() {
            None => profile,
            Some(name) => match Profile::named(name) {
                Some(profile) => profile,
                None => {
                    let reason = format!("must be dev, prod or home-assistant, but is {name:?}");
                    return self.wrong("profile", reason);
                }
            },
        };
        let mut standards = Standards::of(profile);
        if let Some(objective) = self.share("objective", raw.objective, false)? {
            for class in &mut standards.classes {
                class.objective = objective;
            }
        }
        let objective = raw.objective.unwrap_or(Standards::OBJECTIVE);
        if let Some(days) = raw.objective_days {
            if !(1..=90).contains(&days) {
                return self.wrong("objective_days", format!("must be 1 to 90, but is {days}"));
            }
            standards.objective_days = days;
        }
        // In the order of the file, which is the order on the page.
        let mut classes: Vec<(String, RawClass)> = raw.classes.into_iter().collect();
        classes.sort_by_key(|(name, _)| self.places.line(&config::join("classes", name)));
        for (name, class) in classes {
            self.class(&mut standards, &name, class, objective)?;
        }
        for (at, route) in raw.routes.into_iter().enumerate() {
            self.route(&mut standards, at, route)?;
        }
        self.refuse_clashes(&standards)?;
        self.limits(&mut standards, &raw.limits)?;
        self.slow(&mut standards, &raw.slow)?;
        self.alerts(&mut standards.alerts, &raw.alerts)?;
        for (name, resource) in raw.resources {
            let key = format!("{}.limit", config::join("resources", &name));
            if let Some(limit) = self.positive(&key, Some(resource.limit))? {
                standards.resources.insert(name, limit);
            }
        }
        Ok(standards)
    }

    fn class(
        &self,
        standards: &mut Standards,
        name: &str,
        raw: RawClass,
        objective: f64,
    ) -> Checked<()> {
        let table = config::join("classes", name);
        let key = |name: &str| format!("{table}.{name}");
        let at = standards.class_at(name);
        let known = at.map(|at| standards.classes[at].bands);
        let times = [raw.target_ms, raw.acceptable_ms, raw.investigate_ms];
        let bands = match (self.bands(&table, times, known)?, known) {
            (Some(bands), _) => bands,
            (None, Some(bands)) => bands,
            (None, None) => {
                let reason = "a class of your own needs `investigate_ms`, the line of its p95";
                return self.wrong(&table, reason);
            }
        };
        let throughput = self.positive(&key("throughput_per_second"), raw.throughput_per_second)?;
        let floor = self.positive(&key("floor_per_minute"), raw.floor_per_minute)?;
        let own_objective = self.share(&key("objective"), raw.objective, false)?;
        let at = at.unwrap_or_else(|| {
            standards.classes.push(Class {
                name: name.into(),
                bands,
                throughput_per_second: None,
                floor_per_minute: None,
                objective,
            });
            standards.classes.len() - 1
        });
        let class = &mut standards.classes[at];
        class.bands = bands;
        class.throughput_per_second = throughput.or(class.throughput_per_second);
        class.floor_per_minute = floor.or(class.floor_per_minute);
        class.objective = own_objective.unwrap_or(class.objective);
        for (number, route) in raw.routes.iter().enumerate() {
            let key = format!("{table}.routes[{number}]");
            standards.overrides.push(Override {
                pattern: self.pattern(&key, route)?,
                class: Some(at),
                bands: None,
                key,
            });
        }
        Ok(())
    }

    fn route(&self, standards: &mut Standards, at: usize, raw: RawRoute) -> Checked<()> {
        let table = format!("routes[{at}]");
        if raw.route.is_empty() {
            return self.wrong(&table, "needs `route`, such as \"POST /orders\"");
        }
        let pattern = self.pattern(&format!("{table}.route"), &raw.route)?;
        let class = match &raw.class {
            None => None,
            Some(name) => match standards.class_at(name) {
                Some(at) => Some(at),
                None => {
                    let known: Vec<&str> =
                        standards.classes.iter().map(|class| &*class.name).collect();
                    let reason =
                        format!("there is no class {name:?}; there are {}", known.join(", "));
                    return self.wrong(&format!("{table}.class"), reason);
                }
            },
        };
        let known = class.map(|at| standards.classes[at].bands);
        let times = [raw.target_ms, raw.acceptable_ms, raw.investigate_ms];
        let bands = self.bands(&table, times, known)?;
        if class.is_none() && bands.is_none() {
            return self.wrong(&table, "says neither a `class` nor times");
        }
        standards.overrides.push(Override {
            pattern,
            class,
            bands,
            key: format!("{table}.route"),
        });
        Ok(())
    }

    fn pattern(&self, key: &str, text: &str) -> Checked<Pattern> {
        text.parse()
            .or_else(|error: super::PatternError| self.wrong(key, error.to_string()))
    }

    /// Of two patterns that have a route in common and say different things about it, one must be the narrower.
    fn refuse_clashes(&self, standards: &Standards) -> Checked<()> {
        let all = &standards.overrides;
        for (at, one) in all.iter().enumerate() {
            for other in &all[..at] {
                let differ =
                    (one.class.is_some() && other.class.is_some() && one.class != other.class)
                        || (one.bands.is_some() && other.bands.is_some());
                let clash = one.pattern.meets(&other.pattern)
                    && one.pattern.covers(&other.pattern) == other.pattern.covers(&one.pattern);
                if differ && clash {
                    let line = self.places.line(&other.key);
                    let reason = format!(
                        "{} and {} of line {line} have routes in common, and neither is the narrower",
                        one.pattern, other.pattern
                    );
                    return self.wrong(&one.key, reason);
                }
            }
        }
        Ok(())
    }

    /// The bands of three optional times in milliseconds; `None` where none is given. What is not given is as in `known`, or
    /// follows from the line.
    fn bands(
        &self,
        table: &str,
        times: [Option<f64>; 3],
        known: Option<Bands>,
    ) -> Checked<Option<Bands>> {
        let names = ["target_ms", "acceptable_ms", "investigate_ms"];
        let mut secs = [None; 3];
        for (at, name) in names.iter().enumerate() {
            let checked = self.positive(&format!("{table}.{name}"), times[at])?;
            secs[at] = checked.map(|ms| ms / 1e3);
        }
        let bands = match (secs, known) {
            ([None, None, None], _) => return Ok(None),
            // A line alone moves the other two with it.
            ([None, None, Some(investigate)], _) => Bands::below(investigate),
            ([target, acceptable, Some(investigate)], _) => {
                let below = Bands::below(investigate);
                Bands {
                    target: target.unwrap_or(below.target.min(acceptable.unwrap_or(f64::INFINITY))),
                    acceptable: acceptable.unwrap_or(below.acceptable.max(target.unwrap_or(0.0))),
                    investigate,
                }
            }
            ([target, acceptable, None], Some(known)) => Bands {
                target: target.unwrap_or(known.target),
                acceptable: acceptable.unwrap_or(known.acceptable),
                investigate: known.investigate,
            },
            ([_, _, None], None) => {
                return self.wrong(table, "needs `investigate_ms`, the line of the p95");
            }
        };
        let ordered = [bands.target, bands.acceptable, bands.investigate];
        for pair in 0..2 {
            if ordered[pair] > ordered[pair + 1] {
                let at = if times[pair].is_some() {
                    pair
                } else {
                    pair + 1
                };
                let reason = format!(
                    "`{}` ({} ms) is above `{}` ({} ms)",
                    names[pair],
                    ordered[pair] * 1e3,
                    names[pair + 1],
                    ordered[pair + 1] * 1e3
                );
                return self.wrong(&format!("{table}.{}", names[at]), reason);
            }
        }
        Ok(Some(bands))
    }
}
