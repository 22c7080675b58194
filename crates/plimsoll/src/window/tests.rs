use proptest::prelude::*;

use super::*;

fn request(route: &str, status: u16) -> RequestKey {
    RequestKey {
        route: route.into(),
        method: "GET",
        status,
        error_type: None,
        run: None,
    }
}

/// A window from a list of (route, status, whole milliseconds): sums of dyadic fractions are exact in any order.
fn window(start_unix_ns: i64, requests: &[(u8, u8, u16)]) -> Window {
    let mut window = Window::empty(start_unix_ns, start_unix_ns + 10_000_000_000);
    for &(route, status, duration) in requests {
        let key = request(
            &format!("/{}", route % 3),
            200 + 100 * u16::from(status % 4),
        );
        let series = window.requests.entry(key).or_default();
        series.duration.record(f64::from(duration) / 1024.0);
        series.ended += 1;
        window
            .server
            .active_requests
            .read(f64::from(status), start_unix_ns + i64::from(duration));
        *window
            .counters
            .entry(MetricKey::new("orders", &[("kind", "new")]))
            .or_default() += u64::from(duration);
    }
    window
}

fn merged(a: &Window, b: &Window) -> Window {
    let mut both = a.clone();
    both.merge(b);
    both
}

fn any_window() -> impl Strategy<Value = Window> {
    (
        0..5i64,
        prop::collection::vec(any::<(u8, u8, u16)>(), 0..20),
    )
        .prop_map(|(at, requests)| window(at * 10_000_000_000, &requests))
}

proptest! {
    #[test]
    fn windows_merge_in_any_order(a in any_window(), b in any_window(), c in any_window()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn a_merge_conserves_requests(a in any_window(), b in any_window()) {
        prop_assert_eq!(merged(&a, &b).request_count(), a.request_count() + b.request_count());
    }
}

#[test]
fn error_rate_counts_5xx_and_broken_bodies_only() {
    let mut window = window(0, &[(0, 0, 1), (0, 0, 1), (0, 2, 1), (0, 3, 1)]);
    window.requests.get_mut(&request("/0", 200)).unwrap().failed = 1;
    window
        .requests
        .get_mut(&request("/0", 400))
        .unwrap()
        .cancelled = 1;
    // One 500 and one broken body of four requests.
    assert_eq!(window.error_rate(), Some(0.5));
    assert_eq!(Window::default().error_rate(), None);
}

#[test]
fn load_tests_are_no_traffic() {
    let mut window = window(0, &[(0, 0, 1)]);
    let test = RequestKey {
        run: Some("spike".into()),
        ..request("/0", 500)
    };
    window
        .requests
        .entry(test)
        .or_default()
        .duration
        .record(1.0);
    assert_eq!(
        (window.request_count(), window.error_rate()),
        (1, Some(0.0))
    );
}

#[test]
fn a_metric_key_sorts_tags_and_leaves_out_empty_ones() {
    let key = MetricKey::new("m", &[("b", "2"), ("c", ""), ("a", "1"), ("b", "3")]);
    let tags: Vec<_> = key
        .tags
        .iter()
        .map(|(tag, value)| (tag.as_ref(), value.as_ref()))
        .collect();
    assert_eq!(tags, [("a", "1"), ("b", "3")]);
}

#[test]
fn error_type_is_the_status_only_for_5xx() {
    assert_eq!(request("/", 503).otel_error_type().as_deref(), Some("503"));
    assert_eq!(request("/", 404).otel_error_type(), None);
    let told = RequestKey {
        error_type: Some("Timeout".into()),
        ..request("/", 503)
    };
    assert_eq!(told.otel_error_type().as_deref(), Some("Timeout"));
}
