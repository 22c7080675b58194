//! What the operating system says of a process.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Clock ticks of `/proc/PID/stat`; Linux has shown 100 a second to user space since 2.6.
const TICKS_PER_SEC: f64 = 100.0;

/// User and system time that the process has used, in seconds.
pub fn cpu_secs(pid: u32) -> anyhow::Result<f64> {
    let fields = stat_fields(&format!("/proc/{pid}/stat"))?;
    Ok((fields[11] + fields[12]) / TICKS_PER_SEC)
}

/// User and system time that this process has used, in seconds.
pub fn own_cpu_secs() -> anyhow::Result<f64> {
    cpu_secs(std::process::id())
}

/// The same to the microsecond.
pub fn own_cpu_secs_fine() -> anyhow::Result<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

/// User and system time of all children that were waited for, in seconds.
pub fn children_cpu_secs() -> anyhow::Result<f64> {
    let fields = stat_fields("/proc/self/stat")?;
    Ok((fields[13] + fields[14]) / TICKS_PER_SEC)
}

/// The numbers after the name of `/proc/PID/stat`, the state first (as 0); man 5 proc calls it field 3.
fn stat_fields(path: &str) -> anyhow::Result<Vec<f64>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let (_, after_name) = text.rsplit_once(") ").context("no name in /proc stat")?;
    Ok(after_name
        .split_whitespace()
        .map(|word| word.parse().unwrap_or(0.0))
        .collect())
}

/// Memory that the process holds.
pub fn rss_bytes(pid: u32) -> anyhow::Result<u64> {
    kilobytes(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most memory that the process ever held.
pub fn peak_rss_bytes(pid: u32) -> anyhow::Result<u64> {
    kilobytes(&format!("/proc/{pid}/status"), "VmHWM:")
}

fn kilobytes(path: &str, key: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .context("no such line")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// Bytes that this process caused to be written to devices.
pub fn own_device_bytes() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/self/io").context("cannot read /proc/self/io")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))
        .context("no write_bytes")?;
    Ok(line.trim().parse()?)
}

/// Bytes that a folder takes on its disk, as `du` counts them.
pub fn disk_bytes(folder: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        // A file may go while it is looked at.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        bytes += metadata.blocks() * 512;
        if metadata.is_dir() {
            bytes += disk_bytes(&entry.path())?;
        }
    }
    Ok(bytes)
}

/// Waits until the process has used less than 2 % of a core for five seconds.
pub fn wait_until_quiet(pid: u32) -> anyhow::Result<()> {
    const SPAN: Duration = Duration::from_secs(5);
    const GIVE_UP: Duration = Duration::from_secs(600);
    let started = Instant::now();
    let mut before = cpu_secs(pid)?;
    while started.elapsed() < GIVE_UP {
        std::thread::sleep(SPAN);
        let now = cpu_secs(pid)?;
        if now - before < 0.02 * SPAN.as_secs_f64() {
            return Ok(());
        }
        before = now;
    }
    bail!("process {pid} did not come to rest in {GIVE_UP:?}")
}

/// Asks the process to end, and waits until it has.
pub fn stop(child: &mut Child) -> anyhow::Result<()> {
    if child.try_wait()?.is_none() {
        let pid = Pid::from_raw(i32::try_from(child.id())?).context("no process")?;
        kill_process(pid, Signal::TERM)?;
    }
    let status = child.wait()?;
    // Some end by the signal, some by themselves.
    let _ = status;
    Ok(())
}
