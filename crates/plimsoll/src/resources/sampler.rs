//! Reads a [`Sample`].

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cgroup::Groups;
use super::{Flow, Process, Sample, System, Tcp, proc};

/// What to sample.
#[derive(Clone, Debug)]
pub struct SamplerConfig {
    /// The folder whose file system is watched.
    pub data_path: PathBuf,
    /// Whether memory is read.
    pub memory: bool,
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self {
            data_path: PathBuf::from("/"),
            memory: true,
        }
    }
}

/// Reads samples; remembers the one before for what is a difference.
///
/// One sample takes about a tenth of a millisecond of file reads. They can block where a network file system hangs,
/// so call it on a thread that may.
#[derive(Debug)]
pub struct Sampler {
    config: SamplerConfig,
    /// `/`; elsewhere in tests.
    root: PathBuf,
    groups: Groups,
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    at: Instant,
    sample: Sample,
    cpu: Option<proc::CpuTime>,
}

impl Sampler {
    /// A sampler that has not read anything yet.
    pub fn new(config: SamplerConfig) -> Self {
        Self::below(PathBuf::from("/"), config)
    }

    fn below(root: PathBuf, config: SamplerConfig) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let groups = Groups::find(&read("proc/self/cgroup"), &read("proc/self/mountinfo"));
        Self {
            config,
            root,
            groups,
            before: None,
        }
    }

    /// Reads everything at `now`. What is a rate or a difference starts with the second sample.
    pub fn sample(&mut self, now: Instant) -> Sample {
        let before = self.before.take();
        let elapsed = before
            .as_ref()
            .map(|before| now.saturating_duration_since(before.at));
        let cpu = self.read("proc/stat").as_deref().and_then(proc::cpu_time);
        let sample = Sample {
            process: self.process(before.as_ref(), elapsed, cpu.as_ref()),
            system: self.system(before.as_ref(), elapsed, cpu.as_ref()),
        };
        self.before = Some(Before {
            at: now,
            sample: sample.clone(),
            cpu,
        });
        sample
    }

    fn process(
        &self,
        before: Option<&Before>,
        elapsed: Option<Duration>,
        cpu: Option<&proc::CpuTime>,
    ) -> Process {
        let before = before.map(|before| &before.sample.process);
        let stat = self.read("proc/self/stat").as_deref().and_then(proc::stat);
        let io = self.read("proc/self/io").as_deref().and_then(proc::io);
        let limits = self.groups.limits(read);
        let ticks_per_second = ticks_per_second();
        let cpu_seconds_total = stat
            .as_ref()
            .map(|stat| stat.cpu_ticks as f64 / ticks_per_second);
        let cpu_seconds_before = before.and_then(|before| before.cpu_seconds_total);
        let flow = |total: Option<u64>, of: fn(&Process) -> Option<Flow>| {
            total.map(|total| Flow::after(total, before.and_then(of)))
        };
        let memory = self.config.memory;
        let open_fds = self.open_fds();
        Process {
            memory_rss_bytes: stat
                .as_ref()
                .filter(|_| memory)
                .map(|stat| stat.rss_pages * page_bytes()),
            memory_limit_bytes: limits.memory_bytes.filter(|_| memory),
            memory_counted_bytes: limits.memory_counted_bytes.filter(|_| memory),
            cpu_ratio: ratio_of(cpu_seconds_total, cpu_seconds_before, elapsed),
            cpu_seconds_total,
            cpu_limit_cores: limits.cpu_cores,
            threads: stat.as_ref().map(|stat| stat.threads),
            open_fds,
            open_fds_limit: open_fds.and_then(|_| open_fds_limit()),
            disk_read_bytes: flow(io.as_ref().map(|io| io.read_bytes), |p| p.disk_read_bytes),
            disk_written_bytes: flow(io.as_ref().map(|io| io.write_bytes), |p| {
                p.disk_written_bytes
            }),
            read_operations: flow(io.as_ref().map(|io| io.read_calls), |p| p.read_operations),
            write_operations: flow(io.as_ref().map(|io| io.write_calls), |p| p.write_operations),
            start_time_seconds: stat.zip(cpu).map(|(stat, cpu)| {
                cpu.boot_time as f64 + stat.start_ticks as f64 / ticks_per_second
            }),
        }
    }

    fn system(
        &self,
        before: Option<&Before>,
        elapsed: Option<Duration>,
        cpu: Option<&proc::CpuTime>,
    ) -> System {
        let cpu_before = before.and_then(|before| before.cpu);
        let before = before.map(|before| &before.sample.system);
        let memory = self
            .read("proc/meminfo")
            .filter(|_| self.config.memory)
            .as_deref()
            .and_then(proc::meminfo);
        let disk = self.config.data_path.as_path();
        let space = space(disk);
        let operations = self
            .read("proc/diskstats")
            .and_then(|text| proc::disk_operations(&text, device(disk)))
            .map(|total| Flow::after(total, before.and_then(|before| before.disk_operations)));
        let network = self
            .read("proc/net/dev")
            .as_deref()
            .and_then(proc::network_bytes);
        let received = network.map(|(received, _)| {
            Flow::after(
                received,
                before.and_then(|before| before.network_received_bytes),
            )
        });
        let sent = network.map(|(_, sent)| {
            Flow::after(sent, before.and_then(|before| before.network_sent_bytes))
        });
        let bytes = received
            .zip(sent)
            .map(|(received, sent)| received.delta + sent.delta);
        System {
            cpu_ratio: cpu.zip(cpu_before).and_then(|(now, before)| {
                let all = now
                    .all_ticks
                    .checked_sub(before.all_ticks)
                    .filter(|all| *all > 0)?;
                Some(now.busy_ticks.saturating_sub(before.busy_ticks) as f64 / all as f64)
            }),
            cpu_cores: cpu.map(|cpu| cpu.cores),
            memory_used_bytes: memory.map(|(total, available)| total - available),
            memory_total_bytes: memory.map(|(total, _)| total),
            memory_ratio: memory
                .map(|(total, available)| 1.0 - available as f64 / total.max(1) as f64),
            disk_ratio: space.map(|space| space.0),
            disk_free_bytes: space.map(|space| space.1),
            disk_operations: operations,
            disk_iops: per_second(operations.map(|flow| flow.delta), elapsed),
            network_sent_bytes: sent,
            network_received_bytes: received,
            network_bits_per_second: per_second(bytes.map(|bytes| bytes * 8), elapsed),
            tcp: self.tcp(before.and_then(|before| before.tcp)),
        }
    }

    fn tcp(&self, before: Option<Tcp>) -> Option<Tcp> {
        let counts = proc::tcp(&self.read("proc/net/snmp")?)?;
        Some(Tcp {
            established: counts.established,
            resets: Flow::after(counts.resets, before.map(|before| before.resets)),
            retransmitted: Flow::after(
                counts.retransmitted,
                before.map(|before| before.retransmitted),
            ),
            sent: Flow::after(counts.sent, before.map(|before| before.sent)),
            failed_attempts: Flow::after(
                counts.failed_attempts,
                before.map(|before| before.failed_attempts),
            ),
        })
    }

    fn open_fds(&self) -> Option<u64> {
        let folder = self.root.join("proc/self/fd");
        // Since Linux 6.2 the folder's size is the number of its entries; listing 10,000 of them takes milliseconds.
        match fs::metadata(&folder).ok()?.len() {
            0 => Some((fs::read_dir(folder).ok()?.count() as u64).saturating_sub(1)),
            entries => Some(entries),
        }
    }

    fn read(&self, path: &str) -> Option<String> {
        read(&self.root.join(path))
    }
}

