//! Where long reads run: few at a time, on threads of their own, so that short requests stay short.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

    /// Starts `work` on a thread that may block, and leaves it to itself: it writes its answer as it goes.
    ///
    /// # Errors
    /// 503 when no place got free in time.
    pub async fn start(&self, work: impl FnOnce() + Send + 'static) -> Answer<()> {
        let place = self
            .place(tokio::time::Instant::now() + self.patience)
            .await?;
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work();
        });
        Ok(())
    }

    /// Runs `work` on a thread that may block, however long it takes once it has a place.
    ///
    /// # Errors
    /// 503 when no place got free in time, and what the work itself returns.
    pub async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let place = self
            .place(tokio::time::Instant::now() + self.patience)
            .await?;
        let running = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        match running.await {
            Ok(result) => result,
            Err(panic) => Err(Problem::internal("the request failed").because(&panic)),
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
        let place = self.place(deadline).await?;
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

    async fn place(&self, deadline: tokio::time::Instant) -> Answer<OwnedSemaphorePermit> {
        let place = tokio::time::timeout_at(deadline, self.places.clone().acquire_owned());
        match place.await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                let detail = "too many long requests at once";
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(5))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_keeps_its_place_and_others_are_told_to_wait() {
        let slow = Slow::new(1, Duration::from_millis(50));
        let (release, held) = mpsc::channel::<()>();
        let late = slow.run(move || Ok(held.recv())).await.unwrap_err();
        assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT);
        let busy = slow.run(|| Ok(())).await.unwrap_err();
        assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
        release.send(()).unwrap();
        // The place is free again as soon as the work has ended.
        while slow.run(|| Ok(())).await.is_err() {}
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_of_ours_and_frees_its_place() {
        let slow = Slow::new(1, Duration::from_secs(10));
        let failed = slow
            .run(|| -> Answer<()> { panic!("on purpose") })
            .await
            .unwrap_err();
        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(slow.run_to_end(|| Ok(())).await.is_ok());
    }
}
