//! What is done every few seconds.

use super::Store;
use super::error::StoreError;
use super::table::Nanos;

impl Store {
    /// Seals what is old, computes rollups, compacts, removes what is older than its retention and forgets idle series. To be called every
    /// few seconds, by one caller.
    ///
    /// # Errors
    /// When the system refuses; what was not done is done the next time.
    pub fn maintain(&self, now: Nanos) -> Result<(), StoreError> {
        self.forget_idle_series(now);
        let since = self.memory.active().since();
        let sealed = match since.is_some_and(|since| since.elapsed() >= self.config.seal_age) {
            true => self.flush(),
            false => Ok(()),
        };
        let _alone = self.upkeep.lock();
        let worked = sealed
            .and_then(|()| self.roll_up(now))
            .and_then(|_| self.compact(now));
        match worked {
            // Removing what is too old or too much makes room.
            Err(error) if error.is_full() => self.retain(now).and(Err(error)),
            Err(error) => Err(error),
            Ok(_) => self.retain(now),
        }
    }

    /// Forgets series that nobody writes to, so that [`StoreConfig::max_series`](super::StoreConfig) counts the active ones.
    ///
    /// Numbers of series are held by batches on their way, by rows in memory, and by who reads these. So nothing is
    /// forgotten while a batch is on its way or somebody reads rows that left memory, and no series of a row in memory is.
    /// A batch that is still being built is no danger: when it is written, the number it holds is unknown and it is
    /// refused, for numbers are not given out twice.
    fn forget_idle_series(&self, now: Nanos) {
        if !self.series.tick(now) {
            return;
        }
        let _alone = self.appending.write();
        let Some(in_memory) = self.memory.series() else {
            // The readers are gone at one of the next times.
            return;
        };
        let forgotten = self.series.forget_idle(now, &in_memory);
        if forgotten > 0 {
            tracing::debug!(forgotten, "forgot {forgotten} idle series");
        }
    }
}
