//! Limits of the control groups around the process, version 1 and 2.

use std::path::{Path, PathBuf};

use super::proc::named;

/// Where the groups of this process are; found once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Groups {
    memory: Option<Group>,
    cpu: Option<Group>,
}

/// One controller's folder for this process, and the folder above which no group is visible.
#[derive(Debug, PartialEq)]
struct Group {
    version: Version,
    folder: PathBuf,
    mount: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    V1,
    V2,
}

/// What the groups allow, and what the process's own one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub(super) memory_bytes: Option<u64>,
    pub(super) memory_counted_bytes: Option<u64>,
    pub(super) cpu_cores: Option<f64>,
}

impl Groups {
    /// Finds the groups named by `/proc/self/cgroup` in the mounts of `/proc/self/mountinfo`.
    pub(super) fn find(cgroup: &str, mountinfo: &str) -> Self {
        Self {
            memory: controller(cgroup, mountinfo, "memory"),
            cpu: controller(cgroup, mountinfo, "cpu"),
        }
    }

    /// Reads the limits; `read` gives the text of a file, if there is one.
    pub(super) fn limits(&self, read: impl Fn(&Path) -> Option<String>) -> Limits {
        let memory = self.memory.as_ref();
        Limits {
            memory_bytes: memory.and_then(|group| group.lowest(&read, memory_limit)),
            memory_counted_bytes: memory.and_then(|group| group.memory_counted(&read)),
            cpu_cores: self.cpu.as_ref().and_then(|group| {
                group
                    .lowest(&read, |version, folder, read| {
                        cpu_cores(version, folder, read).map(ordered)
                    })
                    .map(f64::from_bits)
            }),
        }
    }
}

/// Positive floats order like their bits.
fn ordered(cores: f64) -> u64 {
    cores.to_bits()
}

impl Group {
    /// The lowest limit of this group and those above it.
    fn lowest<R: Fn(&Path) -> Option<String>>(
        &self,
        read: &R,
        limit: impl Fn(Version, &Path, &R) -> Option<u64>,
    ) -> Option<u64> {
        let folders = self
            .folder
            .ancestors()
            .take_while(|folder| folder.starts_with(&self.mount));
        folders
            .filter_map(|folder| limit(self.version, folder, read))
            .min()
    }

    fn memory_counted(&self, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
        let (usage, droppable) = match self.version {
            Version::V1 => ("memory.usage_in_bytes", "total_inactive_file "),
            Version::V2 => ("memory.current", "inactive_file "),
        };
        let used: u64 = read(&self.folder.join(usage))?.trim().parse().ok()?;
        let stat = read(&self.folder.join("memory.stat")).unwrap_or_default();
        Some(used.saturating_sub(named(&stat, droppable).unwrap_or(0)))
    }
}

fn memory_limit(
    version: Version,
    folder: &Path,
    read: &impl Fn(&Path) -> Option<String>,
) -> Option<u64> {
    let file = match version {
        Version::V1 => "memory.limit_in_bytes",
        Version::V2 => "memory.max",
    };
    let bytes: u64 = read(&folder.join(file))?.trim().parse().ok()?;
    // Version 1 says "none" with the highest multiple of a page; version 2 says "max", which is no number.
    (bytes < 1 << 62).then_some(bytes)
}

fn cpu_cores(
    version: Version,
    folder: &Path,
    read: &impl Fn(&Path) -> Option<String>,
) -> Option<f64> {
    let number = |file: &str| read(&folder.join(file))?.trim().parse::<f64>().ok();
    let (quota, period) = match version {
        Version::V1 => (number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?),
        Version::V2 => {
            let text = read(&folder.join("cpu.max"))?;
            let (quota, period) = text.trim().split_once(' ')?;
            (quota.parse().ok()?, period.parse().ok()?)
        }
    };
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

fn controller(cgroup: &str, mountinfo: &str, controller: &str) -> Option<Group> {
    let mut unified = None;
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if controllers.split(',').any(|name| name == controller) {
            return mounted(mountinfo, Version::V1, Some(controller), path);
        }
        if controllers.is_empty() {
            unified = Some(path);
        }
    }
    mounted(mountinfo, Version::V2, None, unified?)
}

