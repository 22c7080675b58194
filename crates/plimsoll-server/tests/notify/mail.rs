//! Mail, handed to a real mail server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rcgen::{CertifiedKey, KeyPair};
use serde_json::{Value, json};

use super::{Home, channel, firing, outbox, over, status_when};
use crate::clients::python;
use crate::server::targets::until;
use crate::server::{outcome, plimsoll};

/// Python's aiosmtpd.
struct MailServer {
    child: Child,
    /// It ends with this.
    _input: ChildStdin,
    port: u64,
    received: Arc<Mutex<Vec<Value>>>,
}

impl MailServer {
    /// `mode` is `plain`, `starttls` or `tls`; further arguments are those of the script.
    fn start(mode: &str, files: &Path, more: &[&str]) -> Self {
        let environment = python::environment("python", "tests/python/requirements.txt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/smtp_server.py");
        let mut child = Command::new(environment.join("bin/python"))
            .arg(script)
            .arg(mode)
            .args([files.join("cert.pem"), files.join("key.pem")])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let received: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = received.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self {
            _input: child.stdin.take().unwrap(),
            port: first["port"].as_u64().unwrap(),
            child,
            received,
        }
    }

    async fn when(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} mails came"), async || {
            let received = self.received.lock().clone();
            match received.len() >= count {
                true => Ok(received),
                false => Err(format!("{received:?}")),
            }
        })
        .await
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a certificate for localhost and its key.
fn certificate() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    let path = dir.path().join("cert.pem");
    std::fs::write(&path, cert.pem()).unwrap();
    std::fs::write(
        dir.path().join("key.pem"),
        KeyPair::serialize_pem(&signing_key),
    )
    .unwrap();
    (dir, path)
}

fn mail(name: &str, port: u64, more: &str) -> String {
    let lines = format!(
        "smtp_host = \"localhost\"\nsmtp_port = {port}\nfrom = \"Plimsoll <plimsoll@example.org>\"\n{more}"
    );
    channel(name, "email", &lines)
}

const TO: &str = "to = [\"Ops <ops@example.org>\", \"b@example.org\"]\n";

