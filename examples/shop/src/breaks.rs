//! What can be broken while customers are there, so that one sees who notices: `/demo/break?what=slow|errors|leak|pool`,
//! and `what=nothing` mends it all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::any;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

/// How much a leaking shop forgets each second.
const LEAKED_BYTES: usize = 2 << 20;
/// Most that it forgets: growth must go on for longer than the ten minutes in which a leak is told from a cache that fills.
const MOST_LEAKED: usize = 1_800 << 20;
/// Connections that a shop with a hole keeps.
const HELD: usize = 6;

/// What is broken now.
#[derive(Debug, Default)]
pub(crate) struct Breaks {
    slow: AtomicBool,
    errors: AtomicBool,
    leak: AtomicBool,
    pool: AtomicBool,
    forgotten: Mutex<Vec<Vec<u8>>>,
    held: Mutex<Vec<PoolConnection<Sqlite>>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Slow,
    Errors,
    Leak,
    Pool,
    Nothing,
}

#[derive(Debug, Deserialize)]
struct Asked {
    what: What,
}

/// What is broken, as it is answered.
#[derive(Debug, Serialize)]
struct Broken {
    slow: bool,
    errors: bool,
    leak: bool,
    pool: bool,
}

impl Breaks {
    /// How much longer the payment provider takes.
    pub(crate) fn payment_factor(&self) -> f64 {
        if self.slow.load(Ordering::Relaxed) {
            8.0
        } else {
            1.0
        }
    }

    /// Whether products are out of order.
    pub(crate) fn fails(&self) -> bool {
        self.errors.load(Ordering::Relaxed)
    }

    fn told(&self) -> Broken {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        Broken {
            slow: is(&self.slow),
            errors: is(&self.errors),
            leak: is(&self.leak),
            pool: is(&self.pool),
        }
    }
}

/// The route that breaks and mends.
pub(crate) fn routes(breaks: Arc<Breaks>, pool: SqlitePool) -> Router {
    Router::new()
        .route("/demo/break", any(change))
        .with_state((breaks, pool))
}

async fn change(
    State((breaks, pool)): State<(Arc<Breaks>, SqlitePool)>,
    Query(asked): Query<Asked>,
) -> Result<Json<Broken>, StatusCode> {
    match asked.what {
        What::Slow => breaks.slow.store(true, Ordering::Relaxed),
        What::Errors => breaks.errors.store(true, Ordering::Relaxed),
        What::Leak => {
            if !breaks.leak.swap(true, Ordering::Relaxed) {
                tokio::spawn(leak(breaks.clone()));
            }
        }
        What::Pool => {
            if !breaks.pool.swap(true, Ordering::Relaxed) {
                for _ in 0..HELD {
                    let connection = pool.acquire().await;
                    let connection = connection.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
                    breaks.held.lock().push(connection);
                }
            }
        }
        What::Nothing => {
            for flag in [&breaks.slow, &breaks.errors, &breaks.leak, &breaks.pool] {
                flag.store(false, Ordering::Relaxed);
            }
            // Connections go back to the pool when they are dropped, outside of the lock.
            let held = std::mem::take(&mut *breaks.held.lock());
            drop(held);
            breaks.forgotten.lock().clear();
        }
    }
    Ok(Json(breaks.told()))
}

/// Forgets to give memory back until it is mended.
async fn leak(breaks: Arc<Breaks>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    while breaks.leak.load(Ordering::Relaxed) {
        seconds.tick().await;
        let mut forgotten = breaks.forgotten.lock();
        if forgotten.len() * LEAKED_BYTES < MOST_LEAKED {
            // Written to, or the system would never give it.
            forgotten.push(vec![1; LEAKED_BYTES]);
        }
    }
    breaks.forgotten.lock().clear();
}
