//! One channel: what it can, and how it is told.

use std::collections::BTreeMap;

use super::http::{Post, post};
use super::message::Message;
use super::notice::Severity;
use super::notice::{AlertType, Kind, Notice, Unit};
use super::outcome::Outcome;
use super::plan::Rules;
use super::smtp::Farewell;
use super::{log, mail, pagerduty, slack, smtp, webhook};
use crate::config::hidden::{Hidden, Kept};
use crate::config::notify::{NotifyChannel, Way};
use crate::outward::Shared;
use crate::store::table::Nanos;
use crate::tick;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// How it is configured.
    pub config: NotifyChannel,
    tls: Shared,
}

impl Channel {
    /// A channel; `tls` is shared by all of them.
    pub fn new(config: NotifyChannel, tls: Shared) -> Self {
        Self { config, tls }
    }

    /// What it can.
    pub fn rules(&self) -> Rules {
        let keeps_open = matches!(self.config.way, Way::PagerDuty { .. });
        Rules {
            groups: !keeps_open && self.config.way != Way::Log,
            keeps_open,
        }
    }

    /// How long a notice waits for others.
    pub(super) fn group_wait(&self) -> Nanos {
        match self.rules().groups {
            true => Nanos::try_from(self.config.group_wait.as_nanos()).unwrap_or(Nanos::MAX),
            false => 0,
        }
    }

    /// Sends a message, once.
    pub async fn send(&self, message: &Message, now: Nanos) -> Outcome {
        let timeout = self.config.timeout;
        let mut farewell = None;
        let trying = self.try_once(message, now, &mut farewell);
        let outcome = match tokio::time::timeout(timeout, trying).await {
            Ok(Ok(outcome) | Err(outcome)) => outcome,
            Err(_) => Outcome::failed(format!(
                "no answer within {} s (`timeout_seconds`)",
                timeout.as_secs()
            )),
        };
        // After the time that the message had: a farewell that hangs makes no failure of what was taken.
        if let Some(farewell) = farewell {
            farewell.say().await;
        }
        outcome
    }

    async fn try_once(
        &self,
        message: &Message,
        now: Nanos,
        farewell: &mut Option<Farewell>,
    ) -> Result<Outcome, Outcome> {
        match &self.config.way {
            Way::Log => {
                log::write(&self.config.name, message);
                Ok(Outcome::Delivered(None))
            }
            Way::Slack { url } => {
                let answer = self.post(url, slack::body(message).to_string(), Vec::new(), true);
                Ok(slack::outcome(&answer.await?))
            }
            Way::Webhook { url, secret } => {
                let body = webhook::body(message).to_string();
                let mut headers = vec![("idempotency-key", message.outward_key())];
                if let Some(secret) = secret {
                    let secret = read(secret).await?;
                    let signature = webhook::signature(secret.text(), now, body.as_bytes());
                    headers.push((webhook::SIGNATURE, signature));
                }
                let answer = self.post(url, body, headers, false).await?;
                Ok(answer.failure().unwrap_or(Outcome::Delivered(None)))
            }
            Way::PagerDuty { url, routing_key } => {
                let routing_key = read(routing_key).await?;
                let body = pagerduty::body(message, routing_key.text()).to_string();
                let answer = self.post(url, body, Vec::new(), false).await?;
                Ok(pagerduty::outcome(&answer, &routing_key))
            }
            Way::Email(to) => {
                let mail = mail::write(message, to, now);
                let mail = mail.map_err(|error| Outcome::Refused(error.to_string()))?;
                let login = match &to.login {
                    Some((name, password)) => Some((name.clone(), read(password).await?)),
                    None => None,
                };
                let sent = smtp::send(&mail, to, login, self.config.ca_file.as_deref()).await;
                *farewell = sent.1;
                Ok(sent.0)
            }
        }
    }

    async fn post(
        &self,
        url: &Kept,
        body: String,
        headers: Vec<(&'static str, String)>,
        wants_text: bool,
    ) -> Result<super::outcome::Answer, Outcome> {
        let post_it = Post {
            url: read(url).await?,
            headers,
            body,
            wants_text,
            ca_file: self.config.ca_file.clone(),
        };
        post(post_it, &self.tls, tick::now()).await
    }

    /// A notice of no alert.
    pub(super) fn test_notice(&self, now: Nanos) -> Notice {
        let name = &self.config.name;
        Notice {
            alert: format!("test-{name}"),
            transition: 0,
            kind: Kind::Test,
            service: "plimsoll".to_owned(),
            alert_type: AlertType::SlowRequest,
            severity: Severity::Low,
            message: format!("alerts are told on the channel {name}"),
            cause: "Somebody tries the channel; nothing is wrong.".to_owned(),
            action: String::new(),
            fix: None,
            threshold: Some(1.0),
            current_value: Some(0.25),
            unit: Unit::Seconds,
            labels: BTreeMap::new(),
            since: now,
            timestamp: now,
            link: None,
        }
    }
}

/// A secret; its file may be on a disk that takes its time.
async fn read(kept: &Kept) -> Result<Hidden, Outcome> {
    let kept = kept.clone();
    let read = tokio::task::spawn_blocking(move || kept.read()).await;
    // Whoever sets the file right need not lose what waits.
    match read {
        Ok(read) => read.map_err(Outcome::failed),
        Err(error) => Err(Outcome::failed(error.to_string())),
    }
}
