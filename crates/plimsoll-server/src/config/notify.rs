//! `[[notify]]`, checked: channels that can be tried.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;

use super::entry::Entry;
use super::hidden::{Hidden, Kept, NOT_SHOWN};
use super::layers::{ConfigError, Source};
use super::raw;
use crate::notify::Severity;
use crate::notify::filter::Filter;
use crate::notify::notice::AlertType;
use crate::outward::Address;
use crate::outward::address::is_here;

/// Most channels.
const MAX_CHANNELS: usize = 50;
/// Most receivers of mail, services, types and labels of a channel.
const MAX_ENTRIES: usize = 100;
/// Longest name of a channel.
const MAX_NAME_BYTES: usize = 64;
/// Most messages a minute: nobody reads more.
const MOST_A_MINUTE: u64 = 600;
/// Longest time that a message may take. A notice waits for the one before it.
const LONGEST_TIMEOUT_SECS: u64 = 120;
/// Longest wait for others of a service.
const LONGEST_GROUP_WAIT_SECS: u64 = 600;

/// A channel.
#[derive(Clone, Debug, PartialEq)]
pub struct NotifyChannel {
    /// What its owner calls it.
    pub name: String,
    /// How it is told, and where.
    pub way: Way,
    /// What it is told.
    pub filter: Filter,
    /// The authorities that are believed instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Most messages a minute.
    pub rate_per_minute: usize,
    /// How long one message may take.
    pub timeout: Duration,
    /// How long the first notice of a service waits for others.
    pub group_wait: Duration,
}

/// How a channel is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// An incoming webhook of Slack, or of what takes the same.
    Slack {
        /// Where to post.
        url: Kept,
    },
    /// JSON to any program.
    Webhook {
        /// Where to post.
        url: Kept,
        /// What it is signed with.
        secret: Option<Kept>,
    },
    /// Events of PagerDuty, version 2.
    PagerDuty {
        /// Where to post.
        url: Kept,
        /// The key of the service there.
        routing_key: Kept,
    },
    /// Mail.
    Email(Box<Mail>),
    /// The server's own log.
    Log,
}

/// Where mail goes, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// Name or address of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted on the way there.
    pub tls: MailTls,
    /// Name and password to log in with.
    pub login: Option<(String, Kept)>,
    /// Whom it is from.
    pub from: Mailbox,
    /// Whom it is to.
    pub to: Vec<Mailbox>,
}

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the command `STARTTLS` on, before anything is told.
    StartTls,
    /// From the beginning.
    Tls,
    /// Not at all.
    None,
}

impl Way {
    /// As it is configured.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Webhook { .. } => "webhook",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Email(_) => "email",
            Self::Log => "log",
        }
    }
}

/// Checks the channels.
///
/// # Errors
/// A value that cannot be used, with its key; one that is secret is not shown.
pub(super) fn channels(
    raw: &[raw::Notify],
    source: &Source,
) -> Result<Vec<NotifyChannel>, ConfigError> {
    if raw.len() > MAX_CHANNELS {
        let many = raw.len();
        let reason =
            format!("`notify` may have {MAX_CHANNELS} channels, but has {many} ({source})");
        return Err(ConfigError(reason));
    }
    let mut channels: Vec<NotifyChannel> = Vec::with_capacity(raw.len());
    for (at, one) in raw.iter().enumerate() {
        let place = Entry {
            list: "notify",
            at,
            source,
        };
        let channel = channel(&one.clone().complete(), &place)?;
        if let Some(other) = channels.iter().position(|other| other.name == channel.name) {
            let must = format!("differ from that of `notify[{other}]`");
            return Err(place.wrong("name", &must, &channel.name));
        }
        channels.push(channel);
    }
    Ok(channels)
}

