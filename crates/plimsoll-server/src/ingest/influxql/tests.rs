use super::statement::{Limits, Statement, all};

fn one(text: &str) -> Statement {
    let mut statements = all(text).unwrap();
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0)
}

fn of(measurement: &str) -> Limits {
    Limits {
        measurement: Some(measurement.to_owned()),
        ..Limits::default()
    }
}

#[test]
fn what_clients_ask_before_they_write_is_understood() {
    for (text, expected) in [
        ("SHOW DATABASES", Statement::ShowDatabases),
        (
            "create database home;",
            Statement::CreateDatabase("home".into()),
        ),
        (
            "CREATE DATABASE \"my \\\"db\\\"\" WITH DURATION 3d REPLICATION 1 SHARD DURATION 1h NAME \"x\"",
            Statement::CreateDatabase("my \"db\"".into()),
        ),
        (
            "SHOW RETENTION POLICIES ON \"home\"",
            Statement::ShowRetentionPolicies,
        ),
        (
            "CREATE RETENTION POLICY \"a\" ON \"b\" DURATION 1d REPLICATION 1",
            Statement::SetRetentionPolicy,
        ),
        (
            "SHOW MEASUREMENTS",
            Statement::ShowMeasurements(Limits::default()),
        ),
        (
            "SHOW FIELD KEYS ON home FROM \"cpu\"",
            Statement::ShowFieldKeys(of("cpu")),
        ),
        (
            "SHOW TAG KEYS FROM \"home\".\"autogen\".\"cpu\"",
            Statement::ShowTagKeys(of("cpu")),
        ),
        (
            "SHOW TAG KEYS FROM home..cpu",
            Statement::ShowTagKeys(of("cpu")),
        ),
        (
            "SHOW TAG VALUES FROM cpu WITH KEY = \"host\"",
            Statement::ShowTagValues("host".into(), of("cpu")),
        ),
        (
            "SHOW SERIES LIMIT 1 OFFSET 2",
            Statement::ShowSeries(Limits {
                measurement: None,
                limit: Some(1),
                offset: 2,
            }),
        ),
        (
            "SELECT mean(\"x\") FROM \"cpu\" WHERE time > now() - 1h",
            Statement::Select,
        ),
        (
            "GRANT ALL TO \"me\"",
            Statement::Other("GRANT ALL TO".into()),
        ),
    ] {
        assert_eq!(one(text), expected, "{text}");
    }
    assert_eq!(all("SHOW DATABASES; SHOW USERS").unwrap().len(), 2);
}

#[test]
fn what_is_no_influxql_says_what_was_found() {
    for (text, expected) in [
        ("", "found EOF"),
        ("hello", "found hello, expected SELECT"),
        ("CREATE DATABASE", "found EOF, expected a name"),
        ("CREATE DATABASE \"x", "found EOF, expected the closing \""),
        ("SHOW SERIES LIMIT x", "found x, expected a whole number"),
        ("SHOW SERIES WHERE a = 'b'", "found WHERE"),
    ] {
        let error = all(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
