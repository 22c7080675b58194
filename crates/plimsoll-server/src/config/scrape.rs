//! `[[scrape]]`, checked: targets that can be asked.

use std::path::PathBuf;
use std::time::Duration;

use super::entry::{Entry, MAX_TEXT_BYTES};
use super::layers::{ConfigError, Source};
use super::{megabytes, raw};
use crate::outward::address::{NoAddress, host_and_port};
use crate::outward::{Address, Believed};

/// Most targets.
const MAX_TARGETS: usize = 1_000;
/// Most further tags of a target.
const MAX_LABELS: usize = 32;
/// A longer interval is a mistake: totals are not told across a longer hole.
const LONGEST_INTERVAL_SECS: u64 = 3_600;
/// Tags that are named by keys of their own, or that samples have.
const TAKEN_LABELS: [&str; 5] = ["job", "service", "source", "le", "quantile"];

/// A target in Prometheus's formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeTarget {
    /// The tag `job`.
    pub job: String,
    /// The tag `service`.
    pub service: String,
    /// The tag `instance`: host and port, unless a label says otherwise.
    pub instance: String,
    /// As configured.
    pub url: String,
    /// Name or address to connect to.
    pub host: String,
    /// Port to connect to.
    pub port: u16,
    /// Whose certificate it may show; `None`: it is asked without TLS.
    pub tls: Option<Believed>,
    /// Path and query to ask for.
    pub path: String,
    /// How often it is scraped.
    pub interval: Duration,
    /// How long one scrape may take in all; never longer than the interval.
    pub timeout: Duration,
    /// Largest answer in bytes, as sent and after decompression.
    pub body_max: usize,
    /// Most samples of one answer.
    pub series_max: usize,
    /// Further tags, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Where the token stands.
    pub bearer_token_file: Option<PathBuf>,
}

/// Checks the targets.
///
/// # Errors
/// A value that cannot be used, with its key.
pub(super) fn targets(
    raw: &[raw::Scrape],
    source: &Source,
) -> Result<Vec<ScrapeTarget>, ConfigError> {
    if raw.len() > MAX_TARGETS {
        let many = raw.len();
        let reason = format!("`scrape` may have {MAX_TARGETS} targets, but has {many} ({source})");
        return Err(ConfigError(reason));
    }
    let mut targets: Vec<ScrapeTarget> = Vec::with_capacity(raw.len());
    for (at, one) in raw.iter().enumerate() {
        let place = Entry {
            list: "scrape",
            at,
            source,
        };
        let target = target(&one.clone().complete(), &place)?;
        let same = |other: &ScrapeTarget| {
            (&other.job, &other.instance, &other.labels)
                == (&target.job, &target.instance, &target.labels)
        };
        if let Some(other) = targets.iter().position(same) {
            let must = format!("differ from that of `scrape[{other}]`, or its `job` or `labels`");
            return Err(place.wrong("url", &must, &target.url));
        }
        targets.push(target);
    }
    Ok(targets)
}

fn target(raw: &raw::Scrape, place: &Entry<'_>) -> Result<ScrapeTarget, ConfigError> {
    let job = place.text("job", &raw.job)?;
    let service = place.text("service", &raw.service)?;
    let Address {
        is_tls,
        host,
        port,
        path,
    } = address(&raw.url, place)?;
    let interval_secs = place.at_least_one("interval_secs", raw.interval_secs)?;
    place.within("interval_secs", LONGEST_INTERVAL_SECS, interval_secs)?;
    let timeout_secs = raw.timeout_secs.unwrap_or(raw::Scrape::TIMEOUT_SECS);
    let timeout_secs = place.at_least_one("timeout_secs", timeout_secs)?;
    if timeout_secs > interval_secs {
        let must = format!("be at most `interval_secs`, which is {interval_secs}");
        return Err(place.wrong("timeout_secs", &must, &timeout_secs));
    }
    let series_max = raw.series_max;
    place.at_least_one("series_max", series_max as u64)?;
    let mut labels = labels(raw, place)?;
    let named = labels.iter().position(|(name, _)| name == "instance");
    let instance = match named {
        Some(at) => labels.remove(at).1,
        None => host_and_port(&host, port),
    };
    let file = &raw.bearer_token_file;
    Ok(ScrapeTarget {
        job,
        service,
        instance,
        url: raw.url.clone(),
        host,
        port,
        tls: believed(raw, is_tls, place)?,
        path,
        interval: Duration::from_secs(interval_secs),
        timeout: Duration::from_secs(timeout_secs),
        body_max: megabytes(place.at_least_one("body_max_mb", raw.body_max_mb)?),
        series_max,
        labels,
        bearer_token_file: (!file.is_empty()).then(|| PathBuf::from(file)),
    })
}

fn address(url: &str, place: &Entry<'_>) -> Result<Address, ConfigError> {
    Address::parse(url).map_err(|reason| match reason {
        NoAddress::Malformed => {
            let must = "be a URL such as http://127.0.0.1:9100/metrics";
            place.wrong("url", must, &format!("{url:?}"))
        }
        NoAddress::HasUser => {
            // The value may hold a password: it is not told.
            let must = "name no user: a token stands in the file that `bearer_token_file` names";
            place.wrong("url", must, &"one with a user")
        }
    })
}

