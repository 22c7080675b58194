//! Totals: repeated, restarted, told apart.

use super::*;

#[test]
fn the_same_export_again_makes_the_same_rows() {
    let bench = Bench::new();
    let sent = request(
        "shop",
        "x",
        json!([histogram("jobs", "s", CUMULATIVE, &json!({"kind": "mail"}))]),
    );
    let (first, _) = bench.map(&sent);
    let (again, refusals) = bench.map(&sent);
    assert_eq!(
        first.len(),
        2,
        "a zero at the start and the value: {first:?}"
    );
    assert_eq!(again, first[1..], "the zero is on disk");
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn a_restart_that_overtakes_its_old_value_is_told_apart() {
    let bench = Bench::new();
    let total = |start, at, value: i32| {
        request(
            "shop",
            "x",
            json!([sum(
                "jobs",
                CUMULATIVE,
                true,
                json!([
        {"startTimeUnixNano": ago(start), "timeUnixNano": ago(at), "asInt": value.to_string()}])
            )]),
        )
    };
    bench.map(&total(100, 90, 5));
    let (rows, _) = bench.map(&total(80, 70, 8));
    let series = "jobs,instance=i1,scope=x,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("{series} value_cumulative=0Σ -80"),
            format!("{series} value_cumulative=8Σ -70")
        ]
    );
    let (rows, refusals) = bench.map(&total(100, 60, 9));
    assert_eq!(rows, [""; 0]);
    assert_eq!(
        refusals.message(),
        "1 × jobs is reported by two senders at once: give each a service.instance.id"
    );
}

#[test]
fn workers_without_an_instance_are_told_apart_by_their_start() {
    let total = |start, at, value: i32| {
        let point = json!({"startTimeUnixNano": ago(start), "timeUnixNano": ago(at), "asInt": value.to_string()});
        json!({"resourceMetrics": [{
            "resource": {"attributes": attributes(&json!({"service.name": "shop"}))},
            "scopeMetrics": [{"metrics": [sum("jobs", CUMULATIVE, true, json!([point]))]}],
        }]})
    };
    let bench = Bench::new();
    bench.map(&total(100, 60, 7));
    bench.map(&total(99, 59, 5));
    let (rows, refusals) = bench.map(&total(100, 50, 8));
    assert_eq!(
        rows,
        ["jobs,service=shop,source=metric,stream=2025-12-17T19:31:40Z value_cumulative=8Σ -50"]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn a_start_before_what_is_kept_writes_no_zero() {
    let sent = request(
        "shop",
        "x",
        json!([sum(
            "jobs",
            CUMULATIVE,
            true,
            json!([
        {"startTimeUnixNano": ago(40 * 86_400), "timeUnixNano": ago(5), "asInt": "8"}])
        )]),
    );
    assert_eq!(
        Bench::new().map(&sent).0,
        ["jobs,instance=i1,scope=x,service=shop,source=metric value_cumulative=8Σ -5"]
    );
}

#[test]
fn what_a_long_running_service_does_for_the_first_time_is_counted() {
    let bench = Bench::new();
    let total = |name: &str, at, value: i32| {
        let point = json!({"startTimeUnixNano": ago(9_000), "timeUnixNano": ago(at), "asInt": value.to_string()});
        request(
            "shop",
            "x",
            json!([sum(name, CUMULATIVE, true, json!([point]))]),
        )
    };
    let series = "instance=i1,scope=x,service=shop,source=metric";
    // Nothing is known of what came before the first export.
    let (rows, _) = bench.map(&total("jobs", 120, 500));
    assert_eq!(
        rows,
        [
            format!("jobs,{series} value_cumulative=0Σ -9000"),
            format!("jobs,{series} value_cumulative=500Σ -120"),
        ]
    );
    let (rows, _) = bench.map(&total("mails", 60, 1));
    assert_eq!(
        rows,
        [
            format!("mails,{series} value_cumulative=0Σ -120"),
            format!("mails,{series} value_cumulative=1Σ -60"),
        ]
    );
}
