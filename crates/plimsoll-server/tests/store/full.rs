//! Disks that are full or fail.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use plimsoll_server::store::{AppendError, Store, StoreConfig};

use super::powercut;
use super::rows::{DAY, MIDNIGHT, batch, everything, open};

const CHILD: &str = "STORE_FULL_CHILD";

/// Runs one of the tests below again, under the shim, where writes can be made to fail.
fn under_the_shim(name: &str) {
    let base = tempfile::tempdir().unwrap();
    let shim = powercut::build(base.path());
    let data = base.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("store::full::{name}"), "--nocapture"]);
    command
        .env(CHILD, &data)
        .env("LD_PRELOAD", shim)
        .env("SHIM_DIR", &data);
    let output = command
        .env("SHIM_CONTROL", base.path().join("control"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What fails from now on: `f` writes for lack of room, `s` syncs, nothing else.
fn fail(what: &str) {
    fs::write(env::var("SHIM_CONTROL").unwrap(), what).unwrap();
}

fn append(store: &Store, time: i64) -> Result<(), AppendError> {
    store.append_blocking(batch(
        store,
        &[("x", MIDNIGHT + time, Some(time as f64), Some(time))],
    ))
}

fn times(store: &Store) -> Vec<i64> {
    everything(store)
        .into_keys()
        .map(|(_, time)| time - MIDNIGHT)
        .collect()
}

#[test]
fn a_full_disk_refuses_writes_and_recovers_by_itself() {
    let Ok(dir) = env::var(CHILD) else {
        return under_the_shim("a_full_disk_refuses_writes_and_recovers_by_itself");
    };
    let dir = Path::new(&dir);
    let store = open(dir);
    append(&store, 1).unwrap();
    fail("f");
    assert!(matches!(append(&store, 2), Err(AppendError::DiskFull)));
    assert!(store.flush().is_err());
    assert!(store.status().disk_full && store.status().refused_disk_full == 1);
    assert_eq!(times(&store), [1], "reading goes on");
    fail("");
    append(&store, 3).unwrap();
    assert!(!store.status().disk_full);
    store.flush().unwrap();
    append(&store, 4).unwrap();
    assert_eq!(times(&store), [1, 3, 4]);
    drop(store);
    let store = open(dir);
    assert_eq!(times(&store), [1, 3, 4]);
    assert!(store.status().damage.is_empty());
}

#[test]
fn after_a_failed_sync_a_new_segment_is_begun() {
    let Ok(dir) = env::var(CHILD) else {
        return under_the_shim("after_a_failed_sync_a_new_segment_is_begun");
    };
    let dir = Path::new(&dir);
    let store = open(dir);
    append(&store, 1).unwrap();
    fail("s");
    assert!(matches!(
        append(&store, 2),
        Err(AppendError::Unavailable(_))
    ));
    assert!(matches!(
        append(&store, 3),
        Err(AppendError::Unavailable(_))
    ));
    assert_eq!(times(&store), [1]);
    fail("");
    append(&store, 4).unwrap();
    assert!(
        dir.join("journal")
            .read_dir()
            .unwrap()
            .flatten()
            .any(|entry| entry.file_name() != "0000000001.seg")
    );
    fail("s");
    assert!(store.flush().is_err());
    fail("");
    store.flush().unwrap();
    drop(store);
    let store = open(dir);
    assert_eq!(times(&store), [1, 4]);
    assert!(store.status().damage.is_empty());
}

#[test]
fn on_a_full_disk_what_is_too_old_still_goes() {
    let Ok(dir) = env::var(CHILD) else {
        return under_the_shim("on_a_full_disk_what_is_too_old_still_goes");
    };
    let store = open(Path::new(&dir));
    for day in 0..10 {
        append(&store, -day * DAY).unwrap();
    }
    store.flush().unwrap();
    fail("f");
    let refused = store.maintain(MIDNIGHT).unwrap_err();
    assert!(refused.is_full(), "rollups need room: {refused}");
    assert_eq!(times(&store).first(), Some(&(-7 * DAY)));
    fail("");
    store.maintain(MIDNIGHT).unwrap();
}

/// Needs root to mount a small file system.
#[test]
fn on_a_disk_that_is_really_full_what_was_acknowledged_can_still_be_sealed() {
    let base = tempfile::tempdir().unwrap();
    let disk = base.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
        .arg(&disk)
        .output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("not run: this user cannot mount a file system");
        return;
    }
    let done = std::panic::catch_unwind(|| fill(&disk));
    assert!(
        Command::new("umount")
            .arg(&disk)
            .status()
            .unwrap()
            .success()
    );
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}

fn fill(disk: &Path) {
    let store = Store::open(StoreConfig::new(disk), MIDNIGHT).unwrap();
    let mut rows = 0;
    let refused = loop {
        let part: Vec<_> = (rows..rows + 5000)
            .map(|n| {
                (
                    "x",
                    MIDNIGHT + n,
                    Some((n as f64).sin()),
                    Some(n * 7919 % 104_729),
                )
            })
            .collect();
        match store.append_blocking(batch(&store, &part)) {
            Ok(()) => rows += 5000,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, AppendError::DiskFull) && rows > 50_000,
        "{refused} after {rows} rows"
    );
    store.flush().unwrap();
    append(&store, -1).unwrap();
    drop(store);
    assert_eq!(times(&open(disk)).len() as i64, rows + 1);
}
