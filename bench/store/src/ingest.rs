//! How much CPU a server needs to take rows in, and how much room it keeps them in.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_server::store::{Store, StoreConfig};

use crate::figure::{Better, Figures};
use crate::load::load;
use crate::process;
use crate::rows::Rows;
use crate::scale::Scale;
use crate::subject::Subject;

struct Measured {
    subject: Subject,
    values_per_cpu_sec: f64,
    bytes_per_value: f64,
}

/// Lines of a request: of a client that batches well, and of one that does not.
pub const LARGE: usize = 5_000;
const SMALL: usize = 100;
/// The CPU time of one and the same work differs by a fifth on a shared machine.
const ROUNDS: usize = 3;

/// Prints `ingest_values_per_cpu_second`, `…_small` and `store_bytes_per_value`.
pub async fn run(folder: &Path, scale: &Scale, figures: &Figures) -> anyhow::Result<()> {
    let large = rounds(folder, scale, LARGE).await?;
    let small = rounds(folder, scale, SMALL).await?;
    print(
        figures,
        "ingest_values_per_cpu_second",
        "values/s",
        &large,
        Better::Higher,
        |m| m.values_per_cpu_sec,
    );
    print(
        figures,
        "ingest_values_per_cpu_second_small",
        "values/s",
        &small,
        Better::Higher,
        |m| m.values_per_cpu_sec,
    );
    print(
        figures,
        "store_bytes_per_value",
        "B",
        &large,
        Better::Lower,
        |m| m.bytes_per_value,
    );
    Ok(())
}

/// All take turns, so that a slower hour of the machine meets each; of each the middle one counts.
async fn rounds(folder: &Path, scale: &Scale, lines: usize) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<Vec<Measured>> = Vec::new();
    for _ in 0..ROUNDS {
        for (at, subject) in scale.subjects().into_iter().enumerate() {
            let rows = match lines {
                LARGE => scale.table(),
                _ => scale.small_table(),
            };
            let one = measure(subject, folder, rows, lines).await?;
            match measured.get_mut(at) {
                Some(known) => known.push(one),
                None => measured.push(vec![one]),
            }
        }
    }
    let middle = |mut rounds: Vec<Measured>| {
        rounds.sort_by(|one, other| one.values_per_cpu_sec.total_cmp(&other.values_per_cpu_sec));
        rounds.swap_remove(ROUNDS / 2)
    };
    Ok(measured.into_iter().map(middle).collect())
}

fn print(
    figures: &Figures,
    name: &str,
    unit: &str,
    measured: &[Measured],
    better: Better,
    of: fn(&Measured) -> f64,
) {
    let Some((ours, peers)) = measured
        .split_first()
        .filter(|(first, _)| first.subject == Subject::Plimsoll)
    else {
        for peer in measured {
            eprintln!("{name} of {}: {:.3} {unit}", peer.subject.name(), of(peer));
        }
        return;
    };
    figures.ours(name, of(ours), unit);
    for peer in peers {
        figures.beside(name, of(ours), unit, peer.subject.name(), of(peer), better);
    }
}

/// The time counted is the server's whole life: start, rows, whatever it does afterwards until it is at rest, its orderly end.
/// Ours leaves the last hour's rows in its journal; they are sealed too, and the time for that is added.
async fn measure(
    subject: Subject,
    folder: &Path,
    rows: Rows,
    lines: usize,
) -> anyhow::Result<Measured> {
    let folder = folder.join(format!("{}-{lines}", subject.name()));
    let (server, _) = subject.start(&folder).await?;
    let sent = load(&server, rows, lines).await?;
    server.settle().await?;
    let peak_bytes = process::peak_rss_bytes(server.pid())?;
    let mut cpu_secs = server.stop()?;
    if subject == Subject::Plimsoll {
        cpu_secs += seal_in_a_process(&folder)?;
    }
    let kept_bytes = process::disk_bytes(&folder)?;
    eprintln!(
        "{}: {} rows, {} values, {} MB of text, {lines} lines a request: sent in {:.1} s, {cpu_secs:.2} s of CPU, {} MB on disk, at most {} MB of memory",
        subject.name(),
        sent.rows,
        sent.values,
        sent.text_bytes / 1_000_000,
        sent.took.as_secs_f64(),
        kept_bytes / 1_000_000,
        peak_bytes / 1_000_000,
    );
    for part in std::fs::read_dir(&folder)?.flatten() {
        if part.file_type()?.is_dir() {
            eprintln!(
                "  {}: {} kB",
                part.file_name().display(),
                process::disk_bytes(&part.path())? / 1_000
            );
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(Measured {
        subject,
        values_per_cpu_sec: sent.values as f64 / cpu_secs,
        bytes_per_value: kept_bytes as f64 / sent.values as f64,
    })
}

/// Seals what a stopped server left in its journal; the user and system time for it, in seconds.
fn seal_in_a_process(folder: &Path) -> anyhow::Result<f64> {
    let others = process::children_cpu_secs()?;
    let status = Command::new(std::env::current_exe()?)
        .arg("seal")
        .arg(folder)
        .status()?;
    anyhow::ensure!(
        status.success(),
        "cannot seal {}: {status}",
        folder.display()
    );
    Ok(process::children_cpu_secs()? - others)
}

/// Opens the folder as the server does, seals, brings rollups up to date, ends.
pub fn seal(folder: &Path) -> anyhow::Result<()> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    let store = Store::open(StoreConfig::new(folder), now)?;
    store.flush()?;
    store.maintain(now)?;
    store.close();
    Ok(())
}
