use super::*;

const NO_VARIABLES: std::iter::Empty<(String, String)> = std::iter::empty();

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
    let error = file("[store]\nraw_days = -1\n").unwrap_err();
    assert!(error.starts_with("plimsoll.toml line 2: "), "{error}");
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
