//! Scripts of `tests/python` in an environment of their own, made once below the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

/// Runs a script and returns the JSON that it prints.
pub(crate) fn run(script: &str, arguments: &[&str]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(script);
    let mut command =
        Command::new(environment("python", "tests/python/requirements.txt").join("bin/python"));
    command
        .arg(path)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().expect("the interpreter starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed: {errors}");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{script} printed no JSON ({error}): {errors}"))
}

/// Makes the environment if it is not there.
pub(crate) fn ready() {
    environment("python", "tests/python/requirements.txt");
}

/// An environment below the target folder that has what `requirements` pins. Tests of several processes wait for the one
/// that makes it.
pub(crate) fn environment(name: &str, requirements: &str) -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let lock =
        File::create(environment.with_extension("lock")).expect("the target folder can be written");
    flock(&lock, FlockOperation::LockExclusive).expect("the lock is free at last");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(requirements);
    let pinned = fs::read_to_string(&requirements).expect("the requirements");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == pinned) {
        return environment;
    }
    must(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    );
    must(
        Command::new(environment.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    );
    fs::write(&installed, pinned).expect("the target folder can be written");
    environment
}

pub(crate) fn must(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