#[tokio::test]
async fn mail_goes_over_starttls_with_a_login_and_says_what_must_be_known() {
    let (files, ca) = certificate();
    let server = MailServer::start(
        "starttls",
        files.path(),
        &["--login", "plimsoll", "pässword"],
    );
    let password = files.path().join("password");
    std::fs::write(&password, "pässword\n").unwrap();
    let more =
        format!("{TO}username = \"plimsoll\"\npassword_file = {password:?}\nca_file = {ca:?}");
    let home = Home::new(&mail("ops", server.port, &more));
    home.put(&[firing("1")]);
    let running = home.start();
    let received = server.when(1).await;
    let one = &received[0];
    assert_eq!(
        (&one["tls"], &one["login"]),
        (&json!(true), &json!("plimsoll")),
        "{one}"
    );
    assert_eq!(one["from"], "plimsoll@example.org");
    assert_eq!(one["to"], json!(["ops@example.org", "b@example.org"]));
    assert_eq!(one["subject"], "Plimsoll Alert: slow_request in shop");
    let text = one["parts"]["text/plain"].as_str().unwrap();
    for expected in [
        "shop: write p95 1.51 s, its line 0.70 s",
        "Severity: high",
        "Threshold: 700 ms",
        "Current: 1.51 s",
        "Timestamp: 2",
        "SELECT … WHERE id = ANY($1)",
        "It asks for stock <once> per item & more.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let html = one["parts"]["text/html"].as_str().unwrap();
    assert!(
        html.contains("It asks for stock &lt;once&gt; per item &amp; more."),
        "{html}"
    );
    status_when(&running, "ops", |told| told["waiting"] == 0).await;
    assert!(running.stop().success());
    home.put(&[over("1")]);
    let running = home.start();
    let received = server.when(2).await;
    assert_eq!(
        received[1]["subject"],
        "Plimsoll Alert: slow_request in shop is resolved"
    );
    assert_ne!(received[0]["message_id"], received[1]["message_id"]);
    assert_eq!(received[0]["references"], received[1]["references"]);
    drop(running);
}

#[tokio::test]
async fn mail_goes_over_tls_from_the_beginning() {
    let (files, ca) = certificate();
    let server = MailServer::start("tls", files.path(), &[]);
    let home = Home::new(&format!(
        "{}{}",
        mail(
            "ops",
            server.port,
            &format!("{TO}tls = \"tls\"\nca_file = {ca:?}")
        ),
        mail("stranger", server.port, &format!("{TO}tls = \"tls\"")),
    ));
    home.put(&[firing("1")]);
    let running = home.start();
    assert_eq!(server.when(1).await[0]["tls"], true);
    let told = status_when(&running, "stranger", |told| told["state"] == "down").await;
    let error = told["last_error"].as_str().unwrap();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert_eq!(server.received.lock().len(), 1);
}

#[tokio::test]
async fn nothing_is_told_in_the_clear_where_encryption_is_wanted() {
    let (files, _) = certificate();
    let server = MailServer::start("plain", files.path(), &[]);
    let home = Home::new(&format!(
        "{}{}",
        mail(
            "wanted",
            server.port,
            &format!("{TO}username = \"u\"\npassword = \"geheim\"")
        ),
        mail("plain", server.port, &format!("{TO}tls = \"none\"")),
    ));
    home.put(&[firing("1")]);
    let running = home.start();
    let told = status_when(&running, "wanted", |told| told["state"] == "down").await;
    let error = told["last_error"].as_str().unwrap();
    assert!(
        error.starts_with("it does not offer STARTTLS: nothing is told in the clear"),
        "{error}"
    );
    // Within this machine it may be.
    let received = server.when(1).await;
    assert_eq!((received.len(), &received[0]["tls"]), (1, &json!(false)));
}

#[test]
fn plain_mail_to_another_machine_is_refused_unless_it_is_allowed() {
    let check = |more: &str| {
        let lines = format!(
            "smtp_host = \"mail.example.org\"\nfrom = \"a@example.org\"\n{TO}tls = \"none\"\n{more}"
        );
        let home = Home::new(&channel("ops", "email", &lines));
        let mut command = plimsoll();
        command.args(["serve", "--check", "--config", &home.config()]);
        outcome(command.output().unwrap())
    };
    let (code, _, error) = check("");
    assert_eq!(code, 1);
    assert!(
        error.contains(
            "`notify[0].tls` must be starttls or tls where `smtp_host` is another machine"
        ),
        "{error}"
    );
    assert_eq!(check("allow_plain = true").0, 0);
}

#[tokio::test]
async fn a_receiver_that_is_unknown_keeps_the_mail_from_no_other() {
    let (files, _) = certificate();
    let server = MailServer::start("plain", files.path(), &[]);
    let to = |name: &str, to: &str| mail(name, server.port, &format!("to = {to}\ntls = \"none\""));
    let home = Home::new(&format!(
        "{}{}{}",
        to("part", "[\"unknown@example.org\", \"ops@example.org\"]"),
        to("none", "[\"unknown@example.org\"]"),
        to("later", "[\"ops@example.org\", \"later@example.org\"]"),
    ));
    home.put(&[firing("1")]);
    let running = home.start();
    let part = status_when(&running, "part", |told| told["waiting"] == 0).await;
    assert_eq!(
        (&part["state"], &part["dead"]),
        (&json!("up"), &json!(0)),
        "{part}"
    );
    let error = part["last_error"].as_str().unwrap();
    assert!(
        error.starts_with("unknown@example.org is refused: "),
        "{error}"
    );
    assert_eq!(server.when(1).await[0]["to"], json!(["ops@example.org"]));
    status_when(&running, "none", |told| told["dead"] == 1).await;
    let later = status_when(&running, "later", |told| told["state"] == "down").await;
    assert_eq!(
        (&later["waiting"], &later["dead"]),
        (&json!(1), &json!(0)),
        "{later}"
    );
    // Nobody of theirs got it: nobody gets it twice.
    assert_eq!(server.received.lock().len(), 1);
}

#[tokio::test]
async fn a_farewell_that_hangs_makes_no_second_mail() {
    let (files, _) = certificate();
    let server = MailServer::start("plain", files.path(), &["--hang-quit"]);
    let home = Home::new(&mail(
        "ops",
        server.port,
        &format!("{TO}tls = \"none\"\ntimeout_seconds = 1"),
    ));
    home.put(&[firing("1")]);
    let running = home.start();
    server.when(1).await;
    let told = status_when(&running, "ops", |told| told["waiting"] == 0).await;
    assert_eq!(
        (&told["state"], &told["last_error"]),
        (&json!("up"), &Value::Null),
        "{told}"
    );
    assert_eq!(outbox(&running, "sent").await[0]["attempts"], 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.received.lock().len(), 1);
}

#[tokio::test]
async fn a_test_mail_arrives_and_says_that_it_is_one() {
    let (files, _) = certificate();
    let server = MailServer::start("plain", files.path(), &[]);
    let home = Home::new(&mail("ops", server.port, &format!("{TO}tls = \"none\"")));
    let running = home.start();
    let (code, answer) = running.post("/api/performance/channels/ops/test", "").await;
    assert_eq!(
        (code.as_u16(), &answer["delivered"]),
        (200, &json!(true)),
        "{answer}"
    );
    let received = server.when(1).await;
    assert_eq!(received[0]["subject"], "Plimsoll Alert: test");
}
