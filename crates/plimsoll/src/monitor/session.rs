//! Connections that outlive their request: WebSockets and other upgrades.

use super::Monitor;
use crate::clock::Stamp;
use crate::registry::{self, MethodId, Outcome, SeriesKey, with_local};

/// An upgraded connection. The layer counts its handshake as status 101; how long it lived is counted when the session
/// is dropped, as `body_duration` of that status.
///
/// ```
/// # use plimsoll::Monitor;
/// # let monitor = Monitor::builder("chat").build().unwrap();
/// let session = monitor.session("/chat");      // in the task that owns the socket
/// session.event();                             // for each message
/// session.failed();                            // if it breaks off; otherwise just drop it
/// ```
#[derive(Debug)]
pub struct Session {
    monitor: Monitor,
    route: String,
    began: Stamp,
    outcome: Outcome,
}

impl Monitor {
    /// Begins the life of an upgraded connection of `route`, as given to the router.
    pub fn session(&self, route: &str) -> Session {
        Session {
            monitor: self.clone(),
            route: route.to_owned(),
            began: Stamp::now(),
            outcome: Outcome::Ended,
        }
    }
}

impl Session {
    /// Counts a message.
    pub fn event(&self) {
        self.monitor.event();
    }

    /// Ends the session as one that broke off.
    pub fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.monitor.is_enabled() {
            return;
        }
        let ns = self.began.elapsed_ns();
        let _gone = with_local(self.monitor.inner.registry.id(), |local| {
            let route = local.resolve_route(&self.route);
            let key = SeriesKey::new(
                route,
                MethodId::GET,
                101,
                registry::NO_NAME,
                registry::NO_NAME,
            );
            local.record_body(key, ns, self.outcome);
        });
    }
}
