//! How much of all bodies together may be in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Answer, Problem};

/// Memory for bodies, handed out as their bytes arrive: who announces much and sends nothing takes none of it.
#[derive(Clone, Debug)]
pub struct Room {
    /// One permit for each kilobyte.
    shared: Arc<Semaphore>,
    /// Whoever holds it finishes its body without the shared room, so that bodies that are all half there do not wait for
    /// each other.
    spare: Arc<Semaphore>,
}

/// What one body takes of the room; free again when dropped.
#[derive(Debug)]
pub struct Taken {
    room: Room,
    shared: Option<OwnedSemaphorePermit>,
    spare: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// How long a body waits for room.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Room for `bodies` of the largest size at once, and one more.
    pub fn new(bodies: usize, largest_bytes: usize) -> Self {
        let permits = bodies.saturating_mul(kilobytes(largest_bytes));
        Self {
            shared: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            spare: Arc::new(Semaphore::new(1)),
        }
    }

    /// Nothing yet.
    pub fn enter(&self) -> Taken {
        Taken {
            room: self.clone(),
            shared: None,
            spare: None,
        }
    }
}

impl Taken {
    /// Takes what is lacking for a body of `bytes`.
    ///
    /// # Errors
    /// 503 when there was no room for [`Room::PATIENCE`].
    pub async fn grow_to(&mut self, bytes: usize) -> Answer<()> {
        let held = self
            .shared
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = kilobytes(bytes).saturating_sub(held);
        if more == 0 || self.spare.is_some() {
            return Ok(());
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let Room { shared, spare } = self.room.clone();
        tokio::select! {
            biased;
            Ok(permit) = shared.acquire_many_owned(more) => match &mut self.shared {
                Some(held) => held.merge(permit),
                none => *none = Some(permit),
            },
            Ok(permit) = spare.acquire_owned() => self.spare = Some(permit),
            () = tokio::time::sleep(Room::PATIENCE) => return Err(full()),
        }
        Ok(())
    }
}

fn full() -> Problem {
    let detail = "too many requests with large bodies at once";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(5)
}

fn kilobytes(bytes: usize) -> usize {
    bytes / 1_000 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bodies_that_are_all_half_there_end_one_after_the_other() {
        let room = Room::new(2, 9_999);
        let mut half: Vec<Taken> = (0..4).map(|_| room.enter()).collect();
        for taken in &mut half {
            taken.grow_to(4_999).await.unwrap();
        }
        for mut taken in half {
            taken.grow_to(9_999).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_a_body_is_told_to_come_again() {
        let room = Room::new(1, 9_999);
        let (mut first, mut second) = (room.enter(), room.enter());
        first.grow_to(9_999).await.unwrap();
        second.grow_to(9_999).await.unwrap();
        let mut third = room.enter();
        let problem = third.grow_to(1).await.unwrap_err();
        assert_eq!(problem.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(first);
        third.grow_to(1).await.unwrap();
    }
}
