//! Readers of the text files under `/proc`: pure functions, tested on recorded files.

/// From `/proc/self/stat`.
#[derive(Debug, PartialEq)]
pub(super) struct Stat {
    pub(super) cpu_ticks: u64,
    pub(super) threads: u64,
    /// After boot.
    pub(super) start_ticks: u64,
    pub(super) rss_pages: u64,
}

pub(super) fn stat(text: &str) -> Option<Stat> {
    // The name in the second field may hold blanks and brackets: count from its last bracket.
    let mut fields = text.get(text.rfind(')')? + 2..)?.split_ascii_whitespace();
    let utime: u64 = fields.nth(11)?.parse().ok()?;
    let stime: u64 = fields.next()?.parse().ok()?;
    let threads = fields.nth(4)?.parse().ok()?;
    let start_ticks = fields.nth(1)?.parse().ok()?;
    let rss_pages = fields.nth(1)?.parse().ok()?;
    Some(Stat {
        cpu_ticks: utime + stime,
        threads,
        start_ticks,
        rss_pages,
    })
}

/// From `/proc/self/io`.
#[derive(Debug, PartialEq)]
pub(super) struct Io {
    pub(super) read_bytes: u64,
    pub(super) write_bytes: u64,
    pub(super) read_calls: u64,
    pub(super) write_calls: u64,
}

pub(super) fn io(text: &str) -> Option<Io> {
    let value = |name: &str| named(text, name);
    Some(Io {
        read_bytes: value("read_bytes:")?,
        write_bytes: value("write_bytes:")?,
        read_calls: value("syscr:")?,
        write_calls: value("syscw:")?,
    })
}

/// From `/proc/stat`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CpuTime {
    pub(super) busy_ticks: u64,
    pub(super) all_ticks: u64,
    pub(super) cores: u64,
    /// Seconds since the Unix epoch.
    pub(super) boot_time: u64,
}

pub(super) fn cpu_time(text: &str) -> Option<CpuTime> {
    let mut ticks = [0_u64; 8];
    let mut fields = text
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_ascii_whitespace();
    for (i, tick) in ticks.iter_mut().enumerate() {
        // user nice system idle are in every kernel; guest time, the ninth and tenth, is part of user and nice.
        *tick = match fields.next() {
            Some(field) => field.parse().ok()?,
            None if i >= 4 => 0,
            None => return None,
        };
    }
    let all_ticks: u64 = ticks.iter().sum();
    let cores = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("cpu"))
        .count() as u64;
    let boot_time = named(text, "btime ")?;
    Some(CpuTime {
        busy_ticks: all_ticks - ticks[3] - ticks[4],
        all_ticks,
        cores,
        boot_time,
    })
}

/// Total and available bytes of `/proc/meminfo`.
pub(super) fn meminfo(text: &str) -> Option<(u64, u64)> {
    let kib = |name: &str| named(text, name).map(|kib| kib * 1024);
    let total = kib("MemTotal:")?;
    // Kernels before 3.14 have no MemAvailable.
    let available = kib("MemAvailable:")
        .or_else(|| Some(kib("MemFree:")? + kib("Buffers:")? + kib("Cached:")?))?;
    Some((total, available.min(total)))
}

/// Reads and writes completed, of `/proc/diskstats`: of `device` (major, minor) if it is listed, else of all disks.
pub(super) fn disk_operations(text: &str, device: Option<(u32, u32)>) -> Option<u64> {
    let mut all = None;
    let mut disk = "";
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let id = (
            fields.next()?.parse::<u32>().ok()?,
            fields.next()?.parse::<u32>().ok()?,
        );
        let name = fields.next()?;
        let reads: u64 = fields.next()?.parse().ok()?;
        let writes: u64 = fields.nth(3)?.parse().ok()?;
        if device == Some(id) {
            return Some(reads + writes);
        }
        if is_stacked(name) || is_partition(name, disk) {
            continue;
        }
        disk = name;
        *all.get_or_insert(0) += reads + writes;
    }
    all
}