fn channel(raw: &raw::Notify, place: &Entry<'_>) -> Result<NotifyChannel, ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(1..=MAX_NAME_BYTES).contains(&raw.name.len()) || !raw.name.bytes().all(is_plain) {
        let must = format!("have 1 to {MAX_NAME_BYTES} letters, digits, `-`, `_` and `.`");
        return Err(place.wrong("name", &must, &format!("{:?}", raw.name)));
    }
    let way = way(raw, place)?;
    let rate = place.at_least_one("rate_per_minute", raw.rate_per_minute.into())?;
    place.within("rate_per_minute", MOST_A_MINUTE, rate)?;
    let timeout = place.at_least_one("timeout_seconds", raw.timeout_seconds)?;
    place.within("timeout_seconds", LONGEST_TIMEOUT_SECS, timeout)?;
    let wait = raw.group_wait_seconds;
    place.within("group_wait_seconds", LONGEST_GROUP_WAIT_SECS, wait)?;
    Ok(NotifyChannel {
        name: raw.name.clone(),
        way,
        filter: filter(raw, place)?,
        ca_file: (!raw.ca_file.is_empty()).then(|| PathBuf::from(&raw.ca_file)),
        rate_per_minute: usize::try_from(rate).unwrap_or(1),
        timeout: Duration::from_secs(timeout),
        group_wait: Duration::from_secs(wait),
    })
}

fn way(raw: &raw::Notify, place: &Entry<'_>) -> Result<Way, ConfigError> {
    let kind = raw.kind.as_str();
    let posts = ["slack", "webhook", "pagerduty"].contains(&kind);
    if !posts && !["email", "log"].contains(&kind) {
        let must = "be slack, webhook, email, pagerduty or log";
        return Err(place.wrong("kind", must, &format!("{kind:?}")));
    }
    let is_mail = kind == "email";
    let signs = ["webhook", "pagerduty"].contains(&kind);
    for (key, is_set, is_known) in [
        ("url", !raw.url.is_empty(), posts),
        ("url_file", !raw.url_file.is_empty(), posts),
        ("secret", !raw.secret.is_empty(), signs),
        ("secret_file", !raw.secret_file.is_empty(), signs),
        ("smtp_host", !raw.smtp_host.is_empty(), is_mail),
        ("smtp_port", raw.smtp_port.is_some(), is_mail),
        ("tls", !raw.tls.is_empty(), is_mail),
        ("allow_plain", raw.allow_plain, is_mail),
        ("username", !raw.username.is_empty(), is_mail),
        ("password", !raw.password.is_empty(), is_mail),
        ("password_file", !raw.password_file.is_empty(), is_mail),
        ("from", !raw.from.is_empty(), is_mail),
        ("to", !raw.to.is_empty(), is_mail),
        ("ca_file", !raw.ca_file.is_empty(), posts || is_mail),
    ] {
        if is_set && !is_known {
            let must = format!("be left out where `kind` is {kind}");
            return Err(place.wrong(key, &must, &"set"));
        }
    }
    let url = || {
        let url = kept(place, "url", &raw.url, &raw.url_file)?;
        let must = "be a URL such as https://hooks.example.org/T0/B0/x";
        match &url {
            None => Err(place.wrong("url", must, &"empty, as is `url_file`")),
            Some(Kept::Here(text)) if Address::parse(text.text()).is_err() => {
                Err(place.wrong("url", must, &NOT_SHOWN))
            }
            Some(kept) => Ok(kept.clone()),
        }
    };
    let secret = kept(place, "secret", &raw.secret, &raw.secret_file)?;
    Ok(match kind {
        "slack" => Way::Slack { url: url()? },
        "webhook" => Way::Webhook {
            url: url()?,
            secret,
        },
        "pagerduty" => Way::PagerDuty {
            url: url()?,
            routing_key: secret.ok_or_else(|| {
                let must = "be the integration key of a service at PagerDuty";
                place.wrong("secret", must, &"empty, as is `secret_file`")
            })?,
        },
        "email" => Way::Email(Box::new(mail(raw, place)?)),
        _ => Way::Log,
    })
}

