//! What is secret is shown nowhere.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use super::receiver::{Receiver, Reply};
use super::{Home, channel, firing};
use crate::server::targets::until;
use crate::server::{now, outcome, plimsoll};

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

/// A server that logs all that it can, and where it listens.
fn logging(home: &Home, log: &Path) -> (Ended, String) {
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
        .stderr(File::create(log).unwrap())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().split(' ').next_back().unwrap().to_owned();
    (child, url)
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
    let (child, url) = logging(&home, &log);
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

#[tokio::test]
async fn the_key_of_suggestions_is_shown_to_the_endpoint_and_nowhere_else() {
    let model = Receiver::new(|_, before| match before {
        0 => Reply::Echo(500),
        _ => Reply::Answer(
            200,
            "",
            r#"{"choices":[{"message":{"content":"You sent routing-secret."}}]}"#,
        ),
    });
    let section = format!(
        "[suggestions]\nurl = \"{}/v1\"\nmodel = \"small\"\napi_key = \"routing-secret\"\n[judge]\nenabled = false\n",
        model.url
    );
    let home = Home::new(&section);
    let log = home.path().join("log");
    let (child, url) = logging(&home, &log);
    let rows = (1..20).map(|at| {
        let time = now() - at * 1_000_000_000;
        format!("db_queries,service=shop,statement=SELECT\\ sleep(?) duration=2 {time}\n")
    });
    let written = reqwest::Client::new()
        .post(format!("{url}/write"))
        .body(rows.collect::<String>())
        .send();
    assert_eq!(written.await.unwrap().status(), 204);
    let ask = |more: &[&str]| {
        let mut command = plimsoll();
        command.args(["suggestions", "--url", &url]).args(more);
        outcome(command.output().unwrap())
    };
    let asking = ["--service", "shop", "--ask"];
    let (code, said, error) = ask(&asking);
    assert_eq!(code, 1, "{said}");
    assert!(
        error.contains("the endpoint gave no suggestion: it answers 500"),
        "{error}"
    );
    let (code, given, _) = ask(&asking);
    assert_eq!(code, 0, "{given}");
    assert!(
        given.ends_with("  shop  small\nYou sent (not shown).\n"),
        "{given}"
    );
    let (code, listed, _) = ask(&[]);
    assert_eq!((code, &listed), (0, &given));
    shows_none("the command", &format!("{said}{error}{given}"));
    for asked in model.received() {
        assert_eq!(asked.headers["authorization"], "Bearer routing-secret");
        shows_none("a question", &asked.body);
    }
    for path in ["/api/v1/suggestions", "/status", "/api/v1/stats"] {
        let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
        shows_none(path, &answer.text().await.unwrap());
    }
    drop(child);
    let log = std::fs::read_to_string(&log).unwrap();
    let told = "a suggestion is not answered, it is tried again: it answers 500";
    assert!(log.contains(told), "{log}");
    shows_none("the log", &log);
    let mut command = plimsoll();
    command.args(["config", "print", "--config", &home.config()]);
    let (code, printed, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    assert!(printed.contains("api_key = \"(not shown)\""), "{printed}");
    shows_none("config print", &printed);
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
