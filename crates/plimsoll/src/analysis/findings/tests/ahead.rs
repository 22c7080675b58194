//! Sentences of what is to come, and of what stays away.

use super::*;
use crate::analysis::forecast::DaysLeft;
use crate::analysis::situation::AheadNow;

fn filling(days: f64, late: Option<f64>) -> AheadNow {
    AheadNow {
        key: "disk".to_owned(),
        left: DaysLeft {
            median: days,
            early: 0.8 * days,
            late,
        },
        current: 0.78,
        per_day: 0.01,
        limit: 0.9,
        unit: Unit::Ratio,
    }
}

#[test]
fn what_will_be_past_its_line_says_when_how_fast_it_grows_and_what_to_do() {
    let mut situation = shop();
    situation.statements.clear();
    let full = OpenAlert {
        value: Some(0.78),
        limit: 0.9,
        unit: Unit::Ratio,
        ..alert(
            "forecast:disk",
            Kind::Forecast,
            Severity::Medium,
            NOW - 25 * MINUTE,
        )
    };
    let slow = alert("route:POST /orders", Kind::SlowRequest, Severity::Low, NOW);
    situation.alerts = vec![full, slow.clone()];
    situation.ahead = vec![filling(11.9, Some(16.4))];
    situation.levels = vec![LevelNow {
        key: "disk".to_owned(),
        value: 0.78,
        limit: 0.9,
        ratio: 0.78 / 0.9,
        unit: Unit::Ratio,
    }];
    let found = findings(&situation);
    // After what is past its line, whatever the severity; and that the disk is close is not told once more.
    let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["route:POST /orders", "forecast:disk"]);
    let disk = &found[1];
    assert_eq!(
        plain(&disk.headline),
        "The disk reaches its line in 12 days (9–17)."
    );
    assert_eq!(plain(&disk.cause), "It grows by 1.0 % of the whole a day.");
    assert_eq!(
        disk.evidence
            .iter()
            .map(|text| plain(text))
            .collect::<Vec<_>>(),
        ["78 %, line 90 %", "nine in ten cases: 10 days to 16 days"]
    );
    assert_eq!(
        (disk.place, disk.severity, disk.float.as_deref()),
        (Place::Close, Some(Severity::Medium), Some("disk"))
    );
    // A deploy half an hour ago fills no disk.
    assert_eq!(disk.deploy, None);
    assert!(disk.fix.as_deref().unwrap().starts_with("du "));
    let groups = crate::analysis::load_line::load_line(&situation, &found);
    let floats = groups.iter().flat_map(|group| &group.floats);
    let float = floats.into_iter().find(|float| float.id == "disk").unwrap();
    assert_eq!(float.finding.as_deref(), Some("forecast:disk"));
    assert_eq!(float.reaches_limit_days, Some(situation.ahead[0].left));
    situation.alerts.pop();
    let calm = findings(&situation);
    let groups = crate::analysis::load_line::load_line(&situation, &calm);
    let healthy = crate::analysis::verdict::ServiceState::Healthy;
    let verdict = crate::analysis::verdict::verdict(&situation, healthy, 100, &groups, &calm);
    assert_eq!(
        plain(&verdict.more),
        "The disk reaches its line in 12 days (9–17)."
    );
    situation.alerts.push(slow);
    situation.ahead = vec![filling(1.4, None)];
    let found = findings(&situation);
    assert_eq!(
        plain(&found[1].headline),
        "The disk reaches its line in 1.4 days (1 or more)."
    );
    // Once it is past its line, that is the news.
    let past = OpenAlert {
        value: Some(0.91),
        limit: 0.9,
        unit: Unit::Ratio,
        ..alert("disk", Kind::ResourceViolation, Severity::Low, NOW)
    };
    situation.alerts.push(past);
    let found = findings(&situation);
    let follows = found.iter().find(|one| one.id == "forecast:disk").unwrap();
    assert_eq!(follows.follows_from.as_deref(), Some("disk"));
}