/// The folder of the group `path` below the mount of its hierarchy.
fn mounted(
    mountinfo: &str,
    version: Version,
    controller: Option<&str>,
    path: &str,
) -> Option<Group> {
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let mut left = left.split(' ').skip(3);
        let (Some(root), Some(mount)) = (left.next(), left.next()) else {
            continue;
        };
        let mut right = right.split(' ');
        let (Some(kind), Some(_), Some(options)) = (right.next(), right.next(), right.next())
        else {
            continue;
        };
        let is_it = match version {
            Version::V1 => {
                kind == "cgroup" && options.split(',').any(|option| Some(option) == controller)
            }
            Version::V2 => kind == "cgroup2",
        };
        if is_it {
            let mount = PathBuf::from(mount);
            // A container sees the mount start at its own group (`root`), but the path of the host.
            let below = path.strip_prefix(root.trim_end_matches('/')).unwrap_or("");
            // The path of a process moved out of its namespace starts with "/..": its own limits cannot be seen.
            let below = if below.starts_with("/..") { "" } else { below };
            let folder = mount.join(below.trim_start_matches('/'));
            return Some(Group {
                version,
                folder,
                mount,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn limits(cgroup: &str, mountinfo: &str, files: &[(&str, &str)]) -> Limits {
        let files: HashMap<_, _> = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), *text))
            .collect();
        Groups::find(cgroup, mountinfo)
            .limits(|path| files.get(path).map(|text| (*text).to_owned()))
    }

    const V2_MOUNT: &str = "24 1 0:21 / /proc rw - proc proc rw\n\
                            35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn the_lowest_limit_of_all_groups_above_counts() {
        let found = limits(
            "0::/system.slice/shop.service\n",
            V2_MOUNT,
            &[
                (
                    "/sys/fs/cgroup/system.slice/shop.service/memory.max",
                    "max\n",
                ),
                ("/sys/fs/cgroup/system.slice/memory.max", "536870912\n"),
                (
                    "/sys/fs/cgroup/system.slice/shop.service/memory.current",
                    "104857600\n",
                ),
                (
                    "/sys/fs/cgroup/system.slice/shop.service/memory.stat",
                    "anon 1\ninactive_file 4857600\n",
                ),
                (
                    "/sys/fs/cgroup/system.slice/shop.service/cpu.max",
                    "150000 100000\n",
                ),
                ("/sys/fs/cgroup/system.slice/cpu.max", "max 100000\n"),
            ],
        );
        let expected = Limits {
            memory_bytes: Some(536_870_912),
            memory_counted_bytes: Some(100_000_000),
            cpu_cores: Some(1.5),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_container_of_version_1_finds_its_files_at_the_mount() {
        let mounts = "40 30 0:35 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
                      41 30 0:36 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n";
        let found = limits(
            "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
            mounts,
            &[
                ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
                ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n"),
                (
                    "/sys/fs/cgroup/memory/memory.stat",
                    "total_inactive_file 400\n",
                ),
                ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
                ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ],
        );
        let expected = Limits {
            memory_bytes: Some(268_435_456),
            memory_counted_bytes: Some(600),
            cpu_cores: Some(0.5),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn no_limit_is_none_in_both_versions() {
        let v1 = "40 30 0:35 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
                  41 30 0:36 / /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
        let files = [
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ];
        assert_eq!(
            limits("2:memory:/\n1:cpu:/\n0::/\n", v1, &files),
            Limits::default()
        );
        assert_eq!(limits("0::/\n", V2_MOUNT, &[]), Limits::default());
        assert_eq!(limits("", "", &[]), Limits::default());
    }
}
