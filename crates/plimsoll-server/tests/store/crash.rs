//! A process that is killed at any instant, and a machine that loses its power: every acknowledged row is there once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use plimsoll_server::store::{Store, StoreConfig};

use super::powercut;
use super::rows::{DAY, MIDNIGHT, Random, SECOND, batch, everything, fields, open};

/// Set for the process that is to be killed.
const CHILD: &str = "STORE_CRASH_CHILD";
const FIRST: &str = "STORE_CRASH_FIRST";

/// Rows of a batch; each is told from all others by writer and number.
fn rows_of(number: i64) -> Vec<(String, i64, Option<f64>, Option<i64>)> {
    let row = |at: i64| {
        let time = MIDNIGHT - number % 2 * DAY + (number * 10 + at) * SECOND / 10;
        (
            format!("w{}", number % 5),
            time,
            Some(number as f64),
            (at % 2 == 0).then_some(at),
        )
    };
    (0..1 + number % 7).map(row).collect()
}

fn append(store: &Store, number: i64) -> bool {
    let rows = rows_of(number);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.0.as_str(), row.1, row.2, row.3))
        .collect();
    store.append_blocking(batch(store, &rows)).is_ok()
}

/// Not a test by itself: writes with three threads, sealing all the time, and tells on its output what was acknowledged.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(dir) = env::var(CHILD) else { return };
    let first = env::var(FIRST).unwrap().parse().unwrap();
    let mut config = StoreConfig::new(dir);
    config.seal_rows = 60;
    let store = Store::open(config, MIDNIGHT).unwrap();
    let next = AtomicI64::new(first);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    println!("begun {number}");
                    if append(&store, number) {
                        println!("acknowledged {number}");
                    }
                    if number % 50 == 0 {
                        store.flush().unwrap();
                    }
                }
            });
        }
    });
}

/// What a killed process told.
struct Told {
    begun: i64,
    acknowledged: Vec<i64>,
}

fn killed(dir: &Path, first: i64, after: Duration, with: impl FnOnce(&mut Command)) -> Told {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "store::crash::child_that_writes_until_it_is_killed",
        "--nocapture",
    ]);
    command.env(CHILD, dir).env(FIRST, first.to_string());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    with(&mut command);
    let mut child: Child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let mut told = Told {
            begun: first,
            acknowledged: Vec::new(),
        };
        for line in output.lines().map_while(Result::ok) {
            // The harness may have written on the same line.
            let number = |word: &str| {
                line.rsplit_once(word)
                    .and_then(|(_, number)| number.trim().parse().ok())
            };
            told.acknowledged.extend(number("acknowledged "));
            told.begun = told.begun.max(number("begun ").unwrap_or(first));
        }
        told
    });
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// What was acknowledged is there, as it was written and once; of the rest whole batches or nothing.
fn check(dir: &Path, acknowledged: &[i64], round: u32) {
    let store = open(dir);
    let found = everything(&store);
    let mut batches: BTreeMap<i64, Vec<_>> = BTreeMap::new();
    for ((series, time), fields) in &found {
        let number = fields["a"].parse::<f64>().unwrap() as i64;
        batches
            .entry(number)
            .or_default()
            .push((series.clone(), *time, fields.clone()));
    }
    for (number, rows) in &batches {
        let mut written: Vec<_> = rows_of(*number)
            .into_iter()
            .map(|row| (row.0, row.1, fields(row.2, row.3)))
            .collect();
        written.sort();
        assert_eq!(*rows, written, "round {round}: batch {number} is torn");
    }
    for number in acknowledged {
        assert!(
            batches.contains_key(number),
            "round {round}: batch {number} was acknowledged and is gone"
        );
    }
    store.flush().unwrap();
    let sealed = store.status().sealed_rows;
    assert_eq!(
        sealed,
        found.len() as u64,
        "round {round}: rows were sealed twice"
    );
    assert_eq!(
        everything(&store),
        found,
        "round {round}: sealing changed rows"
    );
}

#[test]
fn killed_at_any_instant_every_acknowledged_row_is_there_once() {
    let mut random = Random(3);
    let mut total = 0;
    for series in 0..super::rounds(10) {
        let dir = tempfile::tempdir().unwrap();
        let (mut acknowledged, mut first) = (Vec::new(), 1);
        for round in 0..10 {
            let after = Duration::from_millis(random.below(120) as u64);
            let told = killed(dir.path(), first, after, |_| {});
            first = told.begun + 1;
            acknowledged.extend(told.acknowledged);
            check(dir.path(), &acknowledged, series * 10 + round);
        }
        total += acknowledged.len();
    }
    assert!(
        total > 100,
        "only {total} batches were acknowledged: the test shows nothing"
    );
}

#[test]
fn after_a_power_cut_every_acknowledged_row_is_there_once() {
    let base = tempfile::tempdir().unwrap();
    let shim = powercut::build(base.path());
    let mut random = Random(4);
    let mut total = 0;
    for series in 0..super::rounds(8) {
        let place = base.path().join(format!("series-{series}"));
        let data: PathBuf = place.join("data");
        fs::create_dir_all(&data).unwrap();
        let (mut acknowledged, mut first) = (Vec::new(), 1);
        for round in 0..6 {
            let log = powercut::Log::begin(&place, &data);
            let after = Duration::from_millis(20 + random.below(150) as u64);
            let told = killed(&data, first, after, |command| log.attach(&shim, command));
            log.cut(&mut random);
            first = told.begun + 1;
            acknowledged.extend(told.acknowledged);
            check(&data, &acknowledged, series * 6 + round);
        }
        total += acknowledged.len();
    }
    assert!(
        total > 50,
        "only {total} batches were acknowledged: the test shows nothing"
    );
}