/// Asked each time: it can be changed while the process runs.
fn open_fds_limit() -> Option<u64> {
    #[cfg(target_os = "linux")]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(target_os = "linux"))]
    None
}

/// The text of a file of the kernel. These say nothing of their size, and reading them bit by bit takes twice as long.
fn read(path: &Path) -> Option<String> {
    const EXPECTED: usize = 8 << 10;
    const MAX: u64 = 4 << 20;
    let mut text = Vec::with_capacity(EXPECTED);
    fs::File::open(path)
        .ok()?
        .take(MAX)
        .read_to_end(&mut text)
        .ok()?;
    String::from_utf8(text).ok()
}

fn ratio_of(now: Option<f64>, before: Option<f64>, elapsed: Option<Duration>) -> Option<f64> {
    let elapsed = elapsed?.as_secs_f64();
    (elapsed > 0.0).then_some((now? - before?).max(0.0) / elapsed)
}

fn per_second(delta: Option<u64>, elapsed: Option<Duration>) -> Option<f64> {
    let elapsed = elapsed?.as_secs_f64();
    (elapsed > 0.0).then_some(delta? as f64 / elapsed)
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(target_os = "linux")]
fn page_bytes() -> u64 {
    rustix::param::page_size() as u64
}

/// Used ratio and free bytes of the file system that holds `path`, as `df` shows them.
#[cfg(target_os = "linux")]
fn space(path: &Path) -> Option<(f64, u64)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let all = used + stat.f_bavail;
    (all > 0).then(|| (used as f64 / all as f64, stat.f_bavail * stat.f_frsize))
}

/// Major and minor number of the device that holds `path`.
#[cfg(target_os = "linux")]
fn device(path: &Path) -> Option<(u32, u32)> {
    let device = rustix::fs::stat(path).ok()?.st_dev;
    Some((rustix::fs::major(device), rustix::fs::minor(device)))
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> f64 {
    100.0
}

#[cfg(not(target_os = "linux"))]
fn page_bytes() -> u64 {
    4096
}

#[cfg(not(target_os = "linux"))]
fn space(_: &Path) -> Option<(f64, u64)> {
    None
}

#[cfg(not(target_os = "linux"))]
fn device(_: &Path) -> Option<(u32, u32)> {
    None
}

#[cfg(test)]
mod tests;
