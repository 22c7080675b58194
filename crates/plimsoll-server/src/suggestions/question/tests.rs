//! Questions of made-up situations.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::alert::{Kind, Unit};
use plimsoll::analysis::findings::findings;
use plimsoll::analysis::load_line::{load_line, loads};
use plimsoll::analysis::score::score;
use plimsoll::analysis::situation::{Deploy, OpenAlert, RouteNow, Situation, StatementNow};
use plimsoll::analysis::verdict::{ServiceState, verdict};
use plimsoll::standards::Standards;

use super::*;

const NOW: i64 = 1_800_000_000_000_000_000;
const ASKED: &str = "SELECT sku, qty FROM stock WHERE sku = ?";
const ALL: Shared = Shared {
    statements: true,
    entities: true,
};

fn alert(key: &str, kind: Kind) -> OpenAlert {
    OpenAlert {
        id: Some("7".to_owned()),
        key: key.to_owned(),
        kind,
        severity: Severity::High,
        since: NOW,
        value: Some(0.4),
        limit: 1.0,
        unit: Unit::Seconds,
    }
}

/// One whose orders ask for stock once per item, with a deploy before.
fn shop() -> Situation {
    Situation {
        service: "shop".to_owned(),
        url: "http://127.0.0.1:1876".to_owned(),
        now: NOW,
        standards: Arc::new(Standards::default()),
        routes: vec![RouteNow {
            method: "POST".to_owned(),
            route: "/orders".to_owned(),
            requests: 2_900,
            mean: 0.9,
            p50: 0.82,
            p95: 2.41,
            ..RouteNow::default()
        }],
        statements: vec![StatementNow {
            statement: ASKED.to_owned(),
            route: "/orders".to_owned(),
            method: "POST".to_owned(),
            executions: 41 * 2_900,
            total: 0.574 * 2_900.0,
            p95: 0.02,
        }],
        calls: Vec::new(),
        functions: Vec::new(),
        levels: Vec::new(),
        ahead: Vec::new(),
        deploys: Vec::new(),
        alerts: vec![alert("class:write", Kind::SlowRequest)],
        minutes: 5.0,
        asked: BTreeMap::new(),
        heard: Some(NOW),
    }
}

fn judged(situation: Situation) -> Judgement {
    let findings = findings(&situation);
    let groups = load_line(&situation, &findings);
    let score = score(&loads(&situation));
    let state = ServiceState::Degraded;
    let verdict = verdict(&situation, state, 60, &groups, &findings);
    Judgement {
        findings,
        groups,
        score,
        before: None,
        state,
        verdict,
        situation,
        missing: Vec::new(),
    }
}

/// What the user's message says.
fn said(situation: Situation, shared: Shared) -> String {
    let question = Question::of(&judged(situation), "small", shared).unwrap();
    let body: Value = serde_json::from_str(&question.body).unwrap();
    let said = body["messages"][1]["content"].as_str().unwrap();
    said.replace('\u{a0}', " ")
}

#[test]
fn a_question_has_verdict_score_and_findings_and_is_made_for_a_short_answer() {
    let question = Question::of(&judged(shop()), "small", Shared::default()).unwrap();
    assert_eq!(question.service, "shop");
    assert_eq!(question.findings, ["class:write"]);
    let body: Value = serde_json::from_str(&question.body).unwrap();
    assert_eq!(
        (&body["model"], &body["temperature"], &body["max_tokens"]),
        (&json!("small"), &json!(0.2), &json!(300))
    );
    assert_eq!(
        body["messages"][0],
        json!({"role": "system", "content": SYSTEM})
    );
    assert_eq!(body["messages"][1]["role"], "user");
    let said = said(shop(), Shared::default());
    assert!(said.starts_with("Verdict: shop is degraded"), "{said}");
    assert!(said.contains("\nScore: "), "{said}");
    let finding = "\n1. POST /orders takes 2.4× its line of 1.00 s. (high)\n   \
        Cause: It asks once per item: 41 of its 41 queries are the same.\n   \
        Measured: p95 2.41 s; 64 % of its time is spent in these queries\n   \
        To do: Ask once for all items.\n   About: a statement";
    assert!(said.ends_with(finding), "{said}");
}

