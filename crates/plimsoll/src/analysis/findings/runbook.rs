//! What to look at, by kind of trouble.

use crate::alert::Kind;

/// A few lines, each something to do, in the order in which to do them.
pub fn runbook(kind: Kind) -> &'static str {
    match kind {
        Kind::SlowRequest | Kind::BurnRate => {
            "Look which routes are slow, and since when.\n\
             Look which statements they wait for, and at the plans of these.\n\
             See whether their answers can be cached.\n\
             Go through what the route does besides."
        }
        Kind::SlowQuery => {
            "Look which statements take the time.\n\
             See in their plans whether an index is missing.\n\
             Ask for fewer rows, or once instead of often.\n\
             See whether the result can be cached."
        }
        Kind::HighMemory | Kind::MemoryLeak => {
            "See whether memory grows with time or with load: with time it leaks.\n\
             Look at the sizes of caches, and whether what is expired is removed.\n\
             Look at what runs in the background.\n\
             If all of it is needed, give the service more memory."
        }
        Kind::ErrorRate => {
            "Look at the types of the errors and at their last messages.\n\
             See whether it began with a deploy.\n\
             See whether what the route depends on is well: database, pool, other services.\n\
             Roll back while you look for the reason."
        }
        Kind::ResourceViolation => {
            "See who uses it, and since when.\n\
             See whether it began with a deploy, with more requests, or by itself.\n\
             Make those who hold it hold it for a shorter time.\n\
             Only then allow more of it."
        }
        Kind::Silence => {
            "See whether the service runs.\n\
             See whether it is reached: proxy, name, certificate.\n\
             See whether what it measures arrives: its log, `plimsoll doctor`."
        }
        Kind::TrafficSurge => {
            "See who asks, and for what.\n\
             See whether the service keeps up: its load line.\n\
             Limit requests per client if they are not wanted."
        }
        Kind::HealthCheck => {
            "Read what the check says in the answer of `/health`.\n\
             See whether what it asks runs and can be reached from the service.\n\
             See whether it began with a deploy, or with another password or address."
        }
        Kind::Forecast => {
            "See what grows: with time, with the number of requests, or with what is kept.\n\
             See how long things are kept, and whether anybody reads them.\n\
             Remove what is no longer needed.\n\
             If all of it is needed, make room before the day: a larger volume, another instance."
        }
    }
}
