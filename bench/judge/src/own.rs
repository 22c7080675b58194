//! What it costs a service to judge itself, as a share of one core.

use std::sync::Arc;

use plimsoll::Ring;
use plimsoll::judge::{OwnJudge, SLOT_NS};
use plimsoll::standards::Standards;
use plimsoll::window::{RequestKey, RequestSeries, Window};
use rustix::time::{ClockId, clock_gettime};

use crate::figure::Figures;

const ROUTES: usize = 50;
/// Of each route in each window: 100 a second in all.
const REQUESTS: usize = 20;
/// Windows of an hour. The first hour fills what is remembered, the second one counts.
const HOUR: i64 = 360;
const EPOCH: i64 = 1_800_000_000_000_000_000;

pub fn run(figures: &Figures) {
    let mut rng = fastrand::Rng::with_seed(1_876);
    let ring = Ring::new(Ring::MAX_BYTES);
    let mut own = OwnJudge::new("shop", Standards::default().shared());
    let mut told = 0;
    let mut busy = 0.0;
    for number in 0..2 * HOUR {
        let window = Arc::new(window(&mut rng, EPOCH + number * SLOT_NS));
        ring.push(window.clone());
        let begun = seconds();
        told += own.take(&window, &ring, window.end_unix_ns).len();
        if number >= HOUR {
            busy += seconds() - begun;
        }
    }
    eprintln!("a service that judges itself: {:.0} ms of processor time in an hour, {told} alerts", busy * 1e3);
    let hour = (HOUR * SLOT_NS) as f64 / 1e9;
    figures.ours("judge_cpu_percent", 100.0 * busy / hour, "%");
}

fn window(rng: &mut fastrand::Rng, start: i64) -> Window {
    let mut window = Window::empty(start, start + SLOT_NS);
    for at in 0..ROUTES {
        let route: Arc<str> = format!("/route/{at}").into();
        for (status, share) in [(200, 19), (404, 1)] {
            let mut series = RequestSeries::default();
            for _ in 0..REQUESTS * share / 20 {
                series.duration.record(0.01 * (1.0 + 10.0 * rng.f64()));
            }
            let key = RequestKey {
                route: route.clone(),
                method: "GET",
                status,
                error_type: None,
                run: None,
            };
            window.requests.insert(key, series);
        }
    }
    window
}

/// Processor time of this thread.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