#[test]
fn a_statement_is_told_only_where_it_is_shared() {
    let slow = || {
        let mut situation = shop();
        situation.statements[0].executions = 100;
        situation.statements[0].total = 300.0;
        situation.routes.clear();
        situation
    };
    for (situation, expected) in [
        (
            shop(),
            "   About: SELECT sku, qty FROM stock WHERE sku IN (?, …)",
        ),
        (slow(), "   About: SELECT sku, qty FROM stock WHERE sku = ?"),
    ] {
        let silent = said(situation.clone(), Shared::default());
        assert!(
            !silent.contains("stock") && !silent.contains("SELECT"),
            "{silent}"
        );
        assert!(silent.contains("   About: a statement"), "{silent}");
        let told = said(situation, ALL);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn parameters_are_never_told() {
    let mut situation = shop();
    situation.statements[0].statement =
        "SELECT 1 FROM users WHERE name = 'geheim' AND id = 4711".to_owned();
    let told = said(situation, ALL);
    assert!(
        told.contains("SELECT ? FROM users WHERE name = ? AND id"),
        "{told}"
    );
    assert!(!told.contains("geheim") && !told.contains("4711"), "{told}");
    let mut situation = shop();
    situation.statements[0].statement = "HGETALL geheim".to_owned();
    let told = said(situation, ALL);
    assert!(!told.contains("geheim"), "{told}");
}

#[test]
fn what_services_call_things_is_redacted_too() {
    let mut situation = shop();
    situation.service = "shop of light.kitchen".to_owned();
    situation.routes[0].route = "/orders/ghp_0123456789geheim?token=geheim".to_owned();
    situation.routes[0].error_types = vec![("Bearer geheim HGETALL geheimnis".to_owned(), 9)];
    situation.statements = vec![StatementNow {
        statement: "HGETALL geheimnis".to_owned(),
        ..StatementNow::default()
    }];
    let name = situation.routes[0].name();
    situation
        .alerts
        .push(alert(&format!("errors:{name}"), Kind::ErrorRate));
    let told = said(situation.clone(), Shared::default());
    assert!(told.contains("an entity is degraded"), "{told}");
    assert!(told.contains("POST /orders/…"), "{told}");
    assert!(
        !told.contains("geheim") && !told.contains("kitchen"),
        "{told}"
    );
    assert!(!said(situation, ALL).contains("ghp_"));
}

#[test]
fn commands_are_not_told_and_a_deploy_to_take_back_is_named() {
    let mut situation = shop();
    situation.statements.clear();
    situation.alerts[0] = alert("pool:postgres", Kind::ResourceViolation);
    situation.deploys = vec![Deploy {
        version: "v2.14.0".to_owned(),
        revision: Some("a1f3c9e".to_owned()),
        at: NOW - 60_000_000_000,
    }];
    let told = said(situation, ALL);
    let action = "into the database. To be well at once, go back to the version before v2.14.0.";
    assert!(told.contains(action), "{told}");
    assert!(
        !told.contains("git revert") && !told.contains("127.0.0.1"),
        "{told}"
    );
}

#[test]
fn a_question_is_bounded_whatever_is_found() {
    let mut situation = shop();
    situation.alerts.clear();
    for number in 0..300 {
        let name = format!("pool:{}{number}", "\"ü\\".repeat(200));
        situation.alerts.push(alert(&name, Kind::ResourceViolation));
    }
    let judgement = judged(situation);
    let question = Question::of(&judgement, &"\"".repeat(256), ALL).unwrap();
    assert!(question.body.len() <= MOST_BYTES, "{}", question.body.len());
    assert!(question.body.contains(" further findings are left out."));
    assert_eq!(question.findings.len(), MOST_IDS);
    assert!(
        question
            .findings
            .iter()
            .all(|id| id.chars().count() <= MOST_ID_CHARS)
    );
}

#[test]
fn a_hash_tells_findings_and_severities_but_neither_order_nor_numbers() {
    let mut situation = shop();
    situation.alerts.push(alert("cpu", Kind::ResourceViolation));
    let one = findings(&situation);
    let mut other = one.clone();
    other.reverse();
    other[0].headline = "It is worse.".to_owned();
    assert_eq!(hash(&one), hash(&other));
    assert_eq!(hash(&one).len(), 32);
    other[0].severity = Some(Severity::Low);
    assert_ne!(hash(&one), hash(&other));
    assert_ne!(hash(&one), hash(&one[1..]));
}

#[test]
fn nothing_is_asked_where_nothing_is_found() {
    let mut situation = shop();
    situation.alerts.clear();
    situation.statements.clear();
    assert_eq!(Question::of(&judged(situation), "small", ALL), None);
}