fn believed(
    raw: &raw::Scrape,
    is_tls: bool,
    place: &Entry<'_>,
) -> Result<Option<Believed>, ConfigError> {
    let believed = match (raw.ca_file.as_str(), raw.tls_insecure) {
        ("", false) => return Ok(is_tls.then_some(Believed::System)),
        ("", true) => Believed::Anybody,
        (file, false) => Believed::File(PathBuf::from(file)),
        (_, true) => {
            let must = "be false where `ca_file` names authorities";
            return Err(place.wrong("tls_insecure", must, &true));
        }
    };
    if !is_tls {
        let must = "begin with https:// where `ca_file` or `tls_insecure` is set";
        return Err(place.wrong("url", must, &format!("{:?}", raw.url)));
    }
    Ok(Some(believed))
}

fn labels(raw: &raw::Scrape, place: &Entry<'_>) -> Result<Vec<(String, String)>, ConfigError> {
    if raw.labels.len() > MAX_LABELS {
        let must = format!("have at most {MAX_LABELS} entries");
        let many = format!("{} long", raw.labels.len());
        return Err(place.wrong("labels", &must, &many));
    }
    for (name, value) in &raw.labels {
        let key = format!("labels.{name}");
        let mut bytes = name.bytes();
        let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let is_name = bytes.next().is_some_and(begins)
            && bytes.all(|byte| begins(byte) || byte.is_ascii_digit())
            && name.len() <= MAX_TEXT_BYTES;
        if !is_name || TAKEN_LABELS.contains(&name.as_str()) {
            let must = "have a name of letters, digits and _ that is none of job, service, source, le and quantile";
            return Err(place.wrong(&key, must, value));
        }
        place.text(&key, value)?;
    }
    Ok(raw.labels.clone().into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(toml: &str) -> Result<Vec<ScrapeTarget>, String> {
        let raw: raw::Raw = toml::from_str(toml).unwrap();
        targets(&raw.scrape, &Source::Default).map_err(|error| error.to_string())
    }

    fn one(lines: &str) -> Result<ScrapeTarget, String> {
        let text = format!("[[scrape]]\njob = \"node\"\n{lines}\n");
        checked(&text).map(|mut targets| targets.remove(0))
    }

    #[test]
    fn job_and_url_are_enough() {
        let target = one("url = \"http://127.0.0.1:9100/metrics?x=1\"").unwrap();
        assert_eq!(
            (&*target.instance, &*target.path),
            ("127.0.0.1:9100", "/metrics?x=1")
        );
        assert_eq!((&*target.service, target.port), ("node", 9100));
        let [interval, timeout] = [target.interval, target.timeout].map(|time| time.as_secs());
        assert_eq!((interval, timeout), (15, 10));
        let short = one("url = \"http://[::1]\"\ninterval_secs = 5").unwrap();
        assert_eq!((short.timeout.as_secs(), &*short.instance), (5, "[::1]:80"));
        let named = one("url = \"http://a/m\"\nlabels = { instance = \"i1\", zone = \"z\" }");
        let named = named.unwrap();
        assert_eq!(named.instance, "i1");
        assert_eq!(named.labels, [("zone".to_owned(), "z".to_owned())]);
    }

    #[test]
    fn whose_certificates_are_believed_is_said_by_url_and_keys() {
        let https = |more: &str| one(&format!("url = \"https://a/m\"\n{more}")).unwrap();
        assert_eq!(one("url = \"http://a/m\"").unwrap().tls, None);
        let system = https("");
        assert_eq!((system.tls, system.port), (Some(Believed::System), 443));
        let file = Believed::File(PathBuf::from("a.pem"));
        assert_eq!(https("ca_file = \"a.pem\"").tls, Some(file));
        assert_eq!(https("tls_insecure = true").tls, Some(Believed::Anybody));
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        let url = "url = \"http://a/m\"\n";
        for (lines, expected) in [
            (
                format!("{url}ca_file = \"a.pem\""),
                "`scrape[0].url` must begin with https:// where `ca_file`",
            ),
            (
                "url = \"https://a/m\"\nca_file = \"a.pem\"\ntls_insecure = true".to_owned(),
                "`scrape[0].tls_insecure` must be false where `ca_file`",
            ),
            (
                "url = \"a:9100\"".to_owned(),
                "`scrape[0].url` must be a URL such as",
            ),
            (
                format!("{url}interval_secs = 5\ntimeout_secs = 6"),
                "`scrape[0].timeout_secs` must be at most `interval_secs`, which is 5, but is 6",
            ),
            (
                format!("{url}interval_secs = 0"),
                "`scrape[0].interval_secs` must be at least 1, but is 0",
            ),
            (
                format!("{url}series_max = 0"),
                "`scrape[0].series_max` must be at least 1",
            ),
            (
                format!("{url}labels = {{ job = \"x\" }}"),
                "`scrape[0].labels.job` must have a name",
            ),
            (
                format!("{url}[[scrape]]\njob = \"\"\n{url}"),
                "`scrape[1].job` must be a name of 1 to 256 bytes, but is \"\"",
            ),
            (
                format!("{url}[[scrape]]\njob = \"node\"\n{url}"),
                "`scrape[1].url` must differ from that of `scrape[0]`",
            ),
        ] {
            let error = one(&lines).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_told() {
        let error = one("url = \"http://user:geheim@a/m\"").unwrap_err();
        assert!(
            error.contains("`scrape[0].url` must name no user"),
            "{error}"
        );
        assert!(!error.contains("geheim"), "{error}");
    }
}