#[test]
fn a_class_below_its_floor_says_how_few_and_a_silent_service_is_one_silence() {
    let mut situation = shop();
    situation.statements.clear();
    situation.deploys.clear();
    let below = |name: &str, rate: f64| OpenAlert {
        value: Some(rate),
        limit: 10.0,
        unit: Unit::PerMinute,
        ..alert(
            &format!("floor:{name}"),
            Kind::Silence,
            Severity::High,
            NOW - 2 * MINUTE,
        )
    };
    situation.alerts = vec![below("read", 3.25)];
    let found = &findings(&situation)[0];
    assert_eq!(
        plain(&found.headline),
        "Requests of read are too few: 3.3 a minute, at least 10 are expected."
    );
    // 2,900 writes in five minutes.
    assert_eq!(
        plain(&found.cause),
        "The service is reached: other classes get 580 a minute."
    );
    assert_eq!(found.float.as_deref(), Some("class:read"));
    let silent = OpenAlert {
        limit: 10.0,
        unit: Unit::PerMinute,
        ..alert("silence", Kind::Silence, Severity::Critical, NOW - MINUTE)
    };
    situation.alerts = vec![below("read", 0.0), silent, below("write", 0.0)];
    situation.routes.clear();
    let found = findings(&situation);
    let told: Vec<(&str, Option<&str>)> = found
        .iter()
        .map(|one| (one.id.as_str(), one.follows_from.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("silence", None),
            ("floor:read", Some("silence")),
            ("floor:write", Some("silence")),
        ]
    );
    assert_eq!(
        plain(&found[1].headline),
        "There are no requests of read, at least 10 a minute are expected."
    );
}

#[test]
fn memory_that_grows_says_past_what_and_a_healthy_service_has_it_as_a_but() {
    let mut situation = shop();
    situation.statements.clear();
    situation.routes.clear();
    situation.deploys.clear();
    let mb = crate::performance::MB;
    situation.alerts = vec![OpenAlert {
        value: Some(214.0 * mb),
        limit: 68.0 * mb,
        unit: Unit::Bytes,
        ..alert("leak:a", Kind::MemoryLeak, Severity::High, NOW - MINUTE)
    }];
    let found = findings(&situation);
    assert_eq!(
        (plain(&found[0].headline), plain(&found[0].cause)),
        (
            "Memory of shop grows without end: 214 MB now.".to_owned(),
            "It rises without a pause, past 68 MB by now, and nothing of it is given back."
                .to_owned()
        )
    );
    let verdict = of_a_healthy(&situation, &found);
    assert_eq!(
        (verdict.bold.as_str(), plain(&verdict.rest).as_str()),
        (
            "shop is healthy,",
            "but memory of shop grows without end: 214 MB now."
        )
    );
}

#[test]
fn what_is_past_its_line_is_named_as_it_is_in_any_alphabet() {
    for (name, rest) in [
        ("queue:mail", "but the queue mail takes 2.0× its limit."),
        ("resource:Ölstand", "but the Ölstand takes 2.0× its limit."),
    ] {
        let mut situation = shop();
        situation.statements.clear();
        situation.routes.clear();
        situation.deploys.clear();
        situation.levels = vec![LevelNow {
            key: name.to_owned(),
            value: 20.0,
            limit: 10.0,
            ratio: 2.0,
            unit: Unit::Count,
        }];
        let verdict = of_a_healthy(&situation, &findings(&situation));
        assert_eq!(plain(&verdict.rest), rest);
    }
}

fn of_a_healthy(situation: &Situation, found: &[Finding]) -> crate::analysis::verdict::Verdict {
    let groups = crate::analysis::load_line::load_line(situation, found);
    let healthy = crate::analysis::verdict::ServiceState::Healthy;
    crate::analysis::verdict::verdict(situation, healthy, 100, &groups, found)
}
