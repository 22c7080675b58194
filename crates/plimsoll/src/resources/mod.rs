//! What the process and its machine use: memory, processor, threads, files, disk, network, and the limits they run under.
//!
//! Read from `/proc` and the control groups of Linux. Elsewhere every value is `None` ("not available"), never a guess.

mod cgroup;
mod history;
mod proc;
mod sampler;

pub use crate::analysis::trend::Trend;
pub use history::{History, Summary};
pub use sampler::{Sampler, SamplerConfig};

use serde::Serialize;

use crate::window::{Gauge, Resources};

/// Everything read at one moment. A value is `None` where the platform does not tell it or it was switched off.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// This process.
    pub process: Process,
    /// The machine (or container) it runs on.
    pub system: System,
}

/// What this process uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Process {
    /// Memory resident in RAM, bytes.
    pub memory_rss_bytes: Option<u64>,
    /// The lowest memory limit of the control groups around the process, bytes; `None` without a limit.
    pub memory_limit_bytes: Option<u64>,
    /// Memory that counts against that limit (without file pages the kernel can drop at once), bytes.
    pub memory_counted_bytes: Option<u64>,
    /// Processor time since the sample before, as ratio of one core: 2.0 is two busy cores.
    pub cpu_ratio: Option<f64>,
    /// Processor time since the process started, seconds.
    pub cpu_seconds_total: Option<f64>,
    /// Cores the control groups allow; `None` without a limit.
    pub cpu_limit_cores: Option<f64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// How many file descriptors may be open (the soft limit); `None` without a limit.
    pub open_fds_limit: Option<u64>,
    /// Bytes read from storage.
    pub disk_read_bytes: Option<Flow>,
    /// Bytes written to storage.
    pub disk_written_bytes: Option<Flow>,
    /// Read calls, whatever they read from.
    pub read_operations: Option<Flow>,
    /// Write calls, whatever they wrote to.
    pub write_operations: Option<Flow>,
    /// When the process started, seconds since the Unix epoch.
    pub start_time_seconds: Option<f64>,
}

/// What the machine uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct System {
    /// Busy processor time since the sample before, as ratio of all cores.
    pub cpu_ratio: Option<f64>,
    /// Cores the machine has online.
    pub cpu_cores: Option<u64>,
    /// Memory in use (total less available), bytes.
    pub memory_used_bytes: Option<u64>,
    /// All memory, bytes.
    pub memory_total_bytes: Option<u64>,
    /// Memory in use as ratio of all.
    pub memory_ratio: Option<f64>,
    /// Used part of the file system of the data path, as `df` counts it.
    pub disk_ratio: Option<f64>,
    /// Bytes an ordinary user can still write there.
    pub disk_free_bytes: Option<u64>,
    /// Reads and writes completed by that file system's device, or by all disks where it has none of its own.
    pub disk_operations: Option<Flow>,
    /// Those operations per second since the sample before.
    pub disk_iops: Option<f64>,
    /// Bytes sent by all interfaces but the loopback and those that only pass on what another one counts.
    pub network_sent_bytes: Option<Flow>,
    /// Bytes received, likewise.
    pub network_received_bytes: Option<Flow>,
    /// Bits sent and received per second since the sample before.
    pub network_bits_per_second: Option<f64>,
    /// Connection stability.
    pub tcp: Option<Tcp>,
}

/// How stable TCP connections are (of the network namespace the process lives in).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tcp {
    /// Connections established now.
    pub established: u64,
    /// Established connections that ended by a reset.
    pub resets: Flow,
    /// Segments sent again.
    pub retransmitted: Flow,
    /// Segments sent.
    pub sent: Flow,
    /// Connection attempts that failed.
    pub failed_attempts: Flow,
}

/// A count that only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// Since the process (or the machine) started.
    pub total: u64,
    /// Since the sample before; 0 in the first one.
    pub delta: u64,
}

impl Flow {
    fn after(total: u64, before: Option<Flow>) -> Self {
        Self {
            total,
            delta: before.map_or(0, |before| total.saturating_sub(before.total)),
        }
    }

    fn merge(&mut self, later: Flow) {
        *self = Self {
            total: later.total,
            delta: self.delta + later.delta,
        };
    }
}

impl Process {
    /// The memory the process may use at most: its control group's limit or all of the machine's, the lower one.
    pub fn effective_memory_limit_bytes(&self, system: &System) -> Option<u64> {
        lower(self.memory_limit_bytes, system.memory_total_bytes)
    }

    /// The cores the process may use at most: its control group's or all of the machine's, the lower one.
    pub fn effective_cpu_limit_cores(&self, system: &System) -> Option<f64> {
        match (
            self.cpu_limit_cores,
            system.cpu_cores.map(|cores| cores as f64),
        ) {
            (Some(limit), Some(cores)) => Some(limit.min(cores)),
            (limit, cores) => limit.or(cores),
        }
    }

