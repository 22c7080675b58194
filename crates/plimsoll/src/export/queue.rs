//! What waits to be sent: encoded, bounded, oldest first.

use std::collections::VecDeque;

/// At most as many points as a request may have, encoded.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) points: usize,
    pub(super) body: Vec<u8>,
}

/// Chunks that are sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) points: usize,
    /// Windows whose last chunk is among them.
    pub(super) windows: u64,
    /// Messages of protobuf one after the other are their merge: the lists of resources are joined.
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Queued>,
    bytes: usize,
    points: usize,
}

#[derive(Debug)]
struct Queued {
    chunk: Chunk,
    ends_window: bool,
}

impl Queue {
    /// Adds the chunks of one window; answers what had to go because there were more than `max_bytes`.
    pub(super) fn push_window(&mut self, chunks: Vec<Chunk>, max_bytes: usize) -> Batch {
        let last = chunks.len().saturating_sub(1);
        for (i, chunk) in chunks.into_iter().enumerate() {
            self.bytes += chunk.body.len();
            self.points += chunk.points;
            self.chunks.push_back(Queued {
                chunk,
                ends_window: i == last,
            });
        }
        let mut pushed_out = Batch::default();
        while self.bytes > max_bytes {
            let Some(oldest) = self.pop() else { break };
            pushed_out.points += oldest.chunk.points;
            pushed_out.windows += u64::from(oldest.ends_window);
        }
        pushed_out
    }

    /// The oldest chunks that have at most `max_points` together; at least one if there is any.
    pub(super) fn take(&mut self, max_points: usize) -> Batch {
        let mut batch = Batch::default();
        while let Some(next) = self.chunks.front() {
            if batch.points > 0 && batch.points.saturating_add(next.chunk.points) > max_points {
                break;
            }
            let Some(next) = self.pop() else { break };
            batch.points += next.chunk.points;
            batch.windows += u64::from(next.ends_window);
            batch.body.extend_from_slice(&next.chunk.body);
        }
        batch
    }

    pub(super) fn points(&self) -> usize {
        self.points
    }

    fn pop(&mut self) -> Option<Queued> {
        let oldest = self.chunks.pop_front()?;
        self.bytes -= oldest.chunk.body.len();
        self.points -= oldest.chunk.points;
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(points: usize, bytes: usize) -> Chunk {
        Chunk {
            points,
            body: vec![points as u8; bytes],
        }
    }

    #[test]
    fn the_oldest_go_first_when_there_is_no_room() {
        let mut queue = Queue::default();
        assert_eq!(
            queue
                .push_window(vec![chunk(1, 40), chunk(2, 40)], 100)
                .points,
            0
        );
        let out = queue.push_window(vec![chunk(3, 60)], 100);
        assert_eq!(
            (out.points, out.windows),
            (1, 0),
            "one chunk of the first window is enough"
        );
        let out = queue.push_window(vec![chunk(4, 90)], 100);
        assert_eq!((out.points, out.windows), (5, 2));
        assert_eq!(queue.points(), 4);
    }

    #[test]
    fn a_batch_is_as_large_as_allowed_and_never_empty() {
        let mut queue = Queue::default();
        queue.push_window(vec![chunk(600, 1), chunk(400, 1), chunk(1, 1)], 100);
        let batch = queue.take(1000);
        assert_eq!(
            (batch.points, batch.windows, batch.body.len()),
            (1000, 0, 2)
        );
        assert_eq!(queue.take(0).points, 1, "one chunk is always taken");
        assert_eq!(queue.take(1000).points, 0);
    }
}
