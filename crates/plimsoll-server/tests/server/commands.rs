//! `query` and `export`, with and without a server that holds the folder.

use std::path::Path;
use std::process::Output;

use super::{Server, now, outcome, plimsoll};

fn run(dir: &Path, arguments: &[&str]) -> Output {
    plimsoll()
        .args(arguments)
        .arg("--data")
        .arg(dir)
        .output()
        .unwrap()
}

/// Rows of every type, with everything that must be escaped.
fn lines() -> Vec<String> {
    let time = now() - 1_000_000_000_000;
    let mut lines = vec![
        format!(
            r#"odd\ name\,x,t\=ag=a\ b\,c,zone=ü f=1.5,i=-3i,u=18446744073709551615u,b=true,s="say \"hi\" \\ {}done" {time}"#,
            '\n'
        ),
        format!("odd\\ name\\,x,zone=z f=1e300 {}", time + 1),
        format!("plain f=-0.25 {}", time + 2),
    ];
    lines.extend(
        (0..500).map(|row| format!("plain,host=h{} f={row},n={row}i {}", row % 3, time + row)),
    );
    lines
}

async fn export_of(server: &Server, measurement: &str) -> Vec<String> {
    let path = format!("/api/v1/export?format=lp&measurement={measurement}");
    let (status, text) = server.get(&path).await;
    assert!(status.is_success(), "{text}");
    sorted(text.as_str().expect("text"))
}

/// A newline inside a string moves with it, so rows are compared as a set of pieces.
fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn an_export_makes_another_server_equal() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(one.path());
    server.write(lines().join("\n")).await;
    // Through the server that holds the folder.
    let (code, lp, error) = outcome(run(one.path(), &["export", "--format", "lp"]));
    assert_eq!(code, 0, "{error}");
    let other = Server::start(two.path());
    other.write(lp).await;
    for measurement in ["plain", "odd%20name%2Cx"] {
        let there = export_of(&other, measurement).await;
        assert!(!there.is_empty());
        assert_eq!(export_of(&server, measurement).await, there);
    }
    // And from the folder itself.
    let from_server = export_of(&server, "plain").await;
    assert!(server.stop().success());
    let (code, lp, error) = outcome(run(
        one.path(),
        &["export", "--format", "lp", "--measurement", "plain"],
    ));
    assert_eq!(code, 0, "{error}");
    assert_eq!(sorted(&lp), from_server);
}

#[tokio::test]
async fn csv_has_a_header_and_one_row_each() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() / 1_000_000_000;
    server
        .write(format!(
            "m,host=a s=\"x,\\\"y\\\"\",v=1 {time}000000000\nm v=2 {time}000000001"
        ))
        .await;
    let (code, csv, error) = outcome(run(
        dir.path(),
        &["export", "--format", "csv", "--measurement", "m"],
    ));
    assert_eq!(code, 0, "{error}");
    let at = jiff::Timestamp::from_second(time).unwrap().to_string();
    let second = at.replace('Z', ".000000001Z");
    let mut rows = sorted(&csv);
    rows.reverse();
    assert_eq!(
        rows,
        [
            "time,host,s,v".to_owned(),
            format!("{at},a,\"x,\"\"y\"\"\",1"),
            format!("{second},,,2")
        ]
    );
    let (code, _, error) = outcome(run(dir.path(), &["export", "--format", "csv"]));
    assert_eq!(
        (code, error.contains("name a measurement")),
        (1, true),
        "{error}"
    );
    let (code, _, error) = outcome(run(dir.path(), &["export", "--format", "parquet"]));
    let why = match cfg!(feature = "parquet") {
        true => "name a measurement",
        false => "no parquet (cargo feature",
    };
    assert_eq!((code, error.contains(why)), (1, true), "{error}");
}

