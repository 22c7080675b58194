//! `/api/performance/channels` and `/api/performance/outbox`: where alerts are told, and how that goes.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::v1::time::rfc3339;
use crate::http::extract::{Params, PathParams};
use crate::http::problem::{Answer, Problem, json_answer};
use crate::meta::MetaError;
use crate::meta::outbox::{ChannelStatus, Listed, State as RowState};
use crate::notify::Channel;
use crate::openapi::answers::{Invalid, NotFound};
use crate::openapi::tag;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

/// Rows of a list when the request says nothing.
const LIMIT: usize = 100;
/// Most rows of a list.
const MAX_LIMIT: usize = 1_000;

/// Where alerts are told.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelList {
    timestamp: String,
    /// In the order of the configuration.
    channels: Vec<ChannelView>,
}

/// A channel, and how it does.
#[derive(Serialize, ToSchema)]
#[schema(as = NotifyChannel)]
pub(crate) struct ChannelView {
    name: String,
    kind: ChannelKind,
    state: ChannelState,
    /// When it took a notice last.
    last_success: Option<String>,
    /// Why the last try that failed did, and when.
    last_error: Option<String>,
    last_error_at: Option<String>,
    /// Notices that are to be told.
    waiting: u64,
    /// Notices of the last days that were given up.
    dead: u64,
}

/// How a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ChannelKind {
    Slack,
    Webhook,
    PagerDuty,
    Email,
    Log,
}

/// Whether a channel takes notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelState {
    /// It was not tried yet.
    Unknown,
    /// It took the last one.
    Up,
    /// It did not.
    Down,
}

/// What came of a try.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelTest {
    channel: String,
    /// Whether it was taken.
    delivered: bool,
    /// Why not; or what was odd.
    error: Option<String>,
    took_seconds: f64,
}

/// What can be asked of the outbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only those; without it all.
    #[param(inline)]
    state: Option<RowState>,
    /// Most notices.
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<usize>,
}

/// Notices by channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxList {
    timestamp: String,
    /// The newest first.
    notices: Vec<OutboxNotice>,
    /// How many there are.
    total: u64,
}

/// A notice for one channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutboxNotice {
    id: String,
    channel: String,
    /// The same for every try.
    key: String,
    /// Of a summary, the only one or `<several>`.
    service: String,
    /// `firing`, `worsened`, `resolved` or `summary`.
    kind: String,
    /// The type of the alert, or `summary`.
    #[serde(rename = "type")]
    alert_type: String,
    severity: String,
    message: String,
    state: RowState,
    /// Tries so far.
    attempts: u32,
    created: String,
    /// When it is tried next, or from when on; null unless it waits.
    next_try: Option<String>,
    /// When it was told or given up.
    done: Option<String>,
    /// Why the last try failed.
    error: Option<String>,
}

/// The channels in the order of the configuration, without their secrets.
///
/// # Errors
/// 500 for a file that cannot be read.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listChannels",
    tag = tag::PERFORMANCE,
    responses((status = 200, description = "The channels", body = ChannelList)),
)]
pub async fn channels(State(app): State<App>) -> Answer<Response> {
    let outbox = app.notify.clone();
    let channels = blocking(move || {
        let channels = outbox.channels().iter();
        let view = |channel: &std::sync::Arc<Channel>| Ok(view(channel, outbox.status(channel)?));
        channels.map(view).collect::<Result<Vec<_>, _>>()
    });
    json_answer(&ChannelList {
        timestamp: rfc3339(tick::now()),
        channels: channels.await?,
    })
}

/// Sends a test notice on a channel at once and says what came of it.
///
/// # Errors
/// 404 for a channel that is not configured. A channel that takes nothing is no error: the answer says why.
#[utoipa::path(
    post,
    path = "",
    operation_id = "testChannel",
    tag = tag::PERFORMANCE,
    params(("name" = String, Path, description = "Its name", example = "ops")),
    responses((status = 200, description = "What came of it", body = ChannelTest), Invalid, NotFound),
)]
pub async fn test(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
) -> Answer<Response> {
    let begun = std::time::Instant::now();
    let Some(tried) = app.notify.test(&name, tick::now()).await else {
        let channels = app.notify.channels().iter();
        let known: Vec<_> = channels.map(|channel| &*channel.config.name).collect();
        let detail = match known.as_slice() {
            [] => format!("there is no channel {name}: none is configured"),
            known => format!("there is no channel {name}, but {}", known.join(", ")),
        };
        return Err(Problem::not_found(detail)
            .field("name", name.as_str())
            .with("known", known));
    };
    let outcome = tried.map_err(|error| unreadable(&error))?;
    json_answer(&ChannelTest {
        channel: name,
        delivered: outcome.is_delivered(),
        error: outcome.told().map(str::to_owned),
        took_seconds: begun.elapsed().as_secs_f64(),
    })
}

/// What is told, was told lately, or is given up.
///
/// # Errors
/// 400 for a bad parameter, 500 for a file that cannot be read.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listOutbox",
    tag = tag::PERFORMANCE,
    params(Asked),
    responses((status = 200, description = "The notices", body = OutboxList), Invalid),
)]
pub async fn outbox(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let detail = format!("limit must be between 1 and {MAX_LIMIT}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    let outbox = app.notify.clone();
    let (rows, total) = blocking(move || outbox.list(asked.state, limit)).await?;
    json_answer(&OutboxList {
        timestamp: rfc3339(tick::now()),
        notices: rows.into_iter().map(row).collect(),
        total,
    })
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, MetaError> + Send + 'static,
) -> Answer<T> {
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|panic| Problem::internal("the request failed").because(&panic))?;
    read.map_err(|error| unreadable(&error))
}

fn unreadable(error: &MetaError) -> Problem {
    Problem::internal("the outbox cannot be read or written").because(error)
}

fn view(channel: &Channel, status: ChannelStatus) -> ChannelView {
    use crate::config::notify::Way;
    let state = match (status.last_success, status.last_error_at) {
        (None, None) => ChannelState::Unknown,
        (success, error) if success >= error => ChannelState::Up,
        _ => ChannelState::Down,
    };
    ChannelView {
        name: channel.config.name.clone(),
        kind: match channel.config.way {
            Way::Slack { .. } => ChannelKind::Slack,
            Way::Webhook { .. } => ChannelKind::Webhook,
            Way::PagerDuty { .. } => ChannelKind::PagerDuty,
            Way::Email(_) => ChannelKind::Email,
            Way::Log => ChannelKind::Log,
        },
        state,
        last_success: status.last_success.map(second),
        last_error: status.last_error,
        last_error_at: status.last_error_at.map(second),
        waiting: status.waiting,
        dead: status.dead,
    }
}

fn row(row: Listed) -> OutboxNotice {
    OutboxNotice {
        id: row.id.to_string(),
        channel: row.channel,
        key: row.key,
        service: row.service,
        kind: row.kind,
        alert_type: row.alert_type,
        severity: row.severity,
        message: row.headline,
        state: row.state,
        attempts: row.attempts,
        created: second(row.created),
        next_try: row.due.map(second),
        done: row.done.map(second),
        error: row.error,
    }
}

/// To the second: nobody reads more.
fn second(time: Nanos) -> String {
    rfc3339(time - time.rem_euclid(1_000_000_000))
}