    /// Used part of the effective memory limit.
    pub fn memory_ratio(&self, system: &System) -> Option<f64> {
        let limit = self.effective_memory_limit_bytes(system)?;
        let used = match self.memory_limit_bytes {
            Some(_) => self.memory_counted_bytes.or(self.memory_rss_bytes)?,
            None => self.memory_rss_bytes?,
        };
        (limit > 0).then(|| used as f64 / limit as f64)
    }
}

impl Sample {
    /// Appends a `later` sample: states are the later ones, flows add up.
    pub fn merge(&mut self, later: &Sample) {
        let before = std::mem::replace(self, later.clone());
        for (flow, before) in self.flows().into_iter().zip(before.clone().flows()) {
            if let (Some(flow), Some(before)) = (flow, before) {
                let later = std::mem::replace(flow, *before);
                flow.merge(later);
            }
        }
    }

    /// As readings of a window, taken at `at_unix_ns`.
    pub(crate) fn readings(&self, at_unix_ns: i64) -> Resources {
        let gauge = |value: Option<f64>| {
            value.map_or_else(Gauge::default, |value| Gauge::of(value, at_unix_ns))
        };
        let whole = |value: Option<u64>| gauge(value.map(|value| value as f64));
        let delta = |flow: Option<Flow>| flow.map_or(0, |flow| flow.delta);
        let (process, system) = (&self.process, &self.system);
        Resources {
            process_memory: whole(process.memory_rss_bytes),
            process_memory_limit: whole(process.memory_limit_bytes),
            process_cpu: gauge(process.cpu_ratio),
            process_cpu_limit: gauge(process.effective_cpu_limit_cores(system)),
            process_threads: whole(process.threads),
            process_open_fds: whole(process.open_fds),
            process_open_fds_limit: whole(process.open_fds_limit),
            process_disk_read: delta(process.disk_read_bytes),
            process_disk_written: delta(process.disk_written_bytes),
            system_cpu: gauge(system.cpu_ratio),
            system_memory: gauge(system.memory_ratio),
            system_memory_used: whole(system.memory_used_bytes),
            system_disk: gauge(system.disk_ratio),
            system_disk_operations: delta(system.disk_operations),
            system_network_sent: delta(system.network_sent_bytes),
            system_network_received: delta(system.network_received_bytes),
            system_tcp_resets: delta(system.tcp.map(|tcp| tcp.resets)),
            system_tcp_retransmitted: delta(system.tcp.map(|tcp| tcp.retransmitted)),
        }
    }

    fn flows(&mut self) -> [Option<&mut Flow>; 11] {
        let [resets, retransmitted, sent, failed] = match self.system.tcp.as_mut() {
            Some(tcp) => [
                Some(&mut tcp.resets),
                Some(&mut tcp.retransmitted),
                Some(&mut tcp.sent),
                Some(&mut tcp.failed_attempts),
            ],
            None => [None, None, None, None],
        };
        [
            self.process.disk_read_bytes.as_mut(),
            self.process.disk_written_bytes.as_mut(),
            self.process.read_operations.as_mut(),
            self.process.write_operations.as_mut(),
            self.system.disk_operations.as_mut(),
            self.system.network_sent_bytes.as_mut(),
            self.system.network_received_bytes.as_mut(),
            resets,
            retransmitted,
            sent,
            failed,
        ]
    }
}

fn lower(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_samples_keep_the_later_state_and_add_up_flows() {
        let sample = |rss, total, delta| Sample {
            process: Process {
                memory_rss_bytes: Some(rss),
                disk_read_bytes: Some(Flow { total, delta }),
                ..Process::default()
            },
            system: System {
                tcp: Some(Tcp {
                    resets: Flow { total, delta },
                    ..Tcp::default()
                }),
                ..System::default()
            },
        };
        let mut merged = sample(10, 100, 7);
        merged.merge(&sample(12, 130, 30));
        assert_eq!(merged, sample(12, 130, 37));
    }

    #[test]
    fn the_lower_of_container_and_machine_is_the_effective_limit() {
        let system = System {
            memory_total_bytes: Some(8 << 30),
            cpu_cores: Some(4),
            ..System::default()
        };
        let mut process = Process {
            memory_rss_bytes: Some(1 << 30),
            ..Process::default()
        };
        assert_eq!(process.memory_ratio(&system), Some(0.125));
        assert_eq!(process.effective_cpu_limit_cores(&system), Some(4.0));
        process.memory_limit_bytes = Some(2 << 30);
        process.cpu_limit_cores = Some(1.5);
        assert_eq!(process.memory_ratio(&system), Some(0.5));
        assert_eq!(process.effective_cpu_limit_cores(&system), Some(1.5));
    }
}
