use std::fs;

use rusqlite::Connection;
use rusqlite_migration::M;

use super::deploys::Deployed;
use super::migrations;
use super::tokens::{MAX_LIVE, NewToken, REMEMBERED, Scope, TokenError};
use super::{FILE, Meta, MetaError, check};
use crate::store::table::Nanos;

const NOW: Nanos = 1_774_569_600_000_000_000;

fn new(name: &str) -> NewToken {
    NewToken {
        name: name.to_owned(),
        scope: Scope::Write,
        expires: None,
        is_login: false,
    }
}

#[test]
fn tokens_are_kept_and_names_are_unique_among_those_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    let made = meta.add_token(&new("one"), &[1; 32], NOW).unwrap();
    let taken = meta.add_token(&new("one"), &[2; 32], NOW).unwrap_err();
    assert!(matches!(taken, TokenError::Taken(name) if name == "one"));
    meta.revoke_token(&made.id.to_string(), NOW).unwrap();
    let again = meta.revoke_token("one", NOW).unwrap_err();
    assert!(matches!(again, TokenError::Unknown(_)));
    let second = meta.add_token(&new("one"), &[3; 32], NOW).unwrap();
    assert!(second.id > made.id);
    drop(meta);
    let meta = Meta::open(dir.path(), NOW).unwrap();
    let names: Vec<_> = meta.tokens().unwrap();
    assert_eq!(
        names.iter().map(|token| token.revoked).collect::<Vec<_>>(),
        [Some(NOW), None]
    );
    assert_eq!(meta.unrevoked().unwrap(), [([3; 32], second)]);
}

#[test]
fn names_that_could_be_numbers_or_paths_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    for name in ["", "12", "a/b", "a b", "ü", &"x".repeat(65)] {
        let refused = meta.add_token(&new(name), &[1; 32], NOW);
        assert!(matches!(refused, Err(TokenError::Name(_))), "{name}");
    }
}

#[test]
fn an_expired_name_is_free_and_forgotten_later() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    let short = NewToken {
        expires: Some(NOW + 1),
        ..new("short")
    };
    meta.add_token(&short, &[1; 32], NOW).unwrap();
    meta.add_token(&new("short"), &[2; 32], NOW + 1).unwrap();
    assert_eq!(meta.tokens().unwrap().len(), 2);
    let later = NOW + 2 + REMEMBERED;
    meta.add_token(&new("other"), &[3; 32], later).unwrap();
    let names: Vec<_> = meta.tokens().unwrap();
    let names: Vec<_> = names.iter().map(|token| &*token.name).collect();
    assert_eq!(names, ["short", "other"]);
}

#[test]
fn the_number_of_tokens_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    let filled = meta.change::<_, MetaError>(|change| {
        for number in 0..MAX_LIVE {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_le_bytes());
            change.execute(
                "INSERT INTO tokens (name, scope, hash, is_login, created) VALUES (?1, 'read', ?2, 0, 0)",
                (format!("t{number}"), hash),
            )?;
        }
        Ok(Ok(()))
    });
    filled.unwrap();
    let refused = meta.add_token(&new("more"), &[9; 32], NOW);
    assert!(matches!(refused, Err(TokenError::TooMany)));
}

#[test]
fn a_file_of_a_newer_server_is_refused_with_the_version_that_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    drop(Meta::open(dir.path(), NOW).unwrap());
    let file = Connection::open(dir.path().join(FILE)).unwrap();
    file.execute_batch("INSERT INTO formats VALUES (99, '7.8.9', 0); PRAGMA user_version = 99;")
        .unwrap();
    drop(file);
    let refused = Meta::open(dir.path(), NOW).unwrap_err();
    assert!(matches!(&refused, MetaError::Newer { found: 99, needs, .. } if needs == "7.8.9"));
    assert!(
        refused.to_string().ends_with("use plimsoll 7.8.9 or newer"),
        "{refused}"
    );
    let peeked = Meta::peek(dir.path(), |_| Ok(()));
    assert!(matches!(peeked, Err(MetaError::Newer { .. })));
}

