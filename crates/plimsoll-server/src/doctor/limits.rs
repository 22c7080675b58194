//! What the system lets the server have: memory, processor time, open files.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, bytes};
use crate::config::Config;
use crate::ingest::{BODIES_AT_ONCE, READERS};

/// What the server takes beside bodies and rows: its program, its indexes, what its threads hold.
const BASE_BYTES: u64 = 150_000_000;
/// Descriptors beside those of connections: files of the store, the log, the listener.
const OTHER_DESCRIPTORS: u64 = 128;
/// Less than half a processor makes queries wait for writes.
const CPU_WARN_CORES: f64 = 0.5;

/// The limits of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Most memory of its control group.
    pub memory_bytes: Option<u64>,
    /// Most processor time of its control group, in processors.
    pub cpu_cores: Option<f64>,
    /// Most descriptors it may have open.
    pub descriptors: Option<u64>,
}

impl Limits {
    /// Of a process; `None`: of this one.
    pub fn of(process: Option<u32>) -> Self {
        let process = process.map_or("self".to_owned(), |process| process.to_string());
        let proc = Path::new("/proc").join(process);
        let groups = fs::read_to_string(proc.join("cgroup")).unwrap_or_default();
        let limits = fs::read_to_string(proc.join("limits")).unwrap_or_default();
        let group = |controller| group_folders(&groups, controller);
        let memory = least(
            &group("memory"),
            &["memory.max", "memory.limit_in_bytes"],
            |text| text.trim().parse::<u64>().ok(),
        );
        Self {
            // Version 1 says "no limit" by a number near the largest.
            memory_bytes: memory.filter(|limit| *limit < 1 << 60),
            cpu_cores: least(&group("cpu"), &["cpu.max"], cpu_max),
            descriptors: descriptors(&limits),
        }
    }
}

/// The folders of a group and of those above it, in the one hierarchy or in that of `controller`.
fn group_folders(groups: &str, controller: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let root = match controllers {
            "" => PathBuf::from("/sys/fs/cgroup"),
            named if named.split(',').any(|name| name == controller) => {
                Path::new("/sys/fs/cgroup").join(controller)
            }
            _ => continue,
        };
        let below = Path::new(path.trim_start_matches('/'));
        folders.extend(below.ancestors().map(|above| root.join(above)));
    }
    folders
}

fn least<T: PartialOrd>(
    folders: &[PathBuf],
    files: &[&str],
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let paths = folders
        .iter()
        .flat_map(|folder| files.iter().map(move |file| folder.join(file)));
    let limits = paths.filter_map(|path| read(&fs::read_to_string(path).ok()?));
    limits.reduce(|least, limit| if limit < least { limit } else { least })
}

/// `50000 100000`: half a processor; `max 100000`: no limit.
fn cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

/// `Max open files            1024                 524288               files`.
fn descriptors(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// The most that the settings let the server take at once.
pub fn memory_needed(config: &Config) -> u64 {
    let bodies = BODIES_AT_ONCE.saturating_mul(config.body.sent);
    let unfolded = READERS.saturating_mul(config.body.decompressed);
    // Rows in memory, and those that are being sealed meanwhile.
    let rows = config.store.seal_bytes.saturating_mul(2);
    BASE_BYTES + (bodies.saturating_add(unfolded).saturating_add(rows)) as u64
}

/// Judges limits against settings.
pub fn judge(limits: &Limits, config: &Config) -> Vec<Finding> {
    let needed = memory_needed(config);
    let memory = match limits.memory_bytes {
        None => Finding::ok("memory limit", "none"),
        Some(limit) if limit < needed => Finding::warn(
            "memory limit",
            format!(
                "{} of the control group, but with the largest bodies at once the server may take {}",
                bytes(limit),
                bytes(needed)
            ),
            "server.body_decompressed_max_mb = 32, server.body_max_mb = 8, store.seal_mb = 16, or raise the limit",
        ),
        Some(limit) => Finding::ok(
            "memory limit",
            format!("{} of the control group", bytes(limit)),
        ),
    };
    let cpu = match limits.cpu_cores {
        None => Finding::ok("processor limit", "none"),
        Some(cores) if cores < CPU_WARN_CORES => Finding::warn(
            "processor limit",
            format!("{cores:.2} processors: queries and writes wait for each other"),
            "raise the limit of the control group to at least one processor",
        ),
        Some(cores) => Finding::ok("processor limit", format!("{cores:.2} processors")),
    };
    let most =
        config.connections_max as u64 + config.store.max_open_files as u64 + OTHER_DESCRIPTORS;
    let files = match limits.descriptors {
        Some(limit) if limit < most => Finding::warn(
            "open files",
            format!(
                "{limit} may be open, but {} connections (`server.connections_max`) and the store's files need {most}",
                config.connections_max
            ),
            format!(
                "ulimit -n {most} before plimsoll serve (systemd: LimitNOFILE={most}), or server.connections_max = {}",
                (limit / 2).max(1)
            ),
        ),
        Some(limit) => Finding::ok(
            "open files",
            format!("{limit} may be open, {most} are needed at most"),
        ),
        None => Finding::ok("open files", "the limit is not told"),
    };
    vec![memory, cpu, files]
}

#[cfg(test)]
mod tests {
    use super::super::{State, worst};
    use super::*;
    use crate::config::Layers;

    #[test]
    fn limits_below_what_the_settings_need_are_told() {
        let config = Layers::defaults().config().unwrap();
        let roomy = Limits {
            memory_bytes: Some(4_000_000_000),
            cpu_cores: Some(1.0),
            descriptors: Some(65_536),
        };
        assert_eq!(worst(&judge(&roomy, &config)), State::Ok);
        for tight in [
            Limits {
                memory_bytes: Some(512_000_000),
                ..roomy
            },
            Limits {
                cpu_cores: Some(0.25),
                ..roomy
            },
            Limits {
                descriptors: Some(1_024),
                ..roomy
            },
        ] {
            assert_eq!(worst(&judge(&tight, &config)), State::Warn, "{tight:?}");
        }
    }

    #[test]
    fn the_settings_that_are_advised_fit_into_half_a_gigabyte() {
        let mut layers = Layers::defaults();
        let text =
            "[server]\nbody_decompressed_max_mb = 32\nbody_max_mb = 8\n[store]\nseal_mb = 16\n";
        layers.file(Path::new("advised.toml"), text).unwrap();
        assert!(memory_needed(&layers.config().unwrap()) < 512_000_000);
    }

    #[test]
    fn limits_are_read_as_the_kernel_writes_them() {
        assert_eq!(cpu_max("50000 100000\n"), Some(0.5));
        assert_eq!(cpu_max("max 100000\n"), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(descriptors(limits), Some(1_024));
        let two = group_folders("0::/a/b\n", "memory");
        assert_eq!(two[0], Path::new("/sys/fs/cgroup/a/b"));
        assert_eq!(two.len(), 3);
        let one = group_folders("5:cpu,cpuacct:/x\n4:memory:/y\n", "memory");
        assert_eq!(one[0], Path::new("/sys/fs/cgroup/memory/y"));
        assert!(Limits::of(None).descriptors.is_some());
    }
}
