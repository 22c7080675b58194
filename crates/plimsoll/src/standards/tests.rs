//! The documents' numbers, and files that change them.

use super::*;
use crate::config::Profile;

fn ms(class: &Class) -> (f64, f64, f64) {
    let Bands {
        target,
        acceptable,
        investigate,
    } = class.bands;
    let ms = |secs: f64| (secs * 1e6).round() / 1e3;
    (ms(target), ms(acceptable), ms(investigate))
}

#[test]
fn an_empty_file_has_the_documents_numbers() {
    let standards = Standards::parse("", Profile::Dev).unwrap();
    assert_eq!(standards, Standards::default());
    let expected = [
        ("health", (10.0, 50.0, 100.0), Some(1000.0)),
        ("read", (100.0, 250.0, 500.0), Some(500.0)),
        ("write", (200.0, 500.0, 1000.0), Some(100.0)),
        ("delete", (160.0, 400.0, 800.0), Some(200.0)),
        ("complex", (400.0, 1000.0, 2000.0), Some(50.0)),
        ("aggregation", (600.0, 1500.0, 3000.0), Some(20.0)),
        ("export", (1000.0, 2500.0, 5000.0), Some(5.0)),
        ("device", (10.0, 50.0, 100.0), None),
        ("event", (100.0, 200.0, 500.0), None),
        ("external", (1000.0, 2500.0, 5000.0), None),
        ("page_load", (2000.0, 5000.0, 10_000.0), None),
    ];
    for (class, (name, times, throughput)) in standards.classes.iter().zip(expected) {
        assert_eq!((&*class.name, ms(class)), (name, times));
        assert_eq!(
            (class.throughput_per_second, class.objective),
            (throughput, 0.995)
        );
    }
    let limits = &standards.limits;
    assert_eq!(
        (limits.memory_mb, limits.error_rate, limits.db_connections),
        (500.0, 0.1, 20.0)
    );
    assert_eq!(
        (limits.cpu_ratio, limits.disk_ratio, limits.cache_hit_rate),
        (0.8, 0.9, 0.7)
    );
    let prod = Standards::of(Profile::Prod);
    assert_eq!(
        (prod.limits.memory_mb, prod.limits.error_rate),
        (200.0, 0.05)
    );
    assert_eq!(prod.slow.query.as_millis(), 50);
}

#[test]
fn routes_have_a_class_by_method_and_pattern() {
    let standards = Standards::default();
    let classes = [
        ("GET", "/orders/{id}", "read"),
        ("PATCH", "/orders/{id}", "write"),
        ("DELETE", "/cart/{id}", "delete"),
        ("GET", "/health", "health"),
        ("GET", "/api/v1/health", "health"),
        ("GET", "/search", "complex"),
        ("GET", "/api/v1/stats", "aggregation"),
        ("GET", "/reports/daily", "aggregation"),
        ("GET", "/export/products.csv", "export"),
        ("GET", "/api/events", "read"),
        ("GET", "<unmatched>", "read"),
    ];
    for (method, route, class) in classes {
        assert_eq!(
            &*standards.expected(method, route).class.name,
            class,
            "{method} {route}"
        );
    }
    let home = Standards::of(Profile::HomeAssistant);
    assert_eq!(&*home.expected("GET", "/api/events").class.name, "event");
    assert_eq!(&*home.expected("GET", "/devices/{id}").class.name, "device");
}