#[test]
fn a_copy_is_kept_before_a_migration_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let mut file = Connection::open(&path).unwrap();
    let first = M::up(
        "CREATE TABLE formats (format INTEGER PRIMARY KEY, plimsoll TEXT, since INTEGER); CREATE TABLE t (x)",
    );
    let steps = [first, M::up("ALTER TABLE t RENAME TO u")];
    migrations::up_to(&mut file, &path, NOW, &steps[..1]).unwrap();
    file.execute("INSERT INTO t VALUES (42)", []).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    migrations::up_to(&mut file, &path, NOW, &steps).unwrap();
    let x = |file: &Connection, table: &str| {
        let one = format!("SELECT x FROM {table}");
        file.query_row(&one, [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(x(&file, "u"), Ok(42));
    let kept = Connection::open(dir.path().join("meta.db.format-1")).unwrap();
    assert_eq!(x(&kept, "t"), Ok(42));
    // A step that fails leaves the file as it was.
    let broken = [steps[0].clone(), steps[1].clone(), M::up("DROP TABLE none")];
    assert!(migrations::up_to(&mut file, &path, NOW, &broken).is_err());
    assert_eq!(x(&file, "u"), Ok(42));
}

#[test]
fn a_file_of_format_3_gets_suggestions_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let mut file = Connection::open(&path).unwrap();
    migrations::up_to(&mut file, &path, NOW, &migrations::ALL[..3]).unwrap();
    let before = "INSERT INTO thresholds VALUES ('error_rate_threshold', 0.02, 0)";
    file.execute(before, []).unwrap();
    drop(file);
    let meta = Meta::open(dir.path(), NOW).unwrap();
    assert_eq!(meta.suggestions(None, 0, 10).unwrap(), []);
    assert_eq!(meta.thresholds().unwrap()["error_rate_threshold"], 0.02);
    let kept = Connection::open(dir.path().join("meta.db.format-3")).unwrap();
    let format = kept.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    assert_eq!(format, Ok(3));
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    fs::write(
        &path,
        "not a database, but long enough to look like one".repeat(100),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    let refused = Meta::open(dir.path(), NOW);
    assert!(matches!(refused, Err(MetaError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_copy_has_what_was_written_and_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    meta.add_token(&new("one"), &[1; 32], NOW).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join(FILE);
    meta.copy_to(&copy).unwrap();
    assert!(meta.copy_to(&copy).is_err(), "nothing is overwritten");
    check(&copy).unwrap();
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    let copied = Meta::open(elsewhere.path(), NOW).unwrap();
    assert_eq!(copied.tokens().unwrap(), meta.tokens().unwrap());
}

#[test]
fn a_deploy_is_noted_once_and_another_commit_of_its_version_is_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), NOW).unwrap();
    let note = |revision: Option<&str>, seconds: Nanos| {
        let deployed = Deployed {
            service: "shop".to_owned(),
            version: "1.4.2".to_owned(),
            revision: revision.map(str::to_owned),
            at: NOW + seconds * 1_000_000_000,
            source: "seen".to_owned(),
        };
        meta.deployed(&deployed).unwrap()
    };
    assert!(note(None, 0));
    assert!(!note(Some("9d59409acf479dfa"), 10), "what was not told");
    assert!(!note(Some("9d59409"), 20), "its first characters");
    assert!(!note(None, 30));
    assert!(note(Some("abc1234"), 40), "another commit");
    assert!(note(None, 2 * 3_600), "later it is deployed anew");
    let known = meta.deploys(Some("shop"), 0, 10).unwrap();
    let revisions: Vec<_> = known
        .iter()
        .map(|deploy| deploy.revision.as_deref())
        .collect();
    assert_eq!(revisions, [Some("9d59409acf479dfa"), Some("abc1234"), None]);
}
