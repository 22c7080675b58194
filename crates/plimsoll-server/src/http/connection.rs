//! A connection as its requests see it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// In the extensions of every request of a connection.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// One of `server.connections_max`.
    place: Mutex<Option<OwnedSemaphorePermit>>,
    cut: Notify,
}

impl Connection {
    /// A connection that takes a place.
    pub(crate) fn new(place: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Shared {
            place: Mutex::new(Some(place)),
            cut: Notify::new(),
        }))
    }

    /// Leaves its place to another connection, for a request that goes on for long and is counted elsewhere. The connection
    /// must end with that request.
    pub fn leave_place(&self) {
        drop(self.0.place.lock().take());
    }

    /// Ends the connection without waiting for the other side.
    pub fn cut(&self) {
        self.0.cut.notify_one();
    }

    /// Returns when it was cut.
    pub(crate) async fn was_cut(&self) {
        self.0.cut.notified().await;
    }
}
