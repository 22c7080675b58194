//! Hands a mail to a server.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use lettre::Message as Mime;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};

use super::outcome::Outcome;
use crate::config::hidden::Hidden;
use crate::config::notify::{Mail, MailTls};
use crate::outward::tls::certificates;

/// How long the answer to a farewell is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A connection over which nothing more is told.
pub(super) struct Farewell(AsyncSmtpConnection);

impl Farewell {
    /// Ends it as servers like it. What they answer changes nothing.
    pub(super) async fn say(mut self) {
        let _ = tokio::time::timeout(PATIENCE, self.0.quit()).await;
    }
}

/// Sends it. Whoever waits for this long enough drops it: the connection goes with it.
pub(super) async fn send(
    mail: &Mime,
    to: &Mail,
    login: Option<(String, Hidden)>,
    ca_file: Option<&Path>,
) -> (Outcome, Option<Farewell>) {
    let mut connection = match connect(to, login, ca_file).await {
        Ok(connection) => connection,
        // Also what is said for good: whoever sets it right need not lose what waits.
        Err(reason) => return (Outcome::failed(reason), None),
    };
    let outcome = hand_over(&mut connection, mail, to).await;
    let outcome = outcome.unwrap_or_else(|outcome| outcome);
    (outcome, Some(Farewell(connection)))
}

async fn connect(
    to: &Mail,
    login: Option<(String, Hidden)>,
    ca_file: Option<&Path>,
) -> Result<AsyncSmtpConnection, String> {
    let here = own_name();
    let parameters = match to.tls {
        MailTls::None => None,
        MailTls::StartTls | MailTls::Tls => Some(parameters(&to.host, ca_file).await?),
    };
    let (at_once, later) = match to.tls {
        MailTls::StartTls => (None, parameters),
        MailTls::Tls | MailTls::None => (parameters, None),
    };
    let address = (&*to.host, to.port);
    let mut connection = AsyncSmtpConnection::connect_tokio1(address, None, &here, at_once, None)
        .await
        .map_err(|error| format!("cannot connect: {}", in_words(&error)))?;
    if let Some(parameters) = later {
        if !connection.can_starttls() {
            return Err(
                "it does not offer STARTTLS: nothing is told in the clear; set `tls` to tls, or to none where it is allowed"
                    .to_owned(),
            );
        }
        connection
            .starttls(parameters, &here)
            .await
            .map_err(|error| format!("no TLS: {}", in_words(&error)))?;
    }
    if let Some((name, password)) = login {
        let credentials = Credentials::new(name, password.text().to_owned());
        connection
            .auth(DEFAULT_MECHANISMS, &credentials)
            .await
            .map_err(|error| format!("cannot log in: {}", in_words(&error)))?;
    }
    Ok(connection)
}

/// One mail for all receivers. Those who are refused for good do not keep it from the others; while one may be taken later,
/// nobody gets it, so that nobody gets it twice.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Mime,
    to: &Mail,
) -> Result<Outcome, Outcome> {
    let content = mail.formatted();
    let offers = connection.server_info();
    let mut parameters = Vec::new();
    let mut addresses = to.to.iter().chain([&to.from]);
    if addresses.any(|mailbox| !mailbox.email.to_string().is_ascii()) {
        if !offers.supports_feature(Extension::SmtpUtfEight) {
            let reason = "it does not take addresses with letters beyond ASCII (SMTPUTF8)";
            return Err(Outcome::Refused(reason.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() && offers.supports_feature(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let from = MailFrom::new(mail.envelope().from().cloned(), parameters);
    connection.command(from).await.map_err(judged)?;
    let mut refused = Vec::new();
    for receiver in mail.envelope().to() {
        match connection
            .command(Rcpt::new(receiver.clone(), Vec::new()))
            .await
        {
            Ok(_) => {}
            Err(error) if error.is_permanent() => {
                refused.push(format!("{receiver} is refused: {}", in_words(&error)));
            }
            Err(error) => return Err(judged(error)),
        }
    }
    if refused.len() == to.to.len() {
        return Err(Outcome::Refused(refused.join("; ")));
    }
    connection.command(Data).await.map_err(judged)?;
    connection.message(&content).await.map_err(judged)?;
    Ok(Outcome::Delivered(
        (!refused.is_empty()).then(|| refused.join("; ")),
    ))
}

/// What the server says of a mail: 5xx is for good.
fn judged(error: Error) -> Outcome {
    match error.is_permanent() {
        true => Outcome::Refused(in_words(&error)),
        false => Outcome::failed(in_words(&error)),
    }
}

/// With the cause, which lettre does not tell by itself.
fn in_words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        cause = error.source();
    }
    text.replace(char::is_control, " ")
}

/// How TLS is spoken. Reads files, which the system's folders may have hundreds of: not on the runtime's threads.
async fn parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let (host, ca_file) = (host.to_owned(), ca_file.map(Path::to_owned));
    let build = move || {
        let mut builder = TlsParameters::builder(host);
        if let Some(path) = &ca_file {
            let wrong =
                |reason: String| format!("cannot use `ca_file` {}: {reason}", path.display());
            builder = builder.certificate_store(CertificateStore::None);
            let authorities = certificates(path).map_err(|error| wrong(format!("{error:#}")))?;
            if authorities.is_empty() {
                return Err(wrong("it has no certificate in PEM".to_owned()));
            }
            for authority in authorities {
                let authority = Certificate::from_der(authority.to_vec());
                let authority = authority.map_err(|error| wrong(in_words(&error)))?;
                builder = builder.add_root_certificate(authority);
            }
        }
        builder
            .build_rustls()
            .map_err(|error| format!("no TLS: {}", in_words(&error)))
    };
    let built = tokio::task::spawn_blocking(build).await;
    built.map_err(|error| error.to_string())?
}

/// The name of this machine, as far as it can be one on the network.
fn own_name() -> ClientId {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().into_owned();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_plain) {
        true => ClientId::Domain(name),
        false => ClientId::default(),
    }
}
