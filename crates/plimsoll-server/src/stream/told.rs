//! What the events say: the `data` of each, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::event_answers::Happened;

/// The `data` of an event: `window` a [`Window`], `event` an event, `change` a [`Change`], `reset` a [`Reset`].
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum StreamData {
    /// Of `window`.
    Window(Window),
    /// Of `event`.
    Event(Happened),
    /// Of `change`.
    Change(Change),
    /// Of `reset`.
    Reset(Reset),
}

/// All requests of a service in one window of 10 s. It comes again, whole, when more rows of the window came: the later one
/// counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Window {
    /// Whose requests.
    pub service: String,
    /// When the window begins; rows of the first second belong to the one before, whose end they tell.
    #[schema(format = DateTime)]
    pub start: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub end: String,
    /// The busiest first.
    pub routes: Vec<RouteWindow>,
    /// Whether there were more routes than are told.
    pub truncated: bool,
}

/// Requests of a route with one method and status.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteWindow {
    /// Route template, `<unmatched>` or `<other>`.
    pub route: String,
    /// Method.
    pub method: String,
    /// Full code; null when no answer had one.
    pub status: Option<u16>,
    /// Finished requests.
    pub count: u64,
    /// Of these, 5xx, panics and bodies that broke off.
    pub errors: u64,
    /// Half of the requests took at most so long.
    pub p50_seconds: Option<f64>,
    /// 95 % of the requests took at most so long.
    pub p95_seconds: Option<f64>,
    /// 99 % of the requests took at most so long.
    pub p99_seconds: Option<f64>,
}

/// What became different.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// Rows of a service came for the first time.
    ServiceAppeared {
        /// Its name.
        service: String,
    },
    /// No row of a service came for 90 s.
    ServiceSilent {
        /// Its name.
        service: String,
    },
    /// Rows of a silent service came again.
    ServiceBack {
        /// Its name.
        service: String,
    },
    /// A check of the server's health has another state: disk, memory, store, tasks.
    Health {
        /// The check's name.
        check: String,
        /// Its state.
        status: plimsoll::health::Status,
        /// What is wrong; null when nothing is.
        message: Option<String>,
    },
    /// Rows came that are older than the windows that are told: read the range anew.
    History {
        /// Whose; null: several services'.
        service: Option<String>,
        /// Time of the first.
        #[schema(format = DateTime)]
        start: String,
        /// Time of the last.
        #[schema(format = DateTime)]
        end: String,
    },
    /// New connections to the server get another certificate.
    CertificateChanged {
        /// Its SHA-256, hexadecimal.
        fingerprint: String,
    },
    /// The files of the server's certificate changed and cannot be used: the one before stays. The log says why.
    CertificateRefused,
    /// An alert fires, is more severe than it was, or is over.
    Alert {
        /// Whose.
        service: String,
        /// Its number.
        id: String,
        /// `firing` or `resolved`.
        state: &'static str,
    },
    /// A version began to run.
    Deploy {
        /// Of which service.
        service: String,
        /// Which one.
        version: String,
    },
    /// More events came at once than are told: read them anew.
    EventsSkipped {
        /// How many.
        count: u64,
    },
}

/// What happened since `Last-Event-ID` is not known any more: read everything anew. What follows goes on from here.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reset {
    /// Why.
    pub reason: &'static str,
}

impl Change {
    /// Whose change it is.
    pub(super) fn service(&self) -> Option<&str> {
        match self {
            Self::ServiceAppeared { service }
            | Self::ServiceSilent { service }
            | Self::ServiceBack { service }
            | Self::Alert { service, .. }
            | Self::Deploy { service, .. } => Some(service),
            Self::History { service, .. } => service.as_deref(),
            Self::Health { .. }
            | Self::CertificateChanged { .. }
            | Self::CertificateRefused
            | Self::EventsSkipped { .. } => None,
        }
    }
}
