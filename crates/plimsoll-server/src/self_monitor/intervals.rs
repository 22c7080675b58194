//! Windows of ten seconds as longer ones.

use std::sync::Arc;
use std::time::Duration;

use plimsoll::window::Window;

/// Half of a window: clocks read a moment before or after its end mean the same one.
const HALF: i64 = 5_000_000_000;

/// Merges successive windows that lie in one interval of the wall clock. The last ones wait for the end of theirs, unless
/// nothing more comes.
pub(super) fn merged(windows: &[Arc<Window>], interval: Duration, is_end: bool) -> Vec<Window> {
    let interval = i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX);
    let number = |end: i64| (end - HALF).div_euclid(interval);
    let groups = windows.chunk_by(|a, b| number(a.end_unix_ns) == number(b.end_unix_ns));
    let over = |last: &Window| number(last.end_unix_ns + 2 * HALF) > number(last.end_unix_ns);
    let mut merged = Vec::new();
    for group in groups {
        let [first, rest @ ..] = group else { continue };
        let mut window = Window::clone(first);
        rest.iter().for_each(|more| window.merge(more));
        merged.push(window);
    }
    if windows.last().is_some_and(|last| !is_end && !over(last)) {
        merged.pop();
    }
    merged
}

#[cfg(test)]
mod tests {
    use plimsoll::window::MetricKey;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn windows(ends: &[i64]) -> Vec<Arc<Window>> {
        let window = |end: &i64| {
            let mut window = Window::empty((end - 10) * SECOND, end * SECOND + 3_000_000);
            window.counters.insert(MetricKey::new("n", &[]), 1);
            Arc::new(window)
        };
        ends.iter().map(window).collect()
    }

    /// Ends in seconds, and how many windows are in each.
    fn of(ends: &[i64], interval: u64, is_end: bool) -> Vec<(i64, u64)> {
        merged(&windows(ends), Duration::from_secs(interval), is_end)
            .iter()
            .map(|window| (window.end_unix_ns / SECOND, window.counters.values().sum()))
            .collect()
    }

    #[test]
    fn windows_of_one_interval_become_one_when_it_is_over() {
        assert_eq!(of(&[10, 20, 30], 10, false), [(10, 1), (20, 1), (30, 1)]);
        assert_eq!(of(&[50, 60, 70, 80], 30, false), [(60, 2)]);
        assert_eq!(of(&[50, 60, 70, 80, 90], 30, false), [(60, 2), (90, 3)]);
        assert_eq!(of(&[10, 20, 30, 40, 50], 60, false), []);
        assert_eq!(of(&[10, 20, 30, 40, 50], 60, true), [(50, 5)]);
        assert_eq!(of(&[], 60, true), []);
    }
}
