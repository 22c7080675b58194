//! The Node service and its database, with the packages that they pin.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{FlockOperation, flock};

use super::python::must;

/// The folder of the service with its packages, below the target folder. Tests of several processes wait for the one that
/// makes it.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-service");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let shipped: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/node");
    let wanted = fs::read_to_string(shipped.join("package-lock.json")).unwrap();
    let installed = folder.join("installed.json");
    if !fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(shipped.join(file), folder.join(file)).unwrap();
        }
        let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        must(Command::new("npm").args(install).current_dir(&folder));
        fs::write(&installed, wanted).unwrap();
    }
    for file in ["app.js", "database.mjs"] {
        fs::copy(shipped.join(file), folder.join(file)).unwrap();
    }
    folder
}

/// A PostgreSQL with the shop's table, until it is dropped.
pub(super) struct Database {
    child: Child,
    port: u16,
}

impl Database {
    pub(super) fn start() -> Self {
        let mut child = Command::new("node")
            .arg("database.mjs")
            .current_dir(folder())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the database starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("text");
        let port = line.trim().parse().expect("its port");
        Self { child, port }
    }

    /// The service that asks it, under instrumentation.
    pub(super) fn service(&self) -> Command {
        let mut command = Command::new("node");
        command
            .args([
                "--require",
                "@opentelemetry/auto-instrumentations-node/register",
                "app.js",
            ])
            .current_dir(folder())
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", "postgres");
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
