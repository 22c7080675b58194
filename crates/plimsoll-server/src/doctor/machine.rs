//! What the machine gives: ports, the data folder, its disk, the clock.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Finding, bytes, span};
use crate::config::Config;

/// Less room than this is too little for a server that writes.
const DISK_FAIL_BYTES: u64 = 100_000_000;
/// Less room than this does not last.
const DISK_WARN_BYTES: u64 = 1_000_000_000;
/// Fewer files than this are too few: every day needs a handful.
const INODES_FAIL: u64 = 100;
/// Fewer files than this do not last.
const INODES_WARN: u64 = 2_000;
/// File systems in memory, by their number in `statfs(2)`: tmpfs and ramfs.
const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];
/// File systems over the network: NFS, CIFS, SMB2.
const OVER_NETWORK: [u32; 3] = [0x6969, 0xff53_4d42, 0xfe53_4d42];
/// A clock that is behind the last write by less was only corrected.
const CLOCK_BEHIND: Duration = Duration::from_secs(5);
/// A clock before this (2026-01-01) was never set.
const CLOCK_EARLIEST_SECS: u64 = 1_767_225_600;

/// Whether the configured port is free; for when no server has the folder.
pub fn port(config: &Config) -> Finding {
    let address = config.listen;
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let other = SocketAddr::new(address.ip(), address.port().saturating_add(1));
            Finding::fail(
                "port",
                format!("{address} is taken by another program"),
                format!(
                    "plimsoll serve --listen {other}, or end the other program: ss -ltnp 'sport = :{}'",
                    address.port()
                ),
            )
        }
        Err(error) => Finding::fail(
            "port",
            format!("{address} cannot be opened: {error}"),
            "choose an address of this machine and a port over 1023: server.listen = \"127.0.0.1:1876\"",
        ),
    }
}

/// Who is at the port where gRPC usually goes. `served`: our own server runs.
pub fn grpc_port(config: &Config, served: bool) -> Finding {
    let Some(port) = config.grpc_hint_port else {
        return Finding::ok("grpc port", "not watched (`server.grpc_hint_port` is 0)");
    };
    let free = TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).is_ok();
    let detail = match (free, served) {
        (true, false) => format!("{port} is free: clients of gRPC will be told there what to set"),
        (true, true) => {
            format!(
                "{port} is free, but the server does not answer there; it was taken when it started"
            )
        }
        (false, true) => format!(
            "{port} is answered: clients of gRPC are told there what to set, if this server has it"
        ),
        (false, false) => {
            format!("{port} is taken by another program: clients of gRPC send to that")
        }
    };
    Finding::ok("grpc port", detail)
}

/// Whether the data folder can be made or written.
pub fn folder(dir: &Path) -> Finding {
    let shown = dir.display();
    let own = "chown -R $(id -un)";
    match fs::metadata(dir) {
        Ok(meta) if !meta.is_dir() => Finding::fail(
            "folder",
            format!("{shown} is no folder"),
            "name another one: --data DIR or store.dir",
        ),
        Ok(_) => match try_write(dir) {
            Ok(()) => Finding::ok("folder", format!("{shown} can be written")),
            Err(error) => Finding::fail(
                "folder",
                format!("{shown} cannot be written: {error}"),
                format!("{own} {shown}, as the user that runs the server"),
            ),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = existing(dir);
            match try_write(&parent) {
                Ok(()) => Finding::ok("folder", format!("{shown} will be made by the server")),
                Err(error) => Finding::fail(
                    "folder",
                    format!(
                        "{shown} cannot be made, for {} cannot be written: {error}",
                        parent.display()
                    ),
                    format!("mkdir -p {shown} && {own} {shown}, as the user that runs the server"),
                ),
            }
        }
        Err(error) => Finding::fail(
            "folder",
            format!("{shown} cannot be looked at: {error}"),
            format!("{own} {shown}, as the user that runs the server"),
        ),
    }
}

