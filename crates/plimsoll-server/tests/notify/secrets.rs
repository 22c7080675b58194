//! What is secret is shown nowhere.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::receiver::{Receiver, Reply};
use super::{Home, channel, firing};
use crate::server::targets::until;
use crate::server::{outcome, plimsoll};

const HIDDEN: [&str; 4] = ["T0SECRET", "hmac-secret", "routing-secret", "mail-secret"];

fn channels(url: &str) -> String {
    let mail = "smtp_host = \"127.0.0.1\"\nsmtp_port = 9\ntls = \"none\"\nusername = \"u\"\npassword = \"mail-secret\"\n\
        from = \"a@example.org\"\nto = [\"b@example.org\"]";
    [
        channel(
            "chat",
            "slack",
            &format!("url = \"{url}/services/T0SECRET/hook\""),
        ),
        channel(
            "hook",
            "webhook",
            &format!("url = \"{url}/hook/T0SECRET\"\nsecret = \"hmac-secret\""),
        ),
        channel(
            "pager",
            "pagerduty",
            &format!("url = \"{url}/T0SECRET\"\nsecret = \"routing-secret\""),
        ),
        channel("mail", "email", mail),
    ]
    .concat()
}

/// A server whose log is kept; it ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn shows_none(what: &str, text: &str) {
    for secret in HIDDEN {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

#[tokio::test]
async fn no_secret_is_in_the_log_in_an_answer_or_in_what_is_printed() {
    let echo = Receiver::new(
        |request, before| match (request.path.contains("hook"), before % 2) {
            (false, _) => Reply::Echo(400),
            (true, 0) => Reply::Echo(503),
            (true, _) => Reply::Answer(302, "location: http://127.0.0.1:9/T0SECRET\r\n", ""),
        },
    );
    let home = Home::new(&channels(&echo.url));
    home.put(&[firing("1")]);
    let log = home.path().join("log");
    let child = plimsoll()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
            &home.config(),
            "--data",
        ])
        .arg(home.path().join("data"))
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().split(' ').next_back().unwrap().to_owned();
    let client = reqwest::Client::new();
    let ask = async |path: &str| {
        let answer = client.get(format!("{url}{path}")).send().await.unwrap();
        answer.text().await.unwrap()
    };
    until("all were tried", async || {
        let answer = ask("/api/performance/channels").await;
        match answer.matches("\"state\":\"down\"").count() {
            4 => Ok(()),
            _ => Err(answer),
        }
    })
    .await;
    for path in [
        "/api/performance/channels",
        "/api/performance/outbox",
        "/status",
        "/api/v1/stats",
    ] {
        shows_none(path, &ask(path).await);
    }
    drop(child);
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("channel hook takes nothing") || log.contains("channel hook did not take"),
        "{log}"
    );
    shows_none("the log", &log);
}

#[test]
fn the_configuration_is_printed_without_its_secrets() {
    let home = Home::new(&channels("http://127.0.0.1:9"));
    let mut command = plimsoll();
    command.args(["config", "print", "--config", &home.config()]);
    let (code, said, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    shows_none("config print", &said);
    for shown in [
        "name = \"chat\"",
        "url = \"(not shown)\"",
        "password = \"(not shown)\"",
        "rate_per_minute = 20",
    ] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    // A mistake is told without the value either.
    for (from, to) in [
        ("smtp_port = 9", "smtp_port = \"mail-secret\""),
        ("password = \"mail-secret\"", "password = [\"mail-secret\"]"),
        ("kind = \"slack\"", "kind = \"email\""),
        ("/services/T0SECRET/hook\"", " T0SECRET\""),
    ] {
        let text = channels("http://127.0.0.1:9").replace(from, to);
        let home = Home::new(&text);
        let mut command = plimsoll();
        command.args(["serve", "--check", "--config", &home.config()]);
        let (code, said, error) = outcome(command.output().unwrap());
        assert_eq!(code, 1, "{to}: {said}");
        if from != "smtp_port = 9" {
            shows_none(to, &format!("{said}{error}"));
        }
        assert!(error.contains("notify["), "{error}");
    }
}

#[test]
fn a_secret_in_the_environment_is_no_setting_and_not_repeated() {
    let home = Home::new(&channels("http://127.0.0.1:9"));
    let mut command = plimsoll();
    command.args(["config", "print", "--config", &home.config()]);
    command.env("PLIMSOLL_NOTIFY", "hmac-secret");
    let (code, said, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    assert!(
        said.contains("PLIMSOLL_NOTIFY in the environment is no setting"),
        "{said}"
    );
    shows_none("config print", &format!("{said}{error}"));
}
