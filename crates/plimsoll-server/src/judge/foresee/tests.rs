//! A disk that fills, as a server sees it: rows in its store, forecasts, alerts, answers.

use plimsoll::alert::Severity;
use plimsoll::standards::Place;

use super::super::judgement;
use super::super::shapes::get;
use super::super::tests::Bench;
use super::*;

/// 60 % and one more a day, with a little noise.
fn filling(hour: usize) -> f64 {
    0.6 + 0.01 * hour as f64 / 24.0 + 0.001 * ((hour * 7_919 + 13) % 101) as f64 / 100.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_is_an_alert_in_words_and_ends_when_it_was_emptied() {
    let mut bench = Bench::days_ago(23).await;
    bench.hours(20 * 24, filling);
    bench.pass(2, 0.05, 20, 0);
    foresee(bench.app(), bench.now()).unwrap();
    bench.pass(10, 0.05, 20, 0);
    // From 80 % to 90 % it takes ten days.
    let alerts = bench.alerts(false);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = &alerts[0];
    assert_eq!(
        (&*alert.key, &*alert.kind, alert.severity, &*alert.unit),
        ("forecast:disk", "forecast", Severity::Medium, "ratio")
    );
    let message = alert.message.replace('\u{a0}', " ");
    assert!(
        message.starts_with("The disk reaches its line in 10 days ("),
        "{message}"
    );
    assert!(
        message.ends_with("It grows by 1.0 % of the whole a day."),
        "{message}"
    );
    assert!((alert.value.unwrap() - 0.8).abs() < 0.01 && alert.line == 0.9);
    let judged = judgement::of(bench.app(), "shop", bench.now()).unwrap();
    let found = &judged.findings[0];
    assert_eq!(
        (&*found.id, found.place, found.float.as_deref()),
        ("forecast:disk", Place::Close, Some("disk"))
    );
    assert!(found.fix.as_deref().unwrap().starts_with("du "));
    let floats = judged.groups.iter().flat_map(|group| &group.floats);
    let disk = floats.into_iter().find(|float| float.id == "disk").unwrap();
    let left = disk.reaches_limit_days.unwrap();
    assert!(
        left.early <= left.median && (left.median - 10.0).abs() < 1.0,
        "{left:?}"
    );
    assert_eq!(disk.finding.as_deref(), Some("forecast:disk"));

    // An hour later the same; two days later somebody has made room.
    bench.hours(1, |_| filling(20 * 24));
    foresee(bench.app(), bench.now()).unwrap();
    bench.pass(10, 0.05, 20, 0);
    assert_eq!(bench.alerts(false), alerts);
    bench.hours(48, |_| 0.3);
    foresee(bench.app(), bench.now()).unwrap();
    bench.pass(10, 0.05, 20, 0);
    assert_eq!(bench.alerts(false), []);
    assert_eq!(bench.alerts(true).len(), 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_left_are_answered_beside_the_resource() {
    let mut bench = Bench::days_ago(20).await;
    bench.hours(20 * 24, filling);
    bench.pass(2, 0.05, 20, 0);
    foresee(bench.app(), bench.now()).unwrap();
    let found = get(&bench, "/api/performance/resources?service=shop").await;
    let left = &found["reaches_limit_days"]["system_disk_ratio"];
    let (early, median) = (left["early"].as_f64(), left["median"].as_f64());
    assert!(
        (median.unwrap() - 10.0).abs() < 1.0 && early <= median,
        "{found}"
    );
    assert_eq!(found["reaches_limit_days"].as_object().unwrap().len(), 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_weeks_are_needed_and_each_hour_is_forecast_once() {
    let mut bench = Bench::days_ago(12).await;
    bench.hours(12 * 24, filling);
    bench.pass(2, 0.05, 20, 0);
    let due =
        |bench: &Bench, later: Nanos| bench.app().judging.due_for_forecast(bench.now() + later);
    foresee(bench.app(), bench.now()).unwrap();
    assert_eq!(due(&bench, 0), [] as [&str; 0]);
    let told = bench
        .app()
        .judging
        .with("shop", |judged| judged.judge.foreseen().count());
    assert_eq!(told, Some(0));
    assert_eq!(due(&bench, HOUR), ["shop"]);
    assert_eq!(due(&bench, HOUR), [] as [&str; 0]);
    bench.stop().await;
}