/// Writes a file and removes it: rights, read-only mounts and full disks show in no other way.
fn try_write(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".plimsoll-doctor-{}", std::process::id()));
    let written = File::create(&path).and_then(|file| file.sync_all());
    let _ = fs::remove_file(&path);
    written
}

/// The nearest folder above that exists.
fn existing(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let found = absolute.ancestors().find(|above| above.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}

/// What a file system has left.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes that this user may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
    /// Files that may still be made.
    pub free_files: u64,
    /// Files in all; 0: no limit.
    pub total_files: u64,
    /// The kind of file system, as in `statfs(2)`.
    pub kind: u32,
}

/// The file system of the data folder.
pub fn disk(dir: &Path) -> Vec<Finding> {
    let place = existing(dir);
    let room = rustix::fs::statvfs(&place).and_then(|of| {
        let kind = rustix::fs::statfs(&place)?.f_type;
        Ok(Room {
            free_bytes: of.f_bavail.saturating_mul(of.f_frsize),
            total_bytes: of.f_blocks.saturating_mul(of.f_frsize),
            free_files: of.f_favail,
            total_files: of.f_files,
            // The numbers have 32 bits, whatever the sign of the system's type.
            kind: (kind & 0xffff_ffff) as u32,
        })
    });
    match room {
        Ok(room) => judge_disk(room),
        Err(error) => vec![Finding::warn(
            "disk",
            format!("how much room {} has is not told: {error}", place.display()),
            "look with df",
        )],
    }
}

/// Judges room for bytes and files, and whether what is written lasts.
pub fn judge_disk(room: Room) -> Vec<Finding> {
    let share = |free: u64, total: u64| match total {
        0 => 0,
        total => (u128::from(free) * 100 / u128::from(total)) as u64,
    };
    let detail = format!(
        "{} free of {} ({} %)",
        bytes(room.free_bytes),
        bytes(room.total_bytes),
        share(room.free_bytes, room.total_bytes)
    );
    let fix = "make room, keep less (store.max_size_mb, store.raw_days), or name another folder with --data";
    let limits = (DISK_FAIL_BYTES, DISK_WARN_BYTES);
    let mut findings = vec![left("disk", room.free_bytes, limits, detail, fix)];
    if room.total_files > 0 {
        let detail = format!("{} more files can be made", room.free_files);
        let fix = "remove small files from this file system: find / -xdev -type f | cut -d/ -f2-3 | sort | uniq -c | sort -n";
        let limits = (INODES_FAIL, INODES_WARN);
        findings.push(left("inodes", room.free_files, limits, detail, fix));
    }
    if IN_MEMORY.contains(&room.kind) {
        findings.push(Finding::warn(
            "file system",
            "the data folder is in memory: nothing is left after a restart of the machine",
            "name a folder on a disk with --data DIR",
        ));
    } else if OVER_NETWORK.contains(&room.kind) {
        findings.push(Finding::warn(
            "file system",
            "the data folder is on another machine: locks and syncs may not hold there",
            "name a folder on a disk of this machine with --data DIR",
        ));
    }
    findings
}

/// Judges what is left by the least that works and the least that lasts.
fn left(
    check: &'static str,
    left: u64,
    (works, lasts): (u64, u64),
    detail: String,
    fix: &str,
) -> Finding {
    if left < works {
        Finding::fail(check, detail, fix)
    } else if left < lasts {
        Finding::warn(check, detail, fix)
    } else {
        Finding::ok(check, detail)
    }
}

