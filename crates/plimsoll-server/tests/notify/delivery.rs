//! Each kind of channel gets what it takes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::receiver::{OK, Received, Receiver, Reply};
use super::{Home, channel, firing, outbox, over, status, status_when};
use crate::clients::python;

const SECRET: &str = "a secret of 32 bytes or so, shared";
const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";

/// What others make of what was received: Python's own HMAC, and validation against the documented schemas.
fn checked(home: &Home, received: &[Received]) -> Value {
    let folder = home.path().join("received");
    fs::create_dir_all(&folder).unwrap();
    for (at, one) in received.iter().enumerate() {
        let one = json!({"path": one.path, "headers": one.headers, "body": one.body});
        fs::write(folder.join(format!("{at}.json")), one.to_string()).unwrap();
    }
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notify/schemas");
    python::run(
        "notices_check.py",
        &[folder.to_str().unwrap(), schemas, SECRET],
    )
}

fn kinds(receiver: &Receiver) -> String {
    let url = &receiver.url;
    [
        channel("chat", "slack", &format!("url = \"{url}/slack\"")),
        channel(
            "hook",
            "webhook",
            &format!("url = \"{url}/webhook\"\nsecret = {SECRET:?}"),
        ),
        channel(
            "pager",
            "pagerduty",
            &format!("url = \"{url}/pagerduty\"\nsecret = {ROUTING_KEY:?}"),
        ),
        channel("log", "log", ""),
    ]
    .concat()
}

/// As Slack and PagerDuty answer.
fn as_usual(request: &Received, _: usize) -> Reply {
    match request.path.as_str() {
        "/pagerduty" => Reply::Answer(202, "", "{\"status\":\"success\"}"),
        _ => OK,
    }
}

#[tokio::test]
async fn each_kind_gets_what_its_documentation_says() {
    let receiver = Receiver::new(as_usual);
    let home = Home::new(&kinds(&receiver));
    home.put(&[firing("1")]);
    let server = home.start();
    receiver.when(3).await;
    for name in ["chat", "hook", "pager", "log"] {
        let told = status_when(&server, name, |told| told["waiting"] == 0).await;
        assert_eq!(
            (&told["state"], &told["dead"]),
            (&json!("up"), &json!(0)),
            "{told}"
        );
        assert_eq!(told["last_error"], Value::Null, "{told}");
    }
    assert!(server.stop().success());
    // Its end, and so many others that they are summed up.
    home.put(&[over("1")]);
    let server = home.start();
    receiver.when(6).await;
    assert!(server.stop().success());
    let many: Vec<_> = (2..40).map(|alert| firing(&alert.to_string())).collect();
    home.put(&many);
    let server = home.start();
    let received = receiver.when(9).await;
    assert!(server.stop().success());

    let checked = checked(&home, &received);
    assert_eq!(
        checked["slack"],
        json!({"valid": 3, "errors": []}),
        "{checked}"
    );
    assert_eq!(
        checked["pagerduty"],
        json!({"valid": 3, "errors": []}),
        "{checked}"
    );
    assert_eq!(
        checked["webhook"],
        json!({"valid": 3, "errors": []}),
        "{checked}"
    );
    let of = |path: &str| -> Vec<Value> {
        let to = received.iter().filter(|one| one.path == path);
        to.map(Received::json).collect()
    };
    let pager = of("/pagerduty");
    assert_eq!(pager[0]["event_action"], "trigger");
    assert_eq!(pager[1]["event_action"], "resolve");
    assert_eq!(pager[0]["dedup_key"], pager[1]["dedup_key"]);
    assert_eq!(pager[2]["payload"]["custom_details"]["count"], 38);
    let chat = of("/slack");
    assert_eq!(chat[0]["attachments"][0]["color"], "danger");
    assert_eq!(chat[1]["attachments"][0]["color"], "good");
    assert_eq!(chat[2]["text"], "38 alerts in shop");
    let hook = of("/webhook");
    assert_eq!(
        hook[0]["notices"][0]["message"],
        "write p95 1.51 s, its line 0.70 s"
    );
    assert_eq!(hook[2]["summary"]["keys"].as_array().unwrap().len(), 38);
}