#[tokio::test]
async fn a_query_prints_a_table_or_json() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("m,host=a v=1\nm,host=b v=3").await;
    let ask = ["query", "m", "--field", "v:max", "--group-by", "host"];
    let table = |output| outcome(output).1;
    let from_server = table(run(dir.path(), &ask));
    let cells: Vec<Vec<&str>> = from_server
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(cells[0], ["host", "time", "max_v"]);
    assert_eq!(
        (cells[1][0], cells[1][2], cells[2][0], cells[2][2]),
        ("a", "1.0", "b", "3.0")
    );
    assert!(server.stop().success());
    let (code, json, error) = outcome(run(dir.path(), &[&ask[..], &["--json"]].concat()));
    assert_eq!(code, 0, "{error}");
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["series"][1]["values"][0][1], 3.0);
    let (code, _, error) = outcome(run(
        dir.path(),
        &["query", "m", "--field", "v", "--start", "soon"],
    ));
    assert_eq!(
        (code, error.contains("start must be")),
        (1, true),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_names_the_value_that_was_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("m v=1").await;
    let ask = || outcome(run(dir.path(), &["query", "m", "--field", "v:avg"]));
    let (code, _, error) = ask();
    assert_eq!((code, error.contains("avg")), (1, true), "{error}");
    assert!(server.stop().success());
    let (_, _, from_folder) = ask();
    assert_eq!(from_folder, error);
}

#[test]
fn a_folder_without_data_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, error) = outcome(run(dir.path(), &["export"]));
    assert_eq!(
        (code, error.contains("there is no data in")),
        (1, true),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_backup_taken_while_serving_is_a_store_of_its_own() {
    let (one, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(one.path());
    server.write(lines().join("\n")).await;
    let copy = elsewhere.path().join("copy");
    let (code, _, error) = outcome(run(one.path(), &["backup", copy.to_str().unwrap()]));
    assert_eq!(code, 0, "{error}");
    server.write("plain f=1").await;
    // It is not overwritten.
    let (code, _, error) = outcome(run(one.path(), &["backup", copy.to_str().unwrap()]));
    assert_eq!((code, error.contains("is not empty")), (1, true), "{error}");

    let restored = elsewhere.path().join("restored");
    let (code, _, error) = outcome(run(&restored, &["restore", copy.to_str().unwrap()]));
    assert_eq!(code, 0, "{error}");
    let (code, lp, error) = outcome(run(
        &restored,
        &["export", "--format", "lp", "--measurement", "plain"],
    ));
    assert_eq!(code, 0, "{error}");
    assert_eq!(sorted(&lp).len(), 501);
    let other = Server::start(&restored);
    assert_eq!(export_of(&other, "plain").await, sorted(&lp));
    let now_there = export_of(&server, "plain").await;
    assert_eq!(now_there.len(), 502);
}

#[tokio::test]
async fn whoever_reads_only_the_beginning_of_a_result_causes_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let unread = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = plimsoll();
        let command = command.args(arguments).arg("--data").arg(dir.path());
        outcome(command.stdout(writer).output().unwrap())
    };
    let good = (0, String::new(), String::new());
    let server = Server::start(dir.path());
    server.write(lines().join("\n")).await;
    // Through the server, then from the folder itself.
    for server in [Some(server), None] {
        assert_eq!(unread(&["export"]), good);
        assert_eq!(unread(&["query", "plain", "--field", "f"]), good);
        assert_eq!(unread(&["config", "print"]), good);
        if let Some(server) = server {
            assert!(server.stop().success());
        }
    }
}

#[tokio::test]
async fn an_export_that_lacks_rows_says_which_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(&config, "[store]\nseal_rows = 1000\n").unwrap();
    let flags = ["--config", config.to_str().unwrap()];
    let server = Server::start_with(dir.path(), &flags);
    let start = now() - 5_000_000_000_000;
    for part in 0..4 {
        let rows = (part * 1000..part * 1000 + 1000)
            .map(|n| format!("m v={n} {}\n", start + n * 1_000_000_000));
        server.write(rows.collect::<String>()).await;
    }
    server.stop();
    let raw = dir.path().join("raw");
    let day = std::fs::read_dir(&raw)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&day).unwrap();
    // Inside the first block.
    bytes[300] ^= 4;
    std::fs::write(&day, bytes).unwrap();

    let (code, text, error) = outcome(run(dir.path(), &["export", "--format", "lp"]));
    let rows = text.lines().filter(|line| line.starts_with("m ")).count();
    assert_eq!(code, 1);
    assert!(rows > 0 && rows < 4000, "{rows}");
    assert!(
        text.contains("# missing: ") && text.contains("rows of `m` from"),
        "{text}"
    );
    assert!(
        error.contains("rows are missing") && error.contains("rows of `m`"),
        "{error}"
    );
    // The same through a server.
    let server = Server::start(dir.path());
    let (code, through, error) = outcome(run(dir.path(), &["export", "--format", "lp"]));
    assert_eq!((code, through), (1, text), "{error}");
    drop(server);
}
