use super::*;

const NO_VARIABLES: std::iter::Empty<(OsString, OsString)> = std::iter::empty();

fn file(text: &str) -> Result<Layers, String> {
    let mut layers = Layers::defaults();
    let read = layers.file(Path::new("plimsoll.toml"), text);
    read.map_err(|error| error.to_string())?;
    Ok(layers)
}

fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    pairs.iter().map(own).collect::<Vec<_>>().into_iter()
}

#[test]
fn nothing_configured_runs() {
    let config = file("").unwrap().config().unwrap();
    assert_eq!(config.listen, "127.0.0.1:1876".parse().unwrap());
    assert_eq!(config.store.dir, Path::new("./plimsoll-data"));
}

#[test]
fn an_unknown_key_is_an_error_with_line_and_nearest_name() {
    let error = file("# comment\n[store]\nraw_dayz = 3\n").unwrap_err();
    assert!(error.starts_with("plimsoll.toml line 3: "), "{error}");
    assert!(error.contains("did you mean `raw_days`?"), "{error}");
}

#[test]
fn a_value_that_cannot_be_used_is_named_with_its_line() {
    let error = file("[server]\n\nlisten = \"here\"\n").unwrap().config();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`server.listen`"), "{error}");
    assert!(
        error.ends_with("but is here (plimsoll.toml line 3)"),
        "{error}"
    );
    for (text, reason) in [
        (
            "[store]\nraw_days = -1\n",
            "`store.raw_days`: invalid value: integer `-1`",
        ),
        (
            "[store]\nraw_days = \"x\"\n",
            "`store.raw_days`: invalid type: string \"x\"",
        ),
        (
            "store.measurements.\"a.b\" = {}\nmonitor.enabled = 3\n",
            "`monitor.enabled`: invalid type: integer `3`",
        ),
    ] {
        let error = file(text).unwrap_err();
        let expected = format!("plimsoll.toml line 2: {reason}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let mut layers = file("[server]\nlisten = \"127.0.0.1:1\"\n[store]\nraw_days = 3\n").unwrap();
    layers
        .environment(variables(&[
            ("PLIMSOLL_LISTEN", "127.0.0.1:2"),
            ("PLIMSOLL_STORE_RAW_DAYS", "4"),
        ]))
        .unwrap();
    layers
        .set("server.listen", "127.0.0.1:3", Source::Flag("--listen"))
        .unwrap();
    assert_eq!(layers.raw().unwrap().store.raw_days, 4);
    assert_eq!(layers.config().unwrap().listen.port(), 3);
    assert_eq!(
        layers.source("store.raw_days").to_string(),
        "environment PLIMSOLL_STORE_RAW_DAYS"
    );
    assert_eq!(layers.source("server.listen").to_string(), "flag --listen");
    assert_eq!(layers.source("store.daily_days").to_string(), "default");
}

#[test]
fn an_unknown_name_under_our_prefix_is_a_notice() {
    let mut layers = Layers::defaults();
    layers
        .environment(variables(&[("PLIMSOLL_STORE_RAW_DAY", "4"), ("HOME", "/")]))
        .unwrap();
    assert_eq!(
        layers.notices,
        [
            "PLIMSOLL_STORE_RAW_DAY in the environment is no setting; did you mean PLIMSOLL_STORE_RAW_DAYS?"
        ]
    );
}

#[test]
fn a_wrong_value_in_the_environment_is_an_error_with_its_name() {
    let error = Layers::defaults()
        .environment(variables(&[("PLIMSOLL_STORE_RAW_DAYS", "a week")]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`store.raw_days` must be a whole number, but environment PLIMSOLL_STORE_RAW_DAYS is \"a week\""
    );
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let flags = Flags {
        config: Some(PathBuf::from("/nowhere/plimsoll.toml")),
        ..Flags::default()
    };
    let error = Layers::load(&flags, NO_VARIABLES).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read /nowhere/plimsoll.toml"),
        "{error}"
    );
}

#[test]
fn a_measurement_may_have_any_name() {
    for name in ["a.b", "ä \\ \"x\"", "", "state_changed"] {
        let text = format!(
            "[store.measurements.{}]\nraw_days = 2\n",
            serde_json::json!(name)
        );
        let config = file(&text).unwrap().config().unwrap();
        let kept = config.store.measurement_retention.get(name);
        assert_eq!(kept, Some(&days_long(2)), "{text}");
    }
    let none = file("[store.measurements.\"a.b\"]\nraw_days = 0\n").unwrap();
    let error = none.config().unwrap_err().to_string();
    assert_eq!(
        error,
        "`store.measurements.\"a.b\".raw_days` must be at least 1, but is 0 (plimsoll.toml line 2)"
    );
}

#[test]
fn only_what_is_ours_must_be_text() {
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(vec![0xff]);
    let load = |name: OsString| Layers::load(&Flags::default(), [(name, odd())].into_iter());
    for name in ["X".into(), odd()] {
        assert_eq!(load(name).unwrap().notices, [""; 0]);
    }
    for name in ["PLIMSOLL_DATA", "HEALTH_ENDPOINT"] {
        let error = load(name.into()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("environment {name} must be text")),
            "{error}"
        );
    }
}

