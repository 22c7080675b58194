//! Flipped bits and zeroed pages: never a wrong value, what is missing is told, everything else is there.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_server::store::{Damage, Store, StoreConfig};

use super::rows::{DAY, Everything, MIDNIGHT, Random, SECOND, batch, everything, fields, open};

const PAGE: usize = 4096;

/// Two days, each of several seals, and a journal: every row once.
fn build(dir: &Path) -> Everything {
    let mut expected = Everything::new();
    let store = open(dir);
    for round in 0..8 {
        for part in 0..4 {
            let rows: Vec<_> = (0..150)
                .map(|n| {
                    let count = (round * 4 + part) * 150 + n;
                    let series = ["x", "y", "z"][n as usize % 3];
                    let time = MIDNIGHT - DAY * (count % 2) + count * SECOND;
                    (
                        series,
                        time,
                        Some((count as f64).sin()),
                        (count % 4 > 0).then_some(count * count),
                    )
                })
                .collect();
            store.append_blocking(batch(&store, &rows)).unwrap();
            for (series, time, a, b) in rows {
                expected.insert((series.into(), time), fields(a, b));
            }
        }
        if round < 6 {
            store.flush().unwrap();
        }
    }
    expected
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "lock" {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

/// A bit of a random file flipped, or a page of it zeroed; tells whether anything was changed.
fn harm(dir: &Path, random: &mut Random, page: bool) -> bool {
    let files = files(dir);
    let path = &files[random.below(files.len())];
    let mut bytes = fs::read(path).unwrap();
    let before = bytes.clone();
    let at = random.below(bytes.len());
    if page {
        let start = at / PAGE * PAGE;
        let end = bytes.len().min(start + PAGE);
        bytes[start..end].fill(0);
    } else {
        bytes[at] ^= 1 << random.below(8);
    }
    fs::write(path, &bytes).unwrap();
    bytes != before
}

/// Rows that are missing are rows that some damage speaks of.
fn told(missing: &Everything, damage: &[Damage]) {
    for (name, time) in missing.keys() {
        let covers = |damage: &Damage| {
            damage
                .times
                .is_none_or(|(first, last)| (first..=last).contains(time))
        };
        assert!(
            damage.iter().any(covers),
            "row {name} {time} is missing and nothing tells: {damage:?}"
        );
    }
}

fn harmed(page: bool, seed: u64) {
    let whole = tempfile::tempdir().unwrap();
    let expected = build(whole.path());
    let mut random = Random(seed);
    for round in 0..super::rounds(25) {
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let changed = harm(dir.path(), &mut random, page);
        let mut found = Everything::new();
        for restart in 0..2 {
            let store = open(dir.path());
            let again = everything(&store);
            assert!(
                restart == 0 || again == found,
                "round {round}: a restart changed what is there"
            );
            found = again;
            let wrong: Vec<_> = found
                .iter()
                .filter(|(row, fields)| expected.get(row) != Some(fields))
                .collect();
            assert!(wrong.is_empty(), "round {round}: {wrong:?}");
            let missing: Everything = expected
                .iter()
                .filter(|(row, _)| !found.contains_key(row))
                .map(|(row, fields)| (row.clone(), fields.clone()))
                .collect();
            let damage = store.status().damage;
            assert!(
                restart > 0 || !changed || !damage.is_empty(),
                "round {round}: nothing was told"
            );
            if restart == 0 {
                told(&missing, &damage);
                // A bit costs one frame, a page the frames that it touches.
                assert!(
                    missing.len() <= if page { 1200 } else { 500 },
                    "round {round}: {} rows",
                    missing.len()
                );
            }
            if restart == 0 && round % 3 == 0 {
                store.flush().unwrap();
            }
        }
        let store = open(dir.path());
        store
            .append_blocking(batch(&store, &[("new", MIDNIGHT, Some(1.0), None)]))
            .unwrap();
        store.flush().unwrap();
        drop(store);
        let after = everything(&open(dir.path()));
        assert_eq!(
            after.len(),
            found.len() + 1,
            "round {round}: going on after the damage"
        );
    }
}

#[test]
fn a_flipped_bit_costs_at_most_its_frame_and_is_told() {
    harmed(false, 1);
}

#[test]
fn a_zeroed_page_costs_at_most_its_frames_and_is_told() {
    harmed(true, 2);
}

#[test]
fn a_file_of_a_newer_format_is_refused_with_both_versions_named() {
    for which in ["journal/0000000007.seg", "raw/2026-11-20.day"] {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path());
        let path = dir.path().join(which);
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] = 9;
        let length = u32::from_le_bytes(bytes[5..9].try_into().unwrap()) as usize;
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[3..9]), &bytes[13..13 + length]);
        bytes[9..13].copy_from_slice(&checksum.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        let refused = Store::open(StoreConfig::new(dir.path()), 0);
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("has format 9, this server reads up to 1"),
            "{refused}"
        );
    }
}
