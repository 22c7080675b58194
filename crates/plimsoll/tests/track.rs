//! `#[track]` on what people write.

use std::fmt::Debug;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use plimsoll::window::FunctionOutcome::{self, Cancelled, Error, Ok as Fine, Panic};
use plimsoll::{Monitor, track};

fn monitor() -> Monitor {
    Monitor::builder("test")
        .build_with([("", ""); 0])
        .expect("builds")
}

/// Calls counted, as (name without the module, outcome, count).
fn calls(monitor: &Monitor) -> Vec<(String, FunctionOutcome, u64)> {
    let window = monitor.cumulative();
    let calls = window.functions.iter();
    calls
        .map(|(key, calls)| {
            (
                key.function.replace("main::track::", ""),
                key.outcome,
                calls.count,
            )
        })
        .collect()
}

fn one(name: &str, outcome: FunctionOutcome) -> Vec<(String, FunctionOutcome, u64)> {
    vec![(name.to_owned(), outcome, 1)]
}

#[track]
fn double(number: u32) -> u32 {
    number * 2
}

#[track]
async fn double_later(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number * 2
}

#[track]
fn longest<'a, T>(a: &'a T, b: &'a T) -> &'a str
where
    T: AsRef<str> + Debug + ?Sized,
{
    if a.as_ref().len() > b.as_ref().len() {
        return a.as_ref();
    }
    b.as_ref()
}

#[track(name = "parse")]
fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let number: i32 = text.parse()?;
    Ok(number)
}

#[track]
async fn parse_later(text: &str) -> Result<i32, Box<dyn std::error::Error + Send + Sync>> {
    tokio::task::yield_now().await;
    if text == "none" {
        return Err("none".into());
    }
    Ok(text.parse()?)
}

#[track]
fn evens(up_to: u32) -> impl Iterator<Item = u32> {
    (0..up_to).filter(|number| number % 2 == 0)
}

#[track]
async fn first(mut numbers: impl Iterator<Item = u32>) -> Option<u32> {
    numbers.next()
}

#[track]
async fn never() {
    pending::<()>().await;
}

#[track]
fn fail() -> u32 {
    panic!("as planned")
}

#[derive(Debug, Default)]
struct Basket {
    items: Vec<String>,
}

impl Basket {
    #[track]
    fn newest(&mut self) -> Result<&mut String, String> {
        self.items.last_mut().ok_or_else(|| "empty".to_owned())
    }

    #[track]
    async fn add(&mut self, (name, times): (&str, usize)) {
        for _ in 0..times {
            self.items.push(name.to_owned());
            tokio::task::yield_now().await;
        }
    }

    #[track]
    fn into_items(self) -> Vec<String> {
        self.items
    }
}

struct Service {
    monitor: Monitor,
}

impl Service {
    #[track(monitor = self.monitor, name = "reserve")]
    fn reserve(&self) {}

    #[track(monitor = monitor)]
    async fn reserve_for(monitor: &Monitor) {
        tokio::task::yield_now().await;
        let _ = monitor;
    }
}

#[test]
fn a_function_is_counted_and_answers_as_before() {
    let monitor = monitor();
    let scope = monitor.enter();
    assert_eq!(double(21), 42);
    drop(scope);
    assert_eq!(double(21), 42);
    assert_eq!(calls(&monitor), one("double", Fine));
}

#[tokio::test]
async fn an_async_function_is_counted_whatever_thread_polls_it() {
    let monitor = monitor();
    assert_eq!(monitor.scope(double_later(21)).await, 42);
    assert_eq!(calls(&monitor), one("double_later", Fine));
}

#[test]
fn generic_functions_with_lifetimes_and_early_returns_are_fine() {
    let monitor = monitor();
    let _scope = monitor.enter();
    assert_eq!(longest("abc", "a"), "abc");
    assert_eq!(longest("a", "abc"), "abc");
    assert_eq!(calls(&monitor), [("longest".to_owned(), Fine, 2)]);
}

#[test]
fn an_err_is_an_error_also_by_question_mark_and_the_name_can_be_chosen() {
    let monitor = monitor();
    let _scope = monitor.enter();
    assert_eq!(parse(""), Ok(0));
    assert_eq!(parse("7"), Ok(7));
    assert!(parse("seven").is_err());
    assert_eq!(
        calls(&monitor),
        [
            ("parse".to_owned(), Fine, 2),
            ("parse".to_owned(), Error, 1)
        ]
    );
}

#[tokio::test]
async fn an_async_err_is_an_error() {
    let monitor = monitor();
    assert_eq!(monitor.scope(parse_later("7")).await.expect("parses"), 7);
    assert!(monitor.scope(parse_later("seven")).await.is_err());
    assert!(monitor.scope(parse_later("none")).await.is_err());
    let name = || "parse_later".to_owned();
    assert_eq!(calls(&monitor), [(name(), Fine, 1), (name(), Error, 2)]);
}

#[tokio::test]
async fn impl_trait_in_either_place_is_fine() {
    let monitor = monitor();
    let numbers = {
        let _scope = monitor.enter();
        evens(9)
    };
    assert_eq!(monitor.scope(first(numbers)).await, Some(0));
    assert_eq!(calls(&monitor).len(), 2);
}

#[tokio::test]
async fn methods_borrow_and_consume_as_before() {
    let monitor = monitor();
    let mut basket = Basket::default();
    monitor.scope(basket.add(("pear", 2))).await;
    let _scope = monitor.enter();
    basket.newest().expect("not empty").push('s');
    assert_eq!(basket.into_items(), ["pear", "pears"]);
    assert!(Basket::default().newest().is_err());
    let counted = calls(&monitor);
    assert_eq!(
        counted.iter().map(|(.., count)| count).sum::<u64>(),
        4,
        "{counted:?}"
    );
}

#[tokio::test]
async fn a_monitor_can_be_named_from_the_arguments() {
    let service = Service { monitor: monitor() };
    service.reserve();
    Service::reserve_for(&service.monitor).await;
    let counted = calls(&service.monitor);
    assert_eq!(
        counted,
        [
            ("reserve_for".to_owned(), Fine, 1),
            ("reserve".to_owned(), Fine, 1)
        ]
    );
}

#[test]
fn a_dropped_future_counts_as_cancelled_and_one_never_polled_not_at_all() {
    let monitor = monitor();
    let _scope = monitor.enter();
    drop(never());
    assert_eq!(calls(&monitor), []);
    {
        let mut running = pin!(never());
        assert!(
            running
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    assert_eq!(calls(&monitor), one("never", Cancelled));
}

#[test]
fn a_panic_counts_and_goes_on() {
    let monitor = monitor();
    let _scope = monitor.enter();
    assert!(catch_unwind(AssertUnwindSafe(fail)).is_err());
    assert_eq!(calls(&monitor), one("fail", Panic));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_layer_says_whose_request_is_handled() {
    use axum::{Router, body::Body, http::Request, routing::get};
    use tower::ServiceExt;

    let (outer, other) = (monitor(), monitor());
    let handler = || async { double_later(21).await.to_string() };
    let app = |monitor: &Monitor| {
        Router::new()
            .route("/", get(handler))
            .layer(monitor.layer())
    };
    for app in [app(&outer), app(&other), app(&outer)] {
        let request = Request::get("/").body(Body::empty()).expect("request");
        app.oneshot(request).await.expect("answers");
    }
    assert_eq!(calls(&outer), [("double_later".to_owned(), Fine, 2)]);
    assert_eq!(calls(&other), one("double_later", Fine));
}