/// The code in a language that the documentation shows.
fn documented(language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/notify.md");
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = text.split("```").skip(1).step_by(2);
    let block = blocks.find_map(|block| block.strip_prefix(&format!("{language}\n")));
    block.expect("a block of code").to_owned()
}

fn answers(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_documented_code_verifies_a_signature() {
    let receiver = Receiver::good();
    let more = format!("url = \"{}/x\"\nsecret = {SECRET:?}", receiver.url);
    let home = Home::new(&channel("hook", "webhook", &more));
    home.put(&[firing("1")]);
    let _server = home.start();
    let received = receiver.when(1).await.remove(0);
    let header = &received.headers["x-plimsoll-signature"];
    let body = home.path().join("body");
    fs::write(&body, &received.body).unwrap();
    let body = body.to_str().unwrap();

    let python = format!(
        "{}\nimport sys\nbody = open(sys.argv[3], 'rb').read()\n\
         print(is_ours(*sys.argv[1:3], body), is_ours('x', sys.argv[2], body), is_ours(*sys.argv[1:3], body + b' '))",
        documented("python")
    );
    let mut command = Command::new("python3");
    command.args(["-c", &python, SECRET, header, body]);
    assert_eq!(answers(&mut command), "True False False");

    let script = home.path().join("verify.mjs");
    let js = format!(
        "{}\nimport {{ readFileSync }} from 'node:fs';\nconst [secret, header, file] = process.argv.slice(2);\n\
         const body = readFileSync(file);\n\
         console.log(isOurs(secret, header, body), isOurs('x', header, body), isOurs(secret, 't=1', body));",
        documented("js")
    );
    fs::write(&script, js).unwrap();
    let mut command = Command::new("node");
    command.arg(&script).args([SECRET, header, body]);
    assert_eq!(answers(&mut command), "true false false");
}

#[tokio::test]
async fn notices_of_a_service_that_come_together_are_told_together() {
    let receiver = Receiver::new(as_usual);
    let home = Home::new(&kinds(&receiver));
    let mut cart = firing("3");
    cart.service = "cart".to_owned();
    home.put(&[firing("1"), firing("2"), cart]);
    let server = home.start();
    // Two for each that can; three for the pager.
    receiver.when(7).await;
    for name in ["chat", "hook", "pager"] {
        status_when(&server, name, |told| told["waiting"] == 0).await;
    }
    let received = receiver.received();
    let mut sizes = Vec::new();
    for one in &received {
        let body = one.json();
        match one.path.as_str() {
            "/slack" => sizes.push(body["attachments"].as_array().unwrap().len()),
            "/webhook" => sizes.push(body["notices"].as_array().unwrap().len()),
            _ => {}
        }
    }
    sizes.sort_unstable();
    assert_eq!((received.len(), sizes), (7, vec![1, 1, 2, 2]));
    let sent = outbox(&server, "sent").await;
    assert_eq!(sent.len(), 12, "{sent:?}");
}

#[tokio::test]
async fn a_channel_behind_tls_is_believed_by_its_authority() {
    let (receiver, pem) = Receiver::secured();
    let dir = tempfile::tempdir().unwrap();
    let authority = dir.path().join("ca.pem");
    fs::write(&authority, pem).unwrap();
    let url = format!("url = \"{}/x\"", receiver.url);
    let home = Home::new(&format!(
        "{}{}",
        channel(
            "good",
            "webhook",
            &format!("{url}\nca_file = {authority:?}")
        ),
        channel("bad", "webhook", &url),
    ));
    home.put(&[firing("1")]);
    let server = home.start();
    receiver.when(1).await;
    let bad = status_when(&server, "bad", |told| told["state"] == "down").await;
    let error = bad["last_error"].as_str().unwrap();
    assert!(
        error.starts_with("no TLS: its certificate is not believed"),
        "{error}"
    );
    assert_eq!(status(&server, "bad").await["waiting"], 1);
}
