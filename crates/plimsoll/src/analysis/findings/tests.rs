//! Sentences of made-up situations, word by word.

mod ahead;

use std::sync::Arc;

use super::*;
use crate::alert::Unit;
use crate::analysis::situation::{LevelNow, RouteNow, StatementNow};
use crate::standards::Standards;

const NOW: i64 = 1_800_000_000_000_000_000;
const MINUTE: i64 = 60_000_000_000;

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
            error_rate: 0.034,
            error_types: vec![("503".to_owned(), 98)],
            ..RouteNow::default()
        }],
        statements: vec![
            StatementNow {
                statement: "SELECT sku, qty FROM stock WHERE sku = ?".to_owned(),
                route: "/orders".to_owned(),
                method: "POST".to_owned(),
                executions: 41 * 2_900,
                total: 0.574 * 2_900.0,
                p95: 0.02,
            },
            StatementNow {
                statement: "INSERT INTO orders VALUES (?)".to_owned(),
                route: "/orders".to_owned(),
                method: "POST".to_owned(),
                executions: 2 * 2_900,
                total: 0.01 * 2_900.0,
                p95: 0.02,
            },
        ],
        calls: Vec::new(),
        functions: Vec::new(),
        levels: Vec::new(),
        ahead: Vec::new(),
        deploys: vec![Deploy {
            version: "v2.14.0".to_owned(),
            revision: Some("a1f3c9e".to_owned()),
            at: NOW - 27 * MINUTE,
        }],
        alerts: Vec::new(),
        minutes: 5.0,
        asked: std::collections::BTreeMap::new(),
        heard: Some(NOW),
    }
}

fn alert(key: &str, kind: Kind, severity: Severity, since: i64) -> OpenAlert {
    OpenAlert {
        id: Some("7".to_owned()),
        key: key.to_owned(),
        kind,
        severity,
        since,
        value: None,
        limit: 1.0,
        unit: Unit::Seconds,
    }
}

fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[test]
fn a_slow_class_names_its_route_the_deploy_the_cause_and_what_to_ask_instead() {
    let mut situation = shop();
    situation.alerts = vec![alert(
        "class:write",
        Kind::SlowRequest,
        Severity::High,
        NOW - 25 * MINUTE,
    )];
    let found = findings(&situation);
    let first = &found[0];
    assert_eq!(
        plain(&first.headline),
        "POST /orders takes 2.4× its line of 1.00 s since deploy v2.14.0 (a1f3c9e)."
    );
    assert_eq!(
        plain(&first.cause),
        "It asks once per item: 41 of its 43 queries are the same."
    );
    assert_eq!(plain(&first.evidence[0]), "p95 2.41 s");
    assert_eq!(
        plain(&first.evidence[1]),
        "64 % of its time is spent in these queries"
    );
    assert_eq!(first.action, "Ask once for all items:");
    assert_eq!(
        first.fix.as_deref(),
        Some("SELECT sku, qty FROM stock WHERE sku IN (?, …)")
    );
    assert_eq!(
        (first.float.as_deref(), first.alert.as_deref()),
        (Some("class:write"), Some("7"))
    );
    assert_eq!(
        first.deploy.as_ref().map(|deploy| deploy.version.as_str()),
        Some("v2.14.0")
    );
    // What the finding says already is not told again.
    assert_eq!(found.len(), 1);
}

#[test]
fn the_pool_follows_from_the_route_that_holds_its_connections() {
    let mut situation = shop();
    let pool = OpenAlert {
        value: Some(23.0),
        limit: 20.0,
        unit: Unit::Count,
        ..alert(
            "pool:postgres",
            Kind::ResourceViolation,
            Severity::Low,
            NOW - 23 * MINUTE,
        )
    };
    let slow = alert(
        "route:POST /orders",
        Kind::SlowRequest,
        Severity::Medium,
        NOW - 25 * MINUTE,
    );
    let errors = alert(
        "errors:POST /orders",
        Kind::ErrorRate,
        Severity::High,
        NOW - 22 * MINUTE,
    );
    situation.alerts = vec![pool, errors, slow];
    let found = findings(&situation);
    let told: Vec<(&str, Option<&str>)> = found
        .iter()
        .map(|one| (one.id.as_str(), one.follows_from.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("route:POST /orders", None),
            ("errors:POST /orders", Some("pool:postgres")),
            ("pool:postgres", Some("route:POST /orders")),
        ]
    );
    let pool = &found[2];
    assert_eq!(
        plain(&pool.headline),
        "The postgres pool is past its line: 23 connections of 20 since deploy v2.14.0 (a1f3c9e)."
    );
    assert_eq!(pool.fix.as_deref(), Some("git revert a1f3c9e"));
    let errors = &found[1];
    assert!(
        plain(&errors.headline)
            .starts_with("POST /orders fails: 3.4 % of its requests end in errors")
    );
    assert_eq!(plain(&errors.cause), "100 % of them are 503.");
}

