//! Readings of the process and of the machine.

use super::Gauge;

/// Process and machine in one interval, as far as the platform told. Gauges without readings were not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// Resident memory of the process, bytes.
    pub process_memory: Gauge,
    /// Memory limit of the process's control group, bytes.
    pub process_memory_limit: Gauge,
    /// CPU use of the process, ratio of one core.
    pub process_cpu: Gauge,
    /// Cores that the process may use: those of its control group or of the machine, the fewer.
    pub process_cpu_limit: Gauge,
    /// Threads of the process.
    pub process_threads: Gauge,
    /// Open file descriptors of the process.
    pub process_open_fds: Gauge,
    /// File descriptors that the process may have open.
    pub process_open_fds_limit: Gauge,
    /// Bytes that the process read from disks.
    pub process_disk_read: u64,
    /// Bytes that the process wrote to disks.
    pub process_disk_written: u64,
    /// CPU use of the machine, ratio of all cores.
    pub system_cpu: Gauge,
    /// Memory in use, ratio.
    pub system_memory: Gauge,
    /// Memory in use, bytes.
    pub system_memory_used: Gauge,
    /// Disk space in use, ratio.
    pub system_disk: Gauge,
    /// Disk operations of the machine.
    pub system_disk_operations: u64,
    /// Bytes that the machine sent.
    pub system_network_sent: u64,
    /// Bytes that the machine received.
    pub system_network_received: u64,
    /// Established TCP connections that ended by a reset.
    pub system_tcp_resets: u64,
    /// TCP segments that were sent again.
    pub system_tcp_retransmitted: u64,
}

impl Resources {
    /// Adds the readings of `other`.
    pub fn merge(&mut self, other: &Resources) {
        self.process_memory.merge(&other.process_memory);
        self.process_memory_limit.merge(&other.process_memory_limit);
        self.process_cpu.merge(&other.process_cpu);
        self.process_cpu_limit.merge(&other.process_cpu_limit);
        self.process_threads.merge(&other.process_threads);
        self.process_open_fds.merge(&other.process_open_fds);
        self.process_open_fds_limit
            .merge(&other.process_open_fds_limit);
        self.process_disk_read += other.process_disk_read;
        self.process_disk_written += other.process_disk_written;
        self.system_cpu.merge(&other.system_cpu);
        self.system_memory.merge(&other.system_memory);
        self.system_memory_used.merge(&other.system_memory_used);
        self.system_disk.merge(&other.system_disk);
        self.system_disk_operations += other.system_disk_operations;
        self.system_network_sent += other.system_network_sent;
        self.system_network_received += other.system_network_received;
        self.system_tcp_resets += other.system_tcp_resets;
        self.system_tcp_retransmitted += other.system_tcp_retransmitted;
    }
}
