//! Resources that a service registers: pools, queues, and whatever else has a limit.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Gauge;
use crate::monitor::Monitor;

/// The gauge of how much is in use, with the tags `kind` and `resource`.
pub const USED: &str = "plimsoll.resource.used";
/// The gauge of the limit, with the same tags.
pub const LIMIT: &str = "plimsoll.resource.limit";

/// Something with a limit, asked once a second how much of it is in use.
pub(crate) struct Registered {
    read: Box<dyn Fn() -> f64 + Send + Sync>,
    limit_value: f64,
    used: Gauge,
    limit: Gauge,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered")
            .field("limit", &self.limit_value)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// Most resources; further ones are left out with a warning.
    pub const MAX_RESOURCES: usize = 64;

    /// Watches something that has a limit. `read` tells how much is in use; it is called once a second, must not block,
    /// and lives as long as the monitor. A name that ends in `pool` is a pool of connections, one that ends in `queue` a
    /// queue of waiting work; the load line shows them apart.
    ///
    /// ```
    /// # let monitor = plimsoll::Monitor::builder("shop").build_with([("", ""); 0]).unwrap();
    /// # let in_use = || 3;
    /// monitor.resource("postgres pool", move || f64::from(in_use()), 20.0);
    /// ```
    pub fn resource(&self, name: &str, read: impl Fn() -> f64 + Send + Sync + 'static, limit: f64) {
        if !self.is_enabled() {
            return;
        }
        let (kind, name) = kind(name);
        let mut registered = self.inner.registered.lock();
        if registered.len() == Self::MAX_RESOURCES {
            tracing::warn!(
                "there are {} resources already; {name} is not watched",
                Self::MAX_RESOURCES
            );
            return;
        }
        let tags = [("kind", kind), ("resource", name)];
        let one = Registered {
            read: Box::new(read),
            limit_value: limit,
            used: self.gauge(USED, &tags),
            limit: self.gauge(LIMIT, &tags),
        };
        registered.push(Arc::new(one));
    }
}

impl Registered {
    /// Reads how much is in use. One that panics is not known, and disturbs nobody.
    pub(crate) fn take(&self) {
        if let Ok(used) = catch_unwind(AssertUnwindSafe(|| (self.read)())) {
            self.used.set(used);
        }
        self.limit.set(self.limit_value);
    }
}

/// `postgres pool` is the pool `postgres`.
fn kind(name: &str) -> (&'static str, &str) {
    for kind in ["pool", "queue"] {
        if let Some(rest) = name.strip_suffix(kind) {
            let rest = rest.trim_end_matches([' ', '_', '-', '.']);
            return (kind, if rest.is_empty() { name } else { rest });
        }
    }
    ("resource", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::window::MetricKey;

    #[test]
    fn pools_and_queues_are_told_by_their_names() {
        let kinds = ["postgres pool", "mail_queue", "licences", "pool"].map(kind);
        assert_eq!(
            kinds,
            [
                ("pool", "postgres"),
                ("queue", "mail"),
                ("resource", "licences"),
                ("pool", "pool")
            ]
        );
    }

    #[test]
    fn what_is_registered_is_in_the_window_with_its_limit() {
        let monitor = Monitor::builder("shop").build_with([("", ""); 0]).unwrap();
        monitor.resource("postgres pool", || 7.0, 20.0);
        monitor.inner.registered.lock()[0].take();
        let window = monitor.inner.registry.collect(Moment::now());
        let value = |name: &str| {
            let key = MetricKey::new(name, &[("kind", "pool"), ("resource", "postgres")]);
            window.gauges[&key].current()
        };
        assert_eq!((value(USED), value(LIMIT)), (Some(7.0), Some(20.0)));
    }

    #[test]
    fn resources_are_bounded() {
        let monitor = Monitor::builder("shop").build_with([("", ""); 0]).unwrap();
        for number in 0..100 {
            monitor.resource(&format!("pool {number}"), || 0.0, 1.0);
        }
        assert_eq!(
            monitor.inner.registered.lock().len(),
            Monitor::MAX_RESOURCES
        );
    }
}
