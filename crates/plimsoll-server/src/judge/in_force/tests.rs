use super::*;

fn of(text: &str) -> (tempfile::TempDir, InForce) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("standards.toml");
    std::fs::write(&path, text).unwrap();
    let in_force = InForce::open(&config(path, []), Put::new()).unwrap();
    (dir, in_force)
}

fn config<const N: usize>(standards_file: PathBuf, of: [(&str, &str); N]) -> JudgeConfig {
    JudgeConfig {
        enabled: true,
        forecast: true,
        standards_file,
        profile: Profile::Dev,
        environment: OfEnvironment::of(of).unwrap(),
    }
}

fn memory(in_force: &InForce) -> f64 {
    in_force.standards().limits.memory_mb
}

#[test]
fn what_is_put_wins_over_the_file_and_can_be_given_back() {
    let (_dir, in_force) = of("[limits]\nmemory_mb = 700");
    assert_eq!(memory(&in_force), 700.0);
    let name = || "high_memory_threshold".to_owned();
    let (put, _) = in_force
        .with(&BTreeMap::from([(name(), Some(900.0))]))
        .unwrap();
    in_force.set(put);
    assert_eq!(memory(&in_force), 900.0);
    let (put, _) = in_force.with(&BTreeMap::from([(name(), None)])).unwrap();
    in_force.set(put);
    assert_eq!(memory(&in_force), 700.0);
}

#[test]
fn the_environment_wins_over_the_file_and_what_is_put_over_both() {
    let (dir, _) = of("[limits]\nmemory_mb = 700\ncpu_ratio = 0.5");
    let path = dir.path().join("standards.toml");
    let set = [("HIGH_MEMORY_THRESHOLD", "800")];
    let in_force = InForce::open(&config(path.clone(), set), Put::new()).unwrap();
    assert_eq!(memory(&in_force), 800.0);
    assert_eq!(in_force.standards().limits.cpu_ratio, 0.5);
    let name = || "high_memory_threshold".to_owned();
    let (put, tried) = in_force
        .with(&BTreeMap::from([(name(), Some(900.0))]))
        .unwrap();
    assert_eq!(tried.limits.memory_mb, 900.0);
    in_force.set(put);
    std::fs::write(&path, "[limits]\nmemory_mb = 600").unwrap();
    assert!(in_force.read_again());
    assert_eq!(memory(&in_force), 900.0);
    in_force.set(Put::new());
    assert_eq!(memory(&in_force), 800.0);
    let variable = in_force.variable("high_memory_threshold");
    assert_eq!(variable, Some("HIGH_MEMORY_THRESHOLD"));
}

#[test]
fn a_file_that_breaks_changes_nothing_and_is_told() {
    let (dir, in_force) = of("[limits]\nmemory_mb = 700");
    let path = dir.path().join("standards.toml");
    std::fs::write(&path, "[limits]\nmemory_mb = -70000").unwrap();
    assert!(!in_force.read_again());
    assert_eq!(memory(&in_force), 700.0);
    assert!(
        in_force
            .file_state()
            .error
            .unwrap()
            .contains("limits.memory_mb")
    );
    std::fs::write(&path, "[limits]\nmemory_mb = 80").unwrap();
    assert!(in_force.read_again());
    assert_eq!(
        (memory(&in_force), in_force.file_state().error),
        (80.0, None)
    );
    std::fs::remove_file(&path).unwrap();
    assert!(in_force.read_again());
    assert_eq!(
        (memory(&in_force), in_force.file_state().path),
        (500.0, None)
    );
}

#[test]
fn impossible_thresholds_are_refused_by_name() {
    let (_dir, in_force) = of("");
    let refused = |name: &str, value: f64| {
        let error = in_force.with(&BTreeMap::from([(name.to_owned(), Some(value))]));
        error.unwrap_err().field
    };
    for value in [-1.0, 0.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            refused("slow_query_threshold", value),
            "slow_query_threshold"
        );
    }
    assert_eq!(refused("error_rate_threshold", 1.5), "error_rate_threshold");
    assert_eq!(refused("slow_thing", 1.0), "slow_thing");
    assert_eq!(
        refused("classes.nobody.target_seconds", 1.0),
        "classes.nobody.target_seconds"
    );
    assert_eq!(
        refused("classes.read.target_seconds", 0.4),
        "classes.read.target_seconds"
    );
    assert_eq!(
        refused("classes.read.investigate_seconds", 0.2),
        "classes.read.investigate_seconds"
    );
}
