use std::time::Duration;

use super::super::*;

fn resolve(environment: &[(&str, &str)]) -> Configuration {
    Configuration::new("orders-api")
        .resolve(environment.iter().copied())
        .expect("resolves")
}

fn error(environment: &[(&str, &str)]) -> String {
    Configuration::new("x")
        .resolve(environment.iter().copied())
        .expect_err("refused")
        .to_string()
}

#[test]
fn an_empty_environment_runs_with_the_lenient_profile() {
    let configuration = resolve(&[]);
    let config = configuration.config();
    assert_eq!(config.service, "orders-api");
    assert!(config.enabled && config.memory_monitoring);
    assert_eq!(config.thresholds, Profile::Dev.thresholds());
    assert_eq!(config.collection_interval, None);
    assert_eq!(
        (config.paths.metrics.as_str(), config.export.is_none()),
        ("/metrics", true)
    );
    assert_eq!(configuration.notices(), [""; 0]);
    assert_eq!(
        configuration.origin("max_memory_mb"),
        Origin::Profile(Profile::Dev)
    );
}

#[test]
fn the_environment_has_the_last_word_over_the_builder() {
    let configuration = Configuration::new("orders-api")
        .by_builder("memory_monitoring", |config| {
            config.memory_monitoring = true
        })
        .by_builder("exemplars", |config| config.exemplars = true)
        .resolve([
            ("MEMORY_MONITORING_ENABLED", "false"),
            ("OTEL_SERVICE_NAME", "orders-blue"),
        ])
        .expect("resolves");
    assert!(!configuration.config().memory_monitoring);
    assert_eq!(configuration.config().service, "orders-blue");
    assert_eq!(
        configuration.origin("memory_monitoring"),
        Origin::Environment("MEMORY_MONITORING_ENABLED")
    );
    assert_eq!(configuration.origin("exemplars"), Origin::Builder);
}

#[test]
fn a_profile_gives_the_thresholds_that_nobody_set() {
    let configuration = resolve(&[
        ("PLIMSOLL_PROFILE", "prod"),
        ("SLOW_REQUEST_THRESHOLD", "0.75"),
    ]);
    let thresholds = configuration.config().thresholds;
    assert_eq!(thresholds.slow_request, Duration::from_millis(750));
    assert_eq!(thresholds.slow_query, Duration::from_millis(50));
    assert_eq!((thresholds.memory_mb, thresholds.error_rate), (200.0, 0.05));
}

#[test]
fn aliases_work_and_say_so_and_the_canonical_name_wins() {
    let alias = resolve(&[("HIGH_MEMORY_THRESHOLD", "300")]);
    assert_eq!(alias.config().thresholds.memory_mb, 300.0);
    assert_eq!(
        alias.notices(),
        ["HIGH_MEMORY_THRESHOLD is an alias of MAX_MEMORY_USAGE_MB"]
    );
    let both = resolve(&[
        ("MAX_MEMORY_USAGE_MB", "1024"),
        ("HIGH_MEMORY_THRESHOLD", "300"),
    ]);
    assert_eq!(both.config().thresholds.memory_mb, 1024.0);
    assert_eq!(
        both.notices(),
        ["HIGH_MEMORY_THRESHOLD is not used, because of MAX_MEMORY_USAGE_MB"]
    );
    let redis = resolve(&[("REDIS_PORT", "6380"), ("REDIS_HOST", "cache")]);
    assert_eq!(redis.config().redis_url, "redis://cache:6380/0");
    let redis = resolve(&[("REDIS_HOST", "cache"), ("REDIS_URL", "redis://other:1/2")]);
    assert_eq!(redis.config().redis_url, "redis://other:1/2");
}

#[test]
fn thresholds_that_do_nothing_yet_say_so() {
    let configuration = resolve(&[
        ("SLOW_REQUEST_THRESHOLD", "0.001"),
        ("ERROR_RATE_THRESHOLD", "0.01"),
        ("MAX_CPU_USAGE_PERCENT", "1"),
        ("SLOW_QUERY_THRESHOLD", "0.2"),
    ]);
    assert_eq!(
        configuration.notices(),
        ["SLOW_QUERY_THRESHOLD=0.2 is read and not used yet: queries are not measured",]
    );
}

#[test]
fn unknown_names_under_our_prefix_are_warned_of_with_the_nearest() {
    let configuration = resolve(&[
        ("PLIMSOLL_PROFIL", "prod"),
        ("PLIMSOLL_LISTEN", "x"),
        ("PROFILE", "x"),
    ]);
    assert_eq!(
        configuration.notices(),
        ["PLIMSOLL_PROFIL is unknown; did you mean PLIMSOLL_PROFILE?"]
    );
}

