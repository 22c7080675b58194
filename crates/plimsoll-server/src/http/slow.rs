//! Where long reads run: few at a time, on threads of their own, so that short requests stay short.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use super::problem::{Answer, Problem};

/// Runs long work apart from short requests.
#[derive(Debug)]
pub struct Slow {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Slow {
    /// At most `places` run at a time; a request waits and works at most `patience` in all.
    pub fn new(places: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            patience,
        }
    }

    /// Runs `work` on a thread that may block.
    ///
    /// # Errors
    /// 503 when no place got free in time, 504 when the work takes too long (it keeps its place until it ends), and
    /// what the work itself returns.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let deadline = tokio::time::Instant::now() + self.patience;
        let place = tokio::time::timeout_at(deadline, self.places.clone().acquire_owned());
        let Ok(Ok(place)) = place.await else {
            let detail = "too many long requests at once";
            return Err(
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(5),
            );
        };
        let running = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        match tokio::time::timeout_at(deadline, running).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Problem::internal("the request failed").because(&panic)),
            Err(_) => Err(Problem::new(
                StatusCode::GATEWAY_TIMEOUT,
                "too_slow",
                format!(
                    "not finished in {} s; ask for a shorter range or wider steps",
                    self.patience.as_secs()
                ),
            )),
        }
    }
}