/// Devices that are kept in memory or in a file, or made of other ones, whose operations would count twice.
fn is_stacked(name: &str) -> bool {
    ["loop", "ram", "zram", "dm-", "md", "sr", "fd"]
        .iter()
        .any(|prefix| {
            name.strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
}

/// Partitions follow their disk: `sda1` after `sda`, `nvme0n1p1` after `nvme0n1`.
fn is_partition(name: &str, disk: &str) -> bool {
    if disk.is_empty() {
        return false;
    }
    let Some(rest) = name.strip_prefix(disk) else {
        return false;
    };
    let digits = if disk.ends_with(|c: char| c.is_ascii_digit()) {
        rest.strip_prefix('p')
    } else {
        Some(rest)
    };
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Received and sent bytes of `/proc/net/dev`, without the loopback and interfaces that pass on what another counts.
pub(super) fn network_bytes(text: &str) -> Option<(u64, u64)> {
    let mut sum = None;
    for line in text.lines().skip(2) {
        let (name, numbers) = line.split_once(':')?;
        if is_passing_on(name.trim_start()) {
            continue;
        }
        let mut numbers = numbers.split_ascii_whitespace();
        let received: u64 = numbers.next()?.parse().ok()?;
        let sent: u64 = numbers.nth(7)?.parse().ok()?;
        let (all_received, all_sent) = sum.get_or_insert((0, 0));
        *all_received += received;
        *all_sent += sent;
    }
    sum
}

fn is_passing_on(interface: &str) -> bool {
    interface == "lo"
        || [
            "veth", "docker", "br-", "virbr", "ifb", "cni", "flannel", "cali", "tap", "vnet",
            "dummy",
        ]
        .iter()
        .any(|prefix| interface.starts_with(prefix))
}

/// From the `Tcp:` lines of `/proc/net/snmp`.
#[derive(Debug, PartialEq)]
pub(super) struct TcpCounts {
    pub(super) established: u64,
    pub(super) resets: u64,
    pub(super) retransmitted: u64,
    pub(super) sent: u64,
    pub(super) failed_attempts: u64,
}

pub(super) fn tcp(text: &str) -> Option<TcpCounts> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let value = |wanted: &str| -> Option<u64> {
        let at = names
            .split_ascii_whitespace()
            .position(|name| name == wanted)?;
        values.split_ascii_whitespace().nth(at)?.parse().ok()
    };
    Some(TcpCounts {
        established: value("CurrEstab")?,
        resets: value("EstabResets")?,
        retransmitted: value("RetransSegs")?,
        sent: value("OutSegs")?,
        failed_attempts: value("AttemptFails")?,
    })
}

/// The first number of the line that starts with `name`.
pub(super) fn named(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_brackets_and_blanks_is_skipped() {
        let text = "1234 (tokio (w) 1) S 1 1234 1234 0 -1 4194304 5243 0 7 0 321 45 0 0 20 0 17 0 998877 1234567168 \
                    5101 18446744073709551615 1 1 0 0 0 0 0 4096 17642 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        let expected = Stat {
            cpu_ticks: 366,
            threads: 17,
            start_ticks: 998_877,
            rss_pages: 5101,
        };
        assert_eq!(stat(text), Some(expected));
        assert_eq!(stat("garbage"), None);
        assert_eq!(stat("1 (x"), None);
    }

    #[test]
    fn io_counts_storage_bytes_not_characters() {
        let text = "rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\nread_bytes: 4096\n\
                    write_bytes: 323932160\ncancelled_write_bytes: 0\n";
        let expected = Io {
            read_bytes: 4096,
            write_bytes: 323_932_160,
            read_calls: 632_687,
            write_calls: 632_675,
        };
        assert_eq!(io(text), Some(expected));
        assert_eq!(io(""), None);
    }

    #[test]
    fn waiting_for_disks_is_not_busy_and_guests_do_not_count_twice() {
        let text = "cpu  100 20 30 1000 50 5 6 7 40 3\ncpu0 50 10 15 500 25 2 3 3 20 1\ncpu1 50 10 15 500 25 3 3 4 20 2\n\
                    intr 1\nctxt 3\nbtime 1760000000\nprocesses 9\n";
        let time = cpu_time(text).expect("parses");
        assert_eq!(
            time,
            CpuTime {
                busy_ticks: 168,
                all_ticks: 1218,
                cores: 2,
                boot_time: 1_760_000_000
            }
        );
        assert_eq!(cpu_time("cpu  1 2\n"), None);
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        let text = "MemTotal:       24684096 kB\nMemFree:        22001234 kB\nMemAvailable:   23500000 kB\nBuffers: 1 kB\n";
        assert_eq!(meminfo(text), Some((24_684_096 * 1024, 23_500_000 * 1024)));
        let old = "MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\n";
        assert_eq!(meminfo(old), Some((102_400, 35 * 1024)));
    }

    const DISKS: &str = "   7       0 loop0 9 0 0 0 9 0 0 0 0 0 0\n\
                         \x20259       0 nvme0n1 1000 1 2 3 500 4 5 6 0 7 8 0 0 0 0\n\
                         \x20259       1 nvme0n1p1 900 1 2 3 400 4 5 6 0 7 8 0 0 0 0\n\
                         \x20  8       0 sda 10 0 0 0 20 0 0 0 0 0 0\n\
                         \x20  8       1 sda1 5 0 0 0 5 0 0 0 0 0 0\n\
                         \x20253       0 dm-0 900 0 0 0 400 0 0 0 0 0 0\n";

    #[test]
    fn partitions_and_mapped_devices_do_not_count_twice() {
        assert_eq!(disk_operations(DISKS, None), Some(1530));
        assert_eq!(
            disk_operations(DISKS, Some((0, 42))),
            Some(1530),
            "an overlay has no device of its own"
        );
        assert_eq!(disk_operations("", None), None);
    }

    #[test]
    fn the_device_of_the_data_path_is_counted_alone() {
        assert_eq!(disk_operations(DISKS, Some((8, 1))), Some(10));
        assert_eq!(disk_operations(DISKS, Some((253, 0))), Some(1300));
    }

    #[test]
    fn the_loopback_and_bridges_are_no_traffic() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
                    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n  \
                    ifb0:       7       0    0    0    0     0          0         0        7       0    0    0    0     0       0          0\n  \
                    eth0:91650837    6280    0    0    0     0          0         0   662882    4727    0    0    0     0       0          0\n  \
                    wlan0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n";
        assert_eq!(network_bytes(text), Some((91_650_847, 662_902)));
    }

    #[test]
    fn tcp_counts_are_found_by_name_not_by_place() {
        let text = "Ip: Forwarding DefaultTTL\nIp: 2 64\n\
                    Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n\
                    Tcp: 1 200 120000 -1 156 2 3 144 5 5996 4582 8 0 146 0\nUdp: x\nUdp: 1\n";
        let expected = TcpCounts {
            established: 5,
            resets: 144,
            retransmitted: 8,
            sent: 4582,
            failed_attempts: 3,
        };
        assert_eq!(tcp(text), Some(expected));
        assert_eq!(tcp("Udp: x\nUdp: 1\n"), None);
    }
}