#[test]
fn the_interval_of_services_is_that_of_the_server_as_far_as_it_fits_into_a_minute() {
    for (text, secs, notices) in [("30", 30, 0), ("15", 20, 1), ("0.5", 10, 1), ("300", 60, 1)] {
        let mut layers = Layers::defaults();
        layers
            .environment(variables(&[("METRICS_COLLECTION_INTERVAL", text)]))
            .unwrap();
        let interval = layers.config().unwrap().monitor_interval;
        assert_eq!(interval, Duration::from_secs(secs), "{text}");
        assert_eq!(layers.notices.len(), notices, "{:?}", layers.notices);
    }
    for text in ["soon", "0", "-1", "NaN"] {
        let mut layers = Layers::defaults();
        let set = layers.environment(variables(&[("METRICS_COLLECTION_INTERVAL", text)]));
        let error = match set {
            Ok(()) => layers.config().unwrap_err(),
            Err(error) => error,
        };
        assert!(
            error.to_string().contains("METRICS_COLLECTION_INTERVAL"),
            "{error}"
        );
    }
    let error = file("[monitor]\ninterval_secs = 15\n").unwrap().config();
    assert_eq!(
        error.unwrap_err().to_string(),
        "`monitor.interval_secs` must be 10, 20, 30 or 60, so that windows fit into a minute, but is 15 (plimsoll.toml line 2)"
    );
}

#[test]
fn names_that_mean_nothing_to_the_server_are_told() {
    let mut layers = Layers::defaults();
    layers
        .environment(variables(&[("REDIS_HOST", "x")]))
        .unwrap();
    assert_eq!(
        layers.notices,
        ["REDIS_HOST in the environment means something to a service, but nothing to the server"]
    );
}

#[test]
fn a_target_is_shown_with_what_was_left_out_and_named_when_it_is_wrong() {
    let text = "[[scrape]]\njob = \"node\"\nurl = \"http://a/m\"\n";
    let layers = file(text).unwrap();
    let shown = layers.settings().find(|(key, _)| *key == "scrape");
    let shown = shown.unwrap().1.value.to_string();
    for part in [
        "interval_secs = 15",
        "timeout_secs = 10",
        "service = \"node\"",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(layers.config().unwrap().scrape.len(), 1);
    let error = file(&format!("{text}interval_secs = \"x\"\n")).unwrap_err();
    assert!(
        error.starts_with("plimsoll.toml line 4: `scrape[0].interval_secs`: invalid type"),
        "{error}"
    );
    let error = file(&format!("{text}timeout_secs = 20\n"))
        .unwrap()
        .config();
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("`scrape[0].timeout_secs` must be at most"),
        "{error}"
    );
}