#[test]
fn a_file_changes_what_it_names() {
    let text = r#"
        profile = "prod"
        objective = 0.99
        [classes.read]
        investigate_ms = 200
        [classes.write]
        target_ms = 50
        objective = 0.999
        [classes.search]
        investigate_ms = 800
        routes = ["/find/**"]
        [[routes]]
        route = "POST /orders/*"
        class = "complex"
        [[routes]]
        route = "/orders/**"
        investigate_ms = 4000
        [limits]
        memory_mb = 1024
        [alerts]
        fire_after_seconds = 30
        [resources."postgres pool"]
        limit = 12
    "#;
    let standards = Standards::parse(text, Profile::Dev).unwrap();
    assert_eq!(standards.profile, Profile::Prod);
    assert_eq!(ms(standards.class("read").unwrap()), (40.0, 100.0, 200.0));
    assert_eq!(ms(standards.class("write").unwrap()), (50.0, 500.0, 1000.0));
    let objective = |name: &str| standards.class(name).unwrap().objective;
    assert_eq!(
        (objective("read"), objective("write"), objective("search")),
        (0.99, 0.999, 0.99)
    );
    assert_eq!(&*standards.classes.last().unwrap().name, "search");
    let found = standards.expected("GET", "/find/a/b");
    assert_eq!(
        (&*found.class.name, found.bands.investigate),
        ("search", 0.8)
    );
    // The narrower one gives the class, the wider one the times.
    let order = standards.expected("POST", "/orders/{id}");
    assert_eq!(
        (&*order.class.name, order.bands.investigate),
        ("complex", 4.0)
    );
    assert_eq!(
        (standards.limits.memory_mb, standards.limits.error_rate),
        (1024.0, 0.05)
    );
    assert_eq!(standards.alerts.fire_after.as_secs(), 30);
    assert_eq!(standards.resource_limit("postgres pool", Some(30.0)), 12.0);
    assert_eq!(standards.resource_limit("mail", Some(30.0)), 30.0);
    assert_eq!(standards.resource_limit("mail", None), 20.0);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_key() {
    let wrong = [
        ("profile = \"test\"", 1, "profile", "\"test\""),
        (
            "\n[classes.read]\ntarget_ms = 900",
            3,
            "classes.read.target_ms",
            "900 ms",
        ),
        (
            "[classes.read]\ninvestigate_ms = -1",
            2,
            "classes.read.investigate_ms",
            "-1",
        ),
        (
            "[classes.mine]\nroutes = []",
            1,
            "classes.mine",
            "investigate_ms",
        ),
        ("[limits]\ncpu_ratio = 80", 2, "limits.cpu_ratio", "80"),
        ("[limits]\nerror_rate = nan", 2, "limits.error_rate", "NaN"),
        ("objective = 1.0", 1, "objective", "1"),
        (
            "[[routes]]\nroute = \"orders\"\nclass = \"read\"",
            2,
            "routes[0].route",
            "orders",
        ),
        (
            "[[routes]]\nroute = \"/a\"\nclass = \"reed\"",
            3,
            "routes[0].class",
            "reed",
        ),
        ("[[routes]]\nroute = \"/a\"", 1, "routes[0]", "class"),
        (
            "[alerts]\nfire_after_seconds = 600",
            2,
            "alerts.fire_after_seconds",
            "600",
        ),
        (
            "[resources.mail]\nlimit = 0",
            2,
            "resources.mail.limit",
            "0",
        ),
    ];
    for (text, line, key, part) in wrong {
        let error = Standards::parse(text, Profile::Dev).unwrap_err();
        assert_eq!(
            (error.line, error.key.as_str()),
            (line, key),
            "{text}: {error}"
        );
        assert!(error.reason.contains(part), "{text}: {error}");
    }
}

#[test]
fn unknown_keys_are_told_with_what_may_be_meant() {
    let error = Standards::parse("[limits]\nmemory_md = 3", Profile::Dev).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(
        error.to_string().contains("did you mean `memory_mb`"),
        "{error}"
    );
    let broken = Standards::parse("[limits\n", Profile::Dev).unwrap_err();
    assert_eq!(broken.line, 1);
}

#[test]
fn routes_that_two_classes_claim_are_refused() {
    let text = "[classes.a]\ninvestigate_ms = 1\nroutes = [\"/x/*/y\"]\n\
                [classes.b]\ninvestigate_ms = 1\nroutes = [\"/x/z/*\"]";
    let error = Standards::parse(text, Profile::Dev).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (6, "classes.b.routes[0]"));
    assert!(
        error.reason.contains("/x/*/y") && error.reason.contains("line 3"),
        "{error}"
    );
}
