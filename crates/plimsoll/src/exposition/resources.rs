//! Process and machine.

use super::text::{Kind, Labels, Text};
use crate::resources::{Flow, Sample};

pub(super) fn write(text: &mut Text, sample: &Sample) {
    let (process, system) = (&sample.process, &sample.system);
    let whole = |number: Option<u64>| number.map(|number| number as f64);
    let gauges: [(&str, Option<&str>, Option<f64>, &str); 14] = [
        (
            "process_memory_usage_bytes",
            Some("bytes"),
            whole(process.memory_rss_bytes),
            "Resident memory of the process.",
        ),
        (
            "plimsoll_process_memory_limit_bytes",
            Some("bytes"),
            whole(process.memory_limit_bytes),
            "Memory limit of the process's control group.",
        ),
        (
            "process_cpu_utilization_ratio",
            Some("ratio"),
            process.cpu_ratio,
            "Processor use of the process; 1 is one core.",
        ),
        (
            "process_threads",
            None,
            whole(process.threads),
            "Threads of the process.",
        ),
        (
            "process_open_fds",
            None,
            whole(process.open_fds),
            "Open file descriptors of the process.",
        ),
        (
            "process_max_fds",
            None,
            whole(process.open_fds_limit),
            "File descriptors that the process may have open.",
        ),
        (
            "process_start_time_seconds",
            Some("seconds"),
            process.start_time_seconds,
            "When the process started, since the Unix epoch.",
        ),
        (
            "system_cpu_utilization_ratio",
            Some("ratio"),
            system.cpu_ratio,
            "Processor use of the machine; 1 is all cores.",
        ),
        (
            "system_memory_usage_bytes",
            Some("bytes"),
            whole(system.memory_used_bytes),
            "Memory of the machine in use.",
        ),
        (
            "system_memory_limit_bytes",
            Some("bytes"),
            whole(system.memory_total_bytes),
            "Memory of the machine.",
        ),
        (
            "system_memory_utilization_ratio",
            Some("ratio"),
            system.memory_ratio,
            "Memory of the machine in use.",
        ),
        (
            "system_filesystem_utilization_ratio",
            Some("ratio"),
            system.disk_ratio,
            "Used part of the data path's file system.",
        ),
        (
            "plimsoll_system_disk_operations_per_second",
            None,
            system.disk_iops,
            "Disk operations per second lately.",
        ),
        (
            "plimsoll_system_tcp_established",
            None,
            system.tcp.map(|tcp| tcp.established as f64),
            "Established TCP connections.",
        ),
    ];
    for (name, unit, value, help) in gauges {
        if let Some(value) = value {
            text.family(name, Kind::Gauge, unit, help);
            text.sample("", &Labels::default(), value);
        }
    }
    if let Some(seconds) = process.cpu_seconds_total {
        text.family(
            "process_cpu_time_seconds",
            Kind::Counter,
            Some("seconds"),
            "Processor time of the process.",
        );
        text.sample("_total", &Labels::default(), seconds);
    }
    let disk = [
        ("read", process.disk_read_bytes),
        ("write", process.disk_written_bytes),
    ];
    flows(
        text,
        "process_disk_io_bytes",
        Some("bytes"),
        "Bytes between the process and storage.",
        "disk_io_direction",
        disk,
    );
    let network = [
        ("receive", system.network_received_bytes),
        ("transmit", system.network_sent_bytes),
    ];
    flows(
        text,
        "system_network_io_bytes",
        Some("bytes"),
        "Bytes through the machine's network interfaces.",
        "network_io_direction",
        network,
    );
    let tcp = |of: fn(&crate::resources::Tcp) -> Flow| system.tcp.as_ref().map(of);
    for (name, flow, help) in [
        (
            "system_disk_operations",
            system.disk_operations,
            "Reads and writes of the disk.",
        ),
        (
            "plimsoll_system_tcp_resets",
            tcp(|tcp| tcp.resets),
            "Established connections that were reset.",
        ),
        (
            "plimsoll_system_tcp_retransmitted",
            tcp(|tcp| tcp.retransmitted),
            "Segments sent again.",
        ),
    ] {
        if let Some(flow) = flow {
            text.family(name, Kind::Counter, None, help);
            text.sample("_total", &Labels::default(), flow.total);
        }
    }
}

/// Critical checks.
pub(super) fn checks(text: &mut Text, checks: &[(String, bool)]) {
    if checks.is_empty() {
        return;
    }
    text.family(
        "plimsoll_health_check",
        Kind::Gauge,
        None,
        "Critical health checks: 1 well, 0 failing.",
    );
    for (check, is_well) in checks {
        let mut labels = Labels::default();
        labels.add("check", check);
        text.sample("", &labels, u64::from(*is_well));
    }
}

fn flows(
    text: &mut Text,
    name: &str,
    unit: Option<&str>,
    help: &str,
    label: &str,
    directions: [(&str, Option<Flow>); 2],
) {
    if directions.iter().all(|(_, flow)| flow.is_none()) {
        return;
    }
    text.family(name, Kind::Counter, unit, help);
    for (direction, flow) in directions {
        if let Some(flow) = flow {
            let mut labels = Labels::default();
            labels.add(label, direction);
            text.sample("_total", &labels, flow.total);
        }
    }
}