#[test]
fn errors_name_variable_and_value() {
    assert_eq!(
        error(&[("SLOW_REQUEST_THRESHOLD", "fast")]),
        "SLOW_REQUEST_THRESHOLD must be a number of seconds above 0, but is \"fast\""
    );
    assert!(
        error(&[("PERFORMANCE_MONITORING_ENABLED", "maybe")])
            .contains("true or false, but is \"maybe\"")
    );
    for wrong in [
        ("MAX_CPU_USAGE_PERCENT", "140"),
        ("ERROR_RATE_THRESHOLD", "NaN"),
        ("METRICS_ENDPOINT", "metrics"),
        ("METRICS_COLLECTION_INTERVAL", "0"),
        ("MAX_MEMORY_USAGE_MB", "-1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("REDIS_PORT", "99999"),
        ("PLIMSOLL_PROFILE", "staging"),
    ] {
        assert!(error(&[wrong]).starts_with(wrong.0), "{wrong:?}");
    }
}

#[test]
fn the_resource_is_read_and_the_service_name_wins_over_its_attribute() {
    let configuration = resolve(&[
        ("OTEL_SERVICE_NAME", "shop"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=no,service.version=1.2,vcs.ref.head.revision=9d59409,deployment.environment.name=prod,team=a%20b",
        ),
    ]);
    let config = configuration.config();
    assert_eq!(config.service, "shop");
    assert_eq!(
        (config.version.as_deref(), config.environment.as_deref()),
        (Some("1.2"), Some("prod"))
    );
    assert_eq!(config.revision.as_deref(), Some("9d59409"));
    assert_eq!(
        configuration.origin("revision"),
        Origin::Environment("OTEL_RESOURCE_ATTRIBUTES")
    );
    assert_eq!(
        config.resource_attributes,
        [("team".to_owned(), "a b".to_owned())]
    );
}

#[test]
fn either_switch_turns_monitoring_off() {
    assert!(
        !resolve(&[("PERFORMANCE_MONITORING_ENABLED", "False")])
            .config()
            .enabled
    );
    assert!(!resolve(&[("OTEL_SDK_DISABLED", "true")]).config().enabled);
    assert!(
        !resolve(&[
            ("OTEL_SDK_DISABLED", "true"),
            ("PERFORMANCE_MONITORING_ENABLED", "1")
        ])
        .config()
        .enabled
    );
    assert!(
        resolve(&[
            ("OTEL_SDK_DISABLED", "false"),
            ("PERFORMANCE_MONITORING_ENABLED", "")
        ])
        .config()
        .enabled
    );
}

#[test]
fn the_export_follows_opentelemetrys_variables() {
    let configuration = resolve(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1876/"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20secret",
        ),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ]);
    let export = configuration.config().export.as_ref().expect("exports");
    assert_eq!(export.url, "http://127.0.0.1:1876/v1/metrics");
    assert_eq!(
        export.headers,
        [("authorization".to_owned(), "Bearer secret".to_owned())]
    );
    assert_eq!(
        (export.time_out, export.gzip),
        (Duration::from_millis(2500), true)
    );
    let printed = format!("{configuration:?}{:?}", configuration.entries());
    assert!(
        !printed.contains("secret"),
        "headers are secrets: {printed}"
    );

    let tls = resolve(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.org")]);
    assert!(tls.config().export.is_none() && tls.notices()[0].contains("TLS"));
    let none = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x:1"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    assert!(resolve(&none).config().export.is_none());
}

#[test]
fn the_collection_interval_is_a_multiple_of_the_window() {
    let configuration = resolve(&[("METRICS_COLLECTION_INTERVAL", "60")]);
    assert_eq!(
        configuration.config().collection_interval,
        Some(Duration::from_secs(60))
    );
    let configuration = resolve(&[("METRICS_COLLECTION_INTERVAL", "15")]);
    assert_eq!(
        configuration.config().collection_interval,
        Some(Duration::from_secs(20))
    );
    assert_eq!(
        configuration.notices(),
        ["METRICS_COLLECTION_INTERVAL=15 is rounded up to 20 s"]
    );
}

#[test]
fn every_setting_is_printed_with_its_origin() {
    let configuration = resolve(&[
        ("METRICS_ENDPOINT", "/internal/metrics"),
        ("REDIS_URL", "redis://:pw@r:1/0"),
    ]);
    let line = |key: &str| {
        let entries = configuration.entries();
        let entry = entries
            .iter()
            .find(|entry| entry.key == key)
            .expect("is printed");
        format!("{} = {} ({})", entry.key, entry.value, entry.origin)
    };
    assert_eq!(
        line("metrics_path"),
        "metrics_path = /internal/metrics (environment METRICS_ENDPOINT)"
    );
    assert_eq!(line("service"), "service = orders-api (builder)");
    assert_eq!(
        line("slow_request_threshold"),
        "slow_request_threshold = 1 s (profile dev)"
    );
    assert_eq!(line("enabled"), "enabled = true (default)");
    assert_eq!(
        line("redis_url"),
        "redis_url = redis://***@r:1/0 (environment REDIS_URL)"
    );
}