#[test]
fn the_order_is_database_cache_processors_others() {
    let mut situation = shop();
    situation.statements.clear();
    let level = |key: &str, value: f64| LevelNow {
        key: key.to_owned(),
        value,
        limit: 0.8,
        ratio: value / 0.8,
        unit: Unit::Ratio,
    };
    let cause = |situation: &Situation| diagnose(situation, &situation.routes[0]);
    assert_eq!(cause(&situation), Cause::Elsewhere);
    let function = |name: &str, calls: u64, total: f64| crate::analysis::situation::FunctionNow {
        name: name.to_owned(),
        calls,
        total,
        p95: 0.9,
    };
    situation.functions = vec![
        function("tick", 10, 9.0),
        function("payment", 2_900, 2_300.0),
    ];
    assert!(matches!(cause(&situation), Cause::Function { name, .. } if name == "payment"));
    situation.calls = vec![crate::analysis::situation::CallNow {
        peer: "payments".to_owned(),
        calls: 100,
        total: 200.0,
        p95: 2.0,
        error_rate: 0.0,
    }];
    assert!(matches!(cause(&situation), Cause::Call { .. }));
    situation.levels = vec![level("cpu", 0.93)];
    assert!(matches!(cause(&situation), Cause::Processors { .. }));
    situation.levels.push(level("cache:users", 0.3));
    assert!(matches!(cause(&situation), Cause::Cache { .. }));
    situation.statements = shop().statements;
    assert!(matches!(cause(&situation), Cause::Repeated { .. }));
}

#[test]
fn repeated_and_slow_statements_are_told_without_an_alert_too() {
    let mut situation = shop();
    situation.statements.push(StatementNow {
        statement: "SELECT * FROM products".to_owned(),
        route: "/search".to_owned(),
        method: "GET".to_owned(),
        executions: 100,
        total: 31.0,
        p95: 0.5,
    });
    let found = findings(&situation);
    let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(
        ids,
        ["repeated:POST /orders", "query:SELECT * FROM products"]
    );
    assert!(
        found
            .iter()
            .all(|one| one.place == Place::Close && one.severity.is_none())
    );
    assert_eq!(
        plain(&found[1].headline),
        "A statement of GET /search takes 310 ms on average."
    );
}

#[test]
fn every_kind_has_a_headline_an_action_and_a_runbook() {
    for kind in Kind::ALL {
        let mut situation = shop();
        situation.alerts = vec![alert("thing:name", kind, Severity::Low, NOW - 90 * MINUTE)];
        let found = &findings(&situation)[0];
        assert!(
            found.headline.ends_with('.') && !found.action.is_empty(),
            "{kind:?}: {found:?}"
        );
        assert!(found.runbook.lines().count() >= 2, "{kind:?}");
        assert_eq!(found.deploy, None, "a deploy an hour later is no cause");
    }
}

#[test]
fn requests_that_fail_are_asked_for_where_there_are_traces_of_them() {
    let mut situation = shop();
    situation.deploys.clear();
    situation.alerts = vec![alert(
        "errors:POST /orders",
        Kind::ErrorRate,
        Severity::High,
        NOW,
    )];
    let found = &findings(&situation)[0];
    assert_eq!(
        (found.action.as_str(), &found.fix),
        ("See what its log says of them.", &None)
    );
    situation.routes[0].is_traced = true;
    assert_eq!(
        findings(&situation)[0].fix.as_deref(),
        Some(
            "curl -sG http://127.0.0.1:1876/api/performance/exemplars --data-urlencode service=shop \
             --data-urlencode method=POST --data-urlencode route=/orders"
        )
    );
}