fn mail(raw: &raw::Notify, place: &Entry<'_>) -> Result<Mail, ConfigError> {
    let host = place.text("smtp_host", &raw.smtp_host)?;
    let tls = match raw.tls.as_str() {
        "starttls" => MailTls::StartTls,
        "tls" => MailTls::Tls,
        "none" if is_here(&host) || raw.allow_plain => MailTls::None,
        "none" => {
            let must = "be starttls or tls where `smtp_host` is another machine, unless `allow_plain` is true";
            return Err(place.wrong("tls", must, &"\"none\""));
        }
        other => {
            let must = "be starttls, tls or none";
            return Err(place.wrong("tls", must, &format!("{other:?}")));
        }
    };
    let password = kept(place, "password", &raw.password, &raw.password_file)?;
    let login = match (raw.username.as_str(), password) {
        ("", None) => None,
        ("", Some(_)) => {
            return Err(place.wrong("username", "be set where a password is", &"empty"));
        }
        (_, None) => {
            let must = "be set where `username` is";
            return Err(place.wrong("password", must, &"empty, as is `password_file`"));
        }
        (name, Some(password)) => Some((name.to_owned(), password)),
    };
    let mailbox = |key: &str, text: &str| {
        text.parse::<Mailbox>().map_err(|_| {
            let must = "be an address such as Plimsoll <plimsoll@example.org>";
            place.wrong(key, must, &format!("{text:?}"))
        })
    };
    if raw.to.is_empty() {
        let must = "be a list of addresses such as [\"ops@example.org\"]";
        return Err(place.wrong("to", must, &"empty"));
    }
    entries(place, "to", raw.to.len())?;
    Ok(Mail {
        host,
        port: raw.smtp_port.unwrap_or_default(),
        tls,
        login,
        from: mailbox("from", &raw.from)?,
        to: raw
            .to
            .iter()
            .map(|text| mailbox("to", text))
            .collect::<Result<_, _>>()?,
    })
}

fn filter(raw: &raw::Notify, place: &Entry<'_>) -> Result<Filter, ConfigError> {
    let severities = [
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let wanted = severities
        .into_iter()
        .find(|known| known.as_str() == raw.min_severity);
    let must = "be low, medium, high or critical";
    let min_severity = wanted
        .ok_or_else(|| place.wrong("min_severity", must, &format!("{:?}", raw.min_severity)))?;
    entries(place, "services", raw.services.len())?;
    for pattern in &raw.services {
        place.text("services", pattern)?;
    }
    let types = raw.types.iter().map(|name| {
        AlertType::named(name).ok_or_else(|| {
            let known = AlertType::ALL.map(AlertType::as_str).join(", ");
            let must = format!("have types of alerts: {known}");
            place.wrong("types", &must, &format!("{name:?}"))
        })
    });
    entries(place, "labels", raw.labels.len())?;
    Ok(Filter {
        min_severity,
        services: raw.services.clone(),
        types: types.collect::<Result<_, _>>()?,
        labels: raw.labels.clone(),
        resolved: raw.resolved,
    })
}

fn entries(place: &Entry<'_>, key: &str, count: usize) -> Result<(), ConfigError> {
    match count > MAX_ENTRIES {
        true => {
            let must = format!("have at most {MAX_ENTRIES} entries");
            Err(place.wrong(key, &must, &format!("{count} long")))
        }
        false => Ok(()),
    }
}

/// A secret that stands in the configuration or in a file, but not in both.
fn kept(
    place: &Entry<'_>,
    key: &str,
    here: &Hidden,
    file: &str,
) -> Result<Option<Kept>, ConfigError> {
    match (here.is_empty(), file) {
        (true, "") => Ok(None),
        (true, file) => Ok(Some(Kept::File(PathBuf::from(file)))),
        (false, "") => Ok(Some(Kept::Here(here.clone()))),
        (false, _) => {
            let must = format!("be left out where `{key}_file` is set");
            Err(place.wrong(key, &must, &NOT_SHOWN))
        }
    }
}

#[cfg(test)]
mod tests;
