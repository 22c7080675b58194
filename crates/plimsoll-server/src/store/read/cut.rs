//! The last touch of an answer: sorted by tags, in the order asked, within the limit.

use crate::store::query::{AnswerSeries, Order};
use crate::store::table::Nanos;

/// Sorts the series by tags, leaves the first `limit` rows in `order` over all of them, and tells whether there were
/// more. Rows come in ascending time.
pub(crate) fn cut(series: &mut Vec<AnswerSeries>, limit: usize, order: Order) -> bool {
    series.sort_by(|a, b| a.tags.cmp(&b.tags));
    let rows: usize = series.iter().map(|series| series.times.len()).sum();
    if rows > limit {
        let kept = kept(series, limit, order);
        for (series, kept) in series.iter_mut().zip(kept) {
            let dropped = match order {
                Order::Ascending => kept..series.times.len(),
                Order::Descending => 0..series.times.len() - kept,
            };
            series.times.drain(dropped.clone());
            series
                .columns
                .iter_mut()
                .for_each(|column| drop(column.drain(dropped.clone())));
        }
        series.retain(|series| !series.times.is_empty());
    }
    if order == Order::Descending {
        for series in series {
            series.times.reverse();
            series
                .columns
                .iter_mut()
                .for_each(|column| column.reverse());
        }
    }
    rows > limit
}

/// How many rows of each series are among the first `limit`; of equal times those of the series that comes first.
fn kept(series: &[AnswerSeries], limit: usize, order: Order) -> Vec<usize> {
    let rows = series
        .iter()
        .enumerate()
        .flat_map(|(at, series)| series.times.iter().map(move |&time| (time, at)));
    let mut rows: Vec<(Nanos, usize)> = rows.collect();
    match order {
        Order::Ascending => rows.sort_unstable(),
        Order::Descending => rows.sort_unstable_by_key(|&(time, at)| (std::cmp::Reverse(time), at)),
    }
    let mut kept = vec![0; series.len()];
    rows.iter().take(limit).for_each(|&(_, at)| kept[at] += 1);
    kept
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::query::Value;

    fn series(tag: &str, times: &[Nanos]) -> AnswerSeries {
        AnswerSeries {
            tags: vec![(Arc::from("t"), Arc::from(tag))],
            times: times.to_vec(),
            columns: vec![times.iter().map(|&time| Value::I64(time)).collect()],
        }
    }

    fn cut_times(limit: usize, order: Order) -> (Vec<Vec<Nanos>>, bool) {
        let mut all = vec![
            series("b", &[2, 4]),
            series("a", &[1, 2, 3]),
            series("c", &[9]),
        ];
        let truncated = cut(&mut all, limit, order);
        assert!(
            all.iter()
                .all(|series| series.columns[0].len() == series.times.len())
        );
        (
            all.into_iter().map(|series| series.times).collect(),
            truncated,
        )
    }

    #[test]
    fn a_limit_keeps_the_oldest_or_the_newest_of_all_series() {
        assert_eq!(
            cut_times(3, Order::Ascending),
            (vec![vec![1, 2], vec![2]], true)
        );
        assert_eq!(
            cut_times(3, Order::Descending),
            (vec![vec![3], vec![4], vec![9]], true)
        );
        assert_eq!(
            cut_times(6, Order::Descending),
            (vec![vec![3, 2, 1], vec![4, 2], vec![9]], false)
        );
    }
}
