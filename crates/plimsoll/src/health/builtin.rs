//! The two checks that need nobody's help.

use crate::resources::Sample;

use super::Outcome;

/// Used part of a file system from which on it is watched, and from which on writing is about to fail.
const DISK_BOUNDS: (f64, f64) = (0.90, 0.98);

/// The same of the memory the process may use.
const MEMORY_BOUNDS: (f64, f64) = (0.90, 0.98);

/// Judges the file system of the data path.
pub(crate) fn disk_space(sample: Option<&Sample>) -> Outcome {
    match sample.and_then(|sample| sample.system.disk_ratio) {
        Some(ratio) => judge("of the disk", ratio, DISK_BOUNDS),
        None => Outcome::NotConfigured,
    }
}

/// Judges the process's memory against its effective limit, and against `max_bytes` if that is lower.
pub(crate) fn memory(sample: Option<&Sample>, max_bytes: Option<u64>) -> Outcome {
    let Some(sample) = sample else {
        return Outcome::NotConfigured;
    };
    let Some(ratio) = sample.process.memory_ratio(&sample.system) else {
        return Outcome::NotConfigured;
    };
    let outcome = judge("of the memory limit", ratio, MEMORY_BOUNDS);
    match (outcome, sample.process.memory_rss_bytes, max_bytes) {
        (Outcome::Healthy, Some(rss), Some(max)) if rss > max => Outcome::Degraded(format!(
            "{} MB in use, more than the {} MB set as maximum",
            rss >> 20,
            max >> 20
        )),
        (outcome, ..) => outcome,
    }
}

fn judge(what: &str, ratio: f64, (watched, failing): (f64, f64)) -> Outcome {
    let message = || format!("{:.1} % {what} in use", ratio * 100.0);
    if ratio >= failing {
        Outcome::Unhealthy(message())
    } else if ratio >= watched {
        Outcome::Degraded(message())
    } else {
        Outcome::Healthy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Process, System};

    fn sample(rss: u64, disk: f64) -> Sample {
        Sample {
            process: Process {
                memory_rss_bytes: Some(rss),
                ..Process::default()
            },
            system: System {
                memory_total_bytes: Some(1000 << 20),
                disk_ratio: Some(disk),
                ..System::default()
            },
        }
    }

    #[test]
    fn a_full_disk_degrades_at_ninety_percent() {
        assert_eq!(disk_space(Some(&sample(0, 0.89))), Outcome::Healthy);
        assert_eq!(
            disk_space(Some(&sample(0, 0.912))),
            Outcome::Degraded("91.2 % of the disk in use".to_owned())
        );
        assert!(matches!(
            disk_space(Some(&sample(0, 0.99))),
            Outcome::Unhealthy(_)
        ));
        assert_eq!(disk_space(None), Outcome::NotConfigured);
    }

    #[test]
    fn memory_is_judged_by_the_lower_of_limit_and_setting() {
        assert_eq!(
            memory(Some(&sample(500 << 20, 0.0)), Some(600 << 20)),
            Outcome::Healthy
        );
        assert!(matches!(
            memory(Some(&sample(700 << 20, 0.0)), Some(600 << 20)),
            Outcome::Degraded(_)
        ));
        assert!(matches!(
            memory(Some(&sample(950 << 20, 0.0)), None),
            Outcome::Degraded(_)
        ));
        assert!(matches!(
            memory(Some(&sample(990 << 20, 0.0)), None),
            Outcome::Unhealthy(_)
        ));
        assert_eq!(
            memory(Some(&Sample::default()), None),
            Outcome::NotConfigured
        );
    }
}
