//! What services use, and what they check themselves.

use plimsoll::alert::Severity;
use plimsoll::analysis::verdict::ServiceState;
use plimsoll::health::CHECK;
use plimsoll::window::{Gauge, MetricKey, Resources, Window};

use super::{Bench, judgement};

#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_a_float_and_fire_when_few_are_left() {
    let mut bench = Bench::new().await;
    let open = |files: f64| {
        move |window: &mut Window| {
            window.resources = Some(Resources {
                process_open_fds: Gauge::of(files, window.end_unix_ns),
                process_open_fds_limit: Gauge::of(1_024.0, window.end_unix_ns),
                ..Resources::default()
            });
        }
    };
    bench.pass_with(12, open(100.0));
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench.pass_with(12, open(1_000.0));
    assert_eq!(bench.firing(), ["open_files"]);
    let judged = judgement::of(&bench.server.app, "shop", bench.now).unwrap();
    let floats = judged.groups.iter().flat_map(|group| &group.floats);
    let files = floats.into_iter().find(|float| float.id == "open_files");
    let files = files.unwrap();
    assert_eq!(files.name, "open files");
    assert_eq!(
        (files.value, files.limit),
        (Some(1_000.0), Some(1_024.0 * 0.8))
    );
    bench.server.stop().await;
}

/// A window in which a check said this.
fn said(value: f64) -> impl Fn(&mut Window) {
    move |window| {
        let key = MetricKey::new(CHECK, &[("check", "database")]);
        let gauge = Gauge::of(value, window.end_unix_ns);
        window.gauges.insert(key, gauge);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_critical_check_makes_a_service_unhealthy_at_once_and_fires_after_a_minute() {
    let mut bench = Bench::new().await;
    bench.pass_with(8, said(1.0));
    let judged = |bench: &Bench| judgement::of(&bench.server.app, "shop", bench.now).unwrap();
    assert_ne!(judged(&bench).state, ServiceState::Unhealthy);
    bench.pass_with(2, said(0.0));
    let at_once = judged(&bench);
    assert_eq!(at_once.state, ServiceState::Unhealthy);
    assert_eq!(at_once.verdict.bold, "shop is unhealthy:");
    assert_eq!(at_once.verdict.rest, "the check database fails.");
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench.pass_with(8, said(0.0));
    let alert = &bench.alerts(false)[0];
    assert_eq!(alert.key, "check:database");
    assert_eq!(
        (alert.kind.as_str(), alert.severity),
        ("health_check", Severity::Critical)
    );
    let message = &alert.message;
    assert!(
        message.starts_with("The check database fails."),
        "{message}"
    );
    bench.pass_with(12, said(1.0));
    assert_eq!(bench.firing(), [] as [&str; 0]);
    assert_ne!(judged(&bench).state, ServiceState::Unhealthy);
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_said_a_minute_ago_is_not_known_any_more() {
    let mut bench = Bench::new().await;
    bench.pass(8, 0.1, 50, 0);
    bench.pass_with(2, said(0.0));
    let state = |bench: &Bench| judgement::of(&bench.server.app, "shop", bench.now);
    assert_eq!(state(&bench).unwrap().state, ServiceState::Unhealthy);
    bench.pass(7, 0.1, 50, 0);
    assert_ne!(state(&bench).unwrap().state, ServiceState::Unhealthy);
    assert_eq!(bench.firing(), [] as [&str; 0], "one minute is not over");
    bench.server.stop().await;
}
