//! What a forecast is to be better than: the same as a week ago.

use plimsoll::analysis::forecast::History;

/// Quantile of the normal distribution for 90 % between two bounds.
const Z: f64 = 1.644_854;

/// Seasonal naive forecast with its interval (Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., 5.2 and
/// 5.5): the latest value of the same phase, plus and minus z σ √(k + 1), where σ is the root mean square of what it
/// would have been wrong by within the history, and k the number of whole seasons ahead. `None` where no phase is known.
pub fn intervals(history: &History, season: usize, horizon: usize) -> Option<Vec<(f64, f64)>> {
    let values = &history.values;
    let pairs = values.iter().zip(values.iter().skip(season));
    let errors: Vec<f64> = pairs
        .filter_map(|(before, now)| Some((*now)? - (*before)?))
        .collect();
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    let sigma = (squares / errors.len() as f64).sqrt();
    let points = (0..horizon).map(|ahead| {
        let mut latest = (0..values.len() + ahead).rev();
        let same = latest.find_map(|at| {
            let same_phase = (values.len() + ahead - at).is_multiple_of(season);
            (same_phase && at < values.len()).then(|| values[at])?
        })?;
        let seasons = (ahead / season) as f64;
        let reach = Z * sigma * (seasons + 1.0).sqrt();
        Some((same - reach, same + reach))
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use plimsoll::analysis::forecast::Step;

    use super::*;

    #[test]
    fn next_week_is_as_this_one() {
        let history = History {
            start: 0,
            step: Step::Day,
            // Weeks of seven days, each one higher by 2: wrong by 2 each time; the last Monday is not known.
            values: (0..21)
                .map(|day| (day != 14).then(|| f64::from(day % 7 + 2 * (day / 7))))
                .collect(),
        };
        let found = intervals(&history, 7, 8).expect("all phases are known");
        let near = |found: (f64, f64), middle: f64, reach: f64| {
            assert!((found.0 - middle + reach).abs() < 1e-9, "{found:?}");
            assert!((found.1 - middle - reach).abs() < 1e-9, "{found:?}");
        };
        near(found[0], 2.0, 2.0 * Z);
        near(found[1], 5.0, 2.0 * Z);
        near(found[7], 2.0, 2.0 * Z * 2.0_f64.sqrt());
    }
}
