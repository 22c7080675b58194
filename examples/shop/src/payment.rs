//! A stand-in for the company that takes the customers' money: slow as such companies are, and not always willing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use crate::breaks::Breaks;

/// How an attempt to be paid ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    Accepted,
    Declined,
    /// The provider itself failed.
    Failed,
}

/// The provider. Answers after 60 to some 600 ms, most often about 150.
pub(crate) struct Provider {
    chance: Mutex<Rng>,
    breaks: Arc<Breaks>,
}

impl Provider {
    const MEDIAN: Duration = Duration::from_millis(150);
    const FASTEST: Duration = Duration::from_millis(60);
    /// Standard deviation of the logarithm of the time.
    const SPREAD: f64 = 0.4;

    pub(crate) fn new(seed: u64, breaks: Arc<Breaks>) -> Self {
        Self {
            chance: Mutex::new(Rng::with_seed(seed)),
            breaks,
        }
    }

    #[plimsoll::track(name = "payment")]
    pub(crate) async fn charge(&self) -> Payment {
        let (wait, payment) = {
            let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
            let factor = (Self::SPREAD * normal(&mut chance)).exp() * self.breaks.payment_factor();
            let payment = match chance.u8(..100) {
                0 => Payment::Failed,
                1..=4 => Payment::Declined,
                _ => Payment::Accepted,
            };
            (Self::MEDIAN.mul_f64(factor).max(Self::FASTEST), payment)
        };
        tokio::time::sleep(wait).await;
        payment
    }
}

/// Standard normal, by Box and Muller.
fn normal(chance: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - chance.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.f64()).cos()
}
