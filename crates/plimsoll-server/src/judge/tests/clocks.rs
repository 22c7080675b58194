//! Services that stop, clocks that jump, machines that sleep.

use plimsoll::analysis::verdict::ServiceState;

use super::{Bench, SECOND, judgement};

/// Windows of an hour.
const HOUR: usize = 360;

/// A service whose last hour is known.
async fn known() -> Bench {
    let mut bench = Bench::new().await;
    bench.pass(HOUR, 0.1, 20, 0);
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench
}

fn ever(bench: &Bench) -> Vec<String> {
    let over = bench.alerts(true).into_iter();
    let all = bench.alerts(false).into_iter().chain(over);
    all.map(|alert| alert.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_is_told_once_and_is_over_when_it_is_back() {
    let mut bench = known().await;
    bench.wait(60);
    assert_eq!(ever(&bench), ["silence"]);
    let judged = judgement::of(&bench.server.app, "shop", bench.now).unwrap();
    assert_eq!(judged.state, ServiceState::Silent);
    bench.pass(30, 0.1, 20, 0);
    assert_eq!(bench.firing(), [] as [&str; 0]);
    let over = bench.alerts(true);
    assert_eq!(ever(&bench), ["silence"]);
    assert_eq!(over[0].resolved_by.as_deref(), Some("itself"));
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_an_hour_alarms_nobody_and_blinds_nobody() {
    for jump in [3_600, -3_600] {
        let mut bench = known().await;
        bench.now += jump * SECOND;
        bench.pass(30, 0.1, 20, 0);
        assert_eq!(ever(&bench), [] as [&str; 0], "{jump}");
        bench.pass(12, 0.9, 20, 0);
        let firing = bench.firing();
        assert!(
            firing.contains(&"class:read".to_owned()),
            "{jump}: {firing:?}"
        );
        bench.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_which_the_machine_slept_alarms_nobody() {
    let mut bench = known().await;
    bench.now += 8 * 3_600 * SECOND;
    // The server wakes before its services do.
    bench.wait(2);
    bench.pass(60, 0.1, 20, 0);
    assert_eq!(ever(&bench), [] as [&str; 0]);
    bench.server.stop().await;
}