/// Whether the clock can be right: what was written is not of the future, and something keeps it right.
pub fn clock(dir: &Path, now: SystemTime) -> Vec<Finding> {
    let set = "timedatectl set-ntp true, or start chrony";
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since.as_secs() < CLOCK_EARLIEST_SECS {
        return vec![Finding::fail(
            "clock",
            format!(
                "the clock says {}, which is long ago",
                crate::api::v1::time::rfc3339(nanos(since))
            ),
            set,
        )];
    }
    let ahead = newest(dir).and_then(|newest| newest.duration_since(now).ok());
    if let Some(ahead) = ahead.filter(|ahead| *ahead > CLOCK_BEHIND) {
        return vec![Finding::fail(
            "clock",
            format!(
                "the clock is {} behind the last write of the data folder",
                span(ahead.as_secs())
            ),
            set,
        )];
    }
    vec![match keeper() {
        Some(keeper) => Finding::ok("clock", format!("kept right by {keeper}")),
        None => Finding::ok(
            "clock",
            "nothing that keeps it right is seen from here; in a container, its machine has to",
        ),
    }]
}

fn nanos(since: Duration) -> i64 {
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// When a file of the data folder was last written.
fn newest(dir: &Path) -> Option<SystemTime> {
    let folders = ["", "journal", "raw"].map(|part| dir.join(part));
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let files = entries.flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok()?.modified().ok())
        .max()
}

/// The program that keeps the clock right.
fn keeper() -> Option<&'static str> {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some("systemd-timesyncd");
    }
    const PROGRAMS: [(&str, &str); 4] = [
        ("chronyd", "chrony"),
        ("ntpd", "ntpd"),
        ("ptp4l", "ptp4l"),
        ("systemd-timesyn", "systemd-timesyncd"),
    ];
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut names =
        processes.filter_map(|process| fs::read_to_string(process.path().join("comm")).ok());
    names.find_map(|name| {
        let known = PROGRAMS
            .iter()
            .find(|(program, _)| name.trim_end() == *program);
        known.map(|(_, keeper)| *keeper)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{State, worst};
    use super::*;

    const ROOMY: Room = Room {
        free_bytes: 10_000_000_000,
        total_bytes: 20_000_000_000,
        free_files: 1_000_000,
        total_files: 2_000_000,
        kind: 0xef53,
    };

    #[test]
    fn little_room_warns_and_none_fails() {
        assert_eq!(worst(&judge_disk(ROOMY)), State::Ok);
        for (room, state) in [
            (
                Room {
                    free_bytes: 500_000_000,
                    ..ROOMY
                },
                State::Warn,
            ),
            (
                Room {
                    free_bytes: 50_000_000,
                    ..ROOMY
                },
                State::Fail,
            ),
            (
                Room {
                    free_files: 1_999,
                    ..ROOMY
                },
                State::Warn,
            ),
            (
                Room {
                    free_files: 3,
                    ..ROOMY
                },
                State::Fail,
            ),
            (
                Room {
                    free_files: 0,
                    total_files: 0,
                    ..ROOMY
                },
                State::Ok,
            ),
            (
                Room {
                    kind: 0x0102_1994,
                    ..ROOMY
                },
                State::Warn,
            ),
            (
                Room {
                    kind: 0x6969,
                    ..ROOMY
                },
                State::Warn,
            ),
        ] {
            assert_eq!(worst(&judge_disk(room)), state, "{room:?}");
        }
        let details = judge_disk(ROOMY);
        assert_eq!(details[0].detail, "10.0 GB free of 20.0 GB (50 %)");
    }

    #[test]
    fn a_clock_behind_the_last_write_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("lock"), "").unwrap();
        let now = SystemTime::now();
        assert_eq!(worst(&clock(dir.path(), now)), State::Ok);
        let early = now - Duration::from_secs(3_600);
        let found = clock(dir.path(), early);
        assert_eq!(found[0].state, State::Fail, "{found:?}");
        let never_set = UNIX_EPOCH + Duration::from_secs(60);
        assert_eq!(worst(&clock(dir.path(), never_set)), State::Fail);
    }

    #[test]
    fn what_is_no_folder_fails() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(folder(&file).state, State::Fail);
        assert_eq!(folder(&file.join("below")).state, State::Fail);
        assert_eq!(folder(&dir.path().join("a/b")).state, State::Ok);
        assert_eq!(folder(dir.path()).state, State::Ok);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
