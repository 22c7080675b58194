use super::*;

fn checked(toml: &str) -> Result<Vec<NotifyChannel>, String> {
    let raw: raw::Raw = toml::from_str(toml).unwrap();
    channels(&raw.notify, &Source::Default).map_err(|error| error.to_string())
}

fn one(lines: &str) -> Result<NotifyChannel, String> {
    let text = format!("[[notify]]\nname = \"ops\"\n{lines}\n");
    checked(&text).map(|mut channels| channels.remove(0))
}

const MAIL: &str = "kind = \"email\"\nsmtp_host = \"mail.example.org\"\nfrom = \"plimsoll@example.org\"\nto = [\"Ops <ops@example.org>\"]";

#[test]
fn kind_and_url_are_enough() {
    let slack = one("kind = \"slack\"\nurl = \"https://hooks.example/T0\"").unwrap();
    assert_eq!((&*slack.name, slack.way.name()), ("ops", "slack"));
    assert_eq!(slack.rate_per_minute, 20);
    assert_eq!(
        [slack.timeout, slack.group_wait],
        [Duration::from_secs(10); 2]
    );
    assert_eq!(slack.filter.min_severity, Severity::Low);
    assert!(slack.filter.resolved);
    let log = one("kind = \"log\"\nmin_severity = \"high\"\nresolved = false").unwrap();
    assert_eq!((log.way, log.filter.resolved), (Way::Log, false));
    assert_eq!(log.filter.min_severity, Severity::High);
}

#[test]
fn pagerduty_has_an_address_of_its_own() {
    let channel = one("kind = \"pagerduty\"\nsecret_file = \"/run/key\"").unwrap();
    let expected = Way::PagerDuty {
        url: Kept::Here(Hidden::from(raw::Notify::PAGERDUTY_URL)),
        routing_key: Kept::File(PathBuf::from("/run/key")),
    };
    assert_eq!(channel.way, expected);
}

#[test]
fn the_port_of_mail_follows_its_encryption() {
    let mail = |more: &str| match one(&format!("{MAIL}\n{more}")).unwrap().way {
        Way::Email(mail) => *mail,
        other => panic!("{other:?}"),
    };
    assert_eq!((mail("").tls, mail("").port), (MailTls::StartTls, 587));
    assert_eq!(mail("tls = \"tls\"").port, 465);
    assert_eq!(mail("smtp_port = 2525").port, 2525);
    assert_eq!(mail("tls = \"none\"\nallow_plain = true").port, 25);
    let login = mail("username = \"u\"\npassword_file = \"/run/p\"").login;
    assert_eq!(
        login,
        Some(("u".to_owned(), Kept::File(PathBuf::from("/run/p"))))
    );
    assert_eq!(mail("").to[0].email.to_string(), "ops@example.org");
}

#[test]
fn types_have_their_older_names_too() {
    let channel =
        one("kind = \"log\"\ntypes = [\"response_time\", \"memory_usage\", \"burn_rate\"]");
    let types = channel.unwrap().filter.types;
    let expected = [
        AlertType::SlowRequest,
        AlertType::HighMemory,
        AlertType::BurnRate,
    ];
    assert!(types.iter().eq(&expected), "{types:?}");
}

#[test]
fn a_value_that_cannot_be_used_is_named() {
    let slack = "kind = \"slack\"\nurl = \"https://a/b\"";
    for (lines, expected) in [
        (
            "kind = \"fax\"".to_owned(),
            "`notify[0].kind` must be slack, webhook, email, pagerduty or log, but is \"fax\"",
        ),
        (
            "kind = \"slack\"".to_owned(),
            "`notify[0].url` must be a URL such as",
        ),
        (
            format!("{slack}\nurl_file = \"/u\""),
            "`notify[0].url` must be left out where `url_file` is set",
        ),
        (
            format!("{slack}\nsecret = \"x\""),
            "`notify[0].secret` must be left out where `kind` is slack",
        ),
        (
            format!("{slack}\nsmtp_host = \"x\""),
            "`notify[0].smtp_host` must be left out where `kind` is slack",
        ),
        (
            format!("{slack}\nmin_severity = \"bad\""),
            "`notify[0].min_severity` must be low, medium, high or critical, but is \"bad\"",
        ),
        (
            format!("{slack}\ntypes = [\"slow\"]"),
            "`notify[0].types` must have types of alerts: slow_request",
        ),
        (
            format!("{slack}\nrate_per_minute = 0"),
            "`notify[0].rate_per_minute` must be at least 1, but is 0",
        ),
        (
            format!("{slack}\ntimeout_seconds = 121"),
            "`notify[0].timeout_seconds` must be at most 120, but is 121",
        ),
        (
            format!("{slack}\ngroup_wait_seconds = 601"),
            "`notify[0].group_wait_seconds` must be at most 600",
        ),
        (
            format!("{slack}\nservices = [\"\"]"),
            "`notify[0].services` must be a name of 1 to 256 bytes, but is \"\"",
        ),
        (
            format!("{slack}\n[[notify]]\nname = \"a/b\"\nkind = \"log\""),
            "`notify[1].name` must have 1 to 64 letters",
        ),
        (
            format!("{slack}\n[[notify]]\nname = \"ops\"\nkind = \"log\""),
            "`notify[1].name` must differ from that of `notify[0]`, but is ops",
        ),
        (
            "kind = \"pagerduty\"".to_owned(),
            "`notify[0].secret` must be the integration key",
        ),
        (
            MAIL.replace("mail.example.org", ""),
            "`notify[0].smtp_host` must be a name of 1 to 256 bytes",
        ),
        (
            format!("{MAIL}\ntls = \"none\""),
            "`notify[0].tls` must be starttls or tls where `smtp_host` is another machine, unless `allow_plain` is true, but is \"none\"",
        ),
        (
            format!("{MAIL}\ntls = \"ssl\""),
            "`notify[0].tls` must be starttls, tls or none, but is \"ssl\"",
        ),
        (
            format!("{MAIL}\nusername = \"u\""),
            "`notify[0].password` must be set where `username` is",
        ),
        (
            format!("{MAIL}\npassword = \"p\""),
            "`notify[0].username` must be set where a password is",
        ),
        (
            MAIL.replace("plimsoll@example.org", "plimsoll"),
            "`notify[0].from` must be an address such as",
        ),
        (
            MAIL.replace("[\"Ops <ops@example.org>\"]", "[]"),
            "`notify[0].to` must be a list of addresses",
        ),
    ] {
        let error = one(&lines).unwrap_err();
        assert!(error.starts_with(expected), "{lines}: {error}");
        assert!(error.ends_with("(default)"), "{error}");
    }
}

#[test]
fn plain_mail_stays_on_this_machine() {
    for host in ["127.0.0.1", "localhost", "::1"] {
        let here = MAIL.replace("mail.example.org", host);
        assert!(one(&format!("{here}\ntls = \"none\"")).is_ok(), "{host}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for lines in [
        "kind = \"slack\"\nurl = \"hooks.example/geheim\"",
        "kind = \"slack\"\nurl = \"https://u:geheim@a/b\"",
        "kind = \"webhook\"\nurl = \"https://a/geheim\"\nurl_file = \"/u\"",
        "kind = \"webhook\"\nurl = \"https://a/b\"\nsecret = \"geheim\"\nsecret_file = \"/u\"",
        "kind = \"log\"\npassword = \"geheim\"",
    ] {
        let error = one(lines).unwrap_err();
        assert!(!error.contains("geheim"), "{error}");
    }
}
