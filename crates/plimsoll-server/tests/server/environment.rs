//! What the command takes from its environment and its flags.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Server, outcome, plimsoll};

#[test]
fn a_variable_that_is_no_text_disturbs_nobody() {
    let odd = OsString::from_vec(vec![0xff]);
    let print = || {
        let mut command = plimsoll();
        command.args(["config", "print"]);
        command
    };
    let (code, _, error) = outcome(print().env("X", &odd).output().unwrap());
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = outcome(print().env("PLIMSOLL_DATA", &odd).output().unwrap());
    assert_eq!(code, 1);
    assert!(error.contains("PLIMSOLL_DATA must be text"), "{error}");
}

#[test]
fn checking_refuses_what_serving_refuses() {
    let output = plimsoll()
        .args(["serve", "--check", "--listen", "0.0.0.0:1876"])
        .env("PLIMSOLL_SERVER_FIRST_TOKEN", "false")
        .output()
        .unwrap();
    let (code, out, error) = outcome(output);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains("needs an access token, and there is none yet"),
        "{error}"
    );
}

#[test]
fn checking_warns_of_names_that_are_no_settings() {
    let output = plimsoll()
        .args(["serve", "--check"])
        .env("PLIMSOLL_STORE_RAW_DAY", "3")
        .output()
        .unwrap();
    let (code, out, error) = outcome(output);
    assert_eq!((code, out.as_str()), (0, "the configuration is good\n"));
    assert_eq!(
        error,
        "warning: PLIMSOLL_STORE_RAW_DAY in the environment is no setting; did you mean PLIMSOLL_STORE_RAW_DAYS?\n"
    );
}

#[test]
fn thresholds_and_profile_of_the_environment_are_in_force() {
    let print = |more: &[(&str, &str)]| {
        let mut command = plimsoll();
        command.args(["standards", "print"]);
        command.envs(more.iter().copied());
        outcome(command.output().unwrap())
    };
    let (code, out, error) = print(&[
        ("PLIMSOLL_PROFILE", "prod"),
        ("ERROR_RATE_THRESHOLD", "0.02"),
    ]);
    assert_eq!(code, 0, "{error}");
    for line in [
        "profile = \"prod\"",
        "memory_mb = 200",
        "error_rate = 0.02  # environment ERROR_RATE_THRESHOLD",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    let (code, _, error) = print(&[("SLOW_REQUEST_THRESHOLD", "soon")]);
    assert_eq!(code, 1);
    assert!(
        error.contains("SLOW_REQUEST_THRESHOLD") && error.contains("soon"),
        "{error}"
    );
    let output = plimsoll()
        .args(["serve", "--check"])
        .env("PLIMSOLL_PROFILE", "staging")
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 1);
    assert!(
        error.contains("PLIMSOLL_PROFILE") && error.contains("staging"),
        "{error}"
    );
}

#[test]
fn a_measurement_with_a_dot_can_be_configured_and_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plimsoll.toml");
    std::fs::write(&file, "[store.measurements.\"a.b\"]\nraw_days = 1\n").unwrap();
    let output = plimsoll()
        .args(["config", "print", "--listen", "127.0.0.1:5", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let (code, out, error) = outcome(output);
    assert_eq!(code, 0, "{error}");
    assert!(
        out.contains("[store.measurements.\"a.b\"]\nraw_days = 1 "),
        "{out}"
    );
    assert!(out.contains("listen = \"127.0.0.1:5\""), "{out}");
    // What is printed can be read.
    let again = dir.path().join("again.toml");
    std::fs::write(&again, &out).unwrap();
    let output = plimsoll()
        .args(["serve", "--check", "--config"])
        .arg(&again)
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 0, "{error}");
}

#[tokio::test]
async fn a_named_folder_wins_over_the_url_of_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("m v=1").await;
    let export = |data: bool| {
        let mut command = plimsoll();
        command
            .arg("export")
            .env("PLIMSOLL_URL", "http://127.0.0.1:9");
        if data {
            command.arg("--data").arg(dir.path());
        }
        outcome(command.output().unwrap())
    };
    let (code, out, error) = export(true);
    assert_eq!((code, out.contains("m v=1")), (0, true), "{error}");
    let (code, _, error) = export(false);
    assert_eq!(code, 1);
    assert!(error.contains("cannot reach http://127.0.0.1:9"), "{error}");
}

#[test]
fn a_log_filter_that_is_not_understood_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let output = plimsoll()
        .args(["serve", "--listen"])
        .arg(taken.local_addr().unwrap().to_string())
        .arg("--data")
        .arg(dir.path())
        .env("RUST_LOG", "plimsoll=loud")
        .output()
        .unwrap();
    let (_, _, error) = outcome(output);
    assert!(
        error.contains("warning: RUST_LOG is not understood"),
        "{error}"
    );
}

#[test]
fn every_command_shows_examples() {
    for command in [
        &["--help"][..],
        &["config", "--help"],
        &["config", "print", "--help"],
    ] {
        let (code, out, error) = outcome(plimsoll().args(command).output().unwrap());
        assert_eq!((code, out.contains("Examples:")), (0, true), "{out}{error}");
    }
}
