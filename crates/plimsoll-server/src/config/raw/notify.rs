//! `[[notify]]` as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::hidden::Hidden;

/// `[[notify]]`: one channel on which alerts are told. What is empty is not set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// What to call it.
    pub name: String,
    /// `slack`, `webhook`, `email`, `pagerduty` or `log`.
    pub kind: String,
    /// Where to post.
    #[serde(skip_serializing_if = "Hidden::is_empty")]
    pub url: Hidden,
    /// A file with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url_file: String,
    /// What a webhook is signed with; PagerDuty's key of the service.
    #[serde(skip_serializing_if = "Hidden::is_empty")]
    pub secret: Hidden,
    /// A file with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret_file: String,
    /// The mail server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub smtp_host: String,
    /// Its port; 587, 465 or 25 as `tls` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_port: Option<u16>,
    /// `starttls`, `tls` or `none`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls: String,
    /// Whether mail may leave this machine without TLS.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_plain: bool,
    /// Who logs in at the mail server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// With which password.
    #[serde(skip_serializing_if = "Hidden::is_empty")]
    pub password: Hidden,
    /// A file with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password_file: String,
    /// Whom mail is from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Whom it is to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// A file with certificates (PEM) of the authorities that are believed instead of the system's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ca_file: String,
    /// The least severity that is told.
    pub min_severity: String,
    /// Services that are told of, `*` for any text; none: all.
    pub services: Vec<String>,
    /// Types of alerts that are told; none: all.
    pub types: Vec<String>,
    /// Labels that must have these values, `*` for any text.
    pub labels: BTreeMap<String, String>,
    /// Whether it is told that an alert is over.
    pub resolved: bool,
    /// Most messages a minute.
    pub rate_per_minute: u32,
    /// How long one message may take.
    pub timeout_seconds: u64,
    /// How long the first notice of a service waits for others that go with it.
    pub group_wait_seconds: u64,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: String::new(),
            url: Hidden::default(),
            url_file: String::new(),
            secret: Hidden::default(),
            secret_file: String::new(),
            smtp_host: String::new(),
            smtp_port: None,
            tls: String::new(),
            allow_plain: false,
            username: String::new(),
            password: Hidden::default(),
            password_file: String::new(),
            from: String::new(),
            to: Vec::new(),
            ca_file: String::new(),
            min_severity: "low".to_owned(),
            services: Vec::new(),
            types: Vec::new(),
            labels: BTreeMap::new(),
            resolved: true,
            rate_per_minute: 20,
            timeout_seconds: 10,
            group_wait_seconds: 10,
        }
    }
}

impl Notify {
    /// With every key of its kind that was left out.
    pub(in crate::config) fn complete(mut self) -> Self {
        match self.kind.as_str() {
            "email" => {
                if self.tls.is_empty() {
                    "starttls".clone_into(&mut self.tls);
                }
                self.smtp_port.get_or_insert(match self.tls.as_str() {
                    "tls" => 465,
                    "none" => 25,
                    _ => 587,
                });
            }
            "pagerduty" if self.url.is_empty() && self.url_file.is_empty() => {
                self.url = Hidden::from(Self::PAGERDUTY_URL);
            }
            _ => {}
        }
        self
    }

    /// Where PagerDuty takes events.
    pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";
}
