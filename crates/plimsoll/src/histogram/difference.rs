//! What was recorded between two readings of a cumulative histogram.

use super::{Buckets, Explicit, Exponential, Histogram, Layout};

impl Histogram {
    /// What a cumulative stream recorded since it stood at `earlier`; `None` when the stream was reset (a count sank)
    /// or changed its bounds.
    ///
    /// A scale that became coarser in between is taken into account. Minimum and maximum of a difference are not known
    /// (`NaN`), as those of a cumulative stream cover its whole life.
    pub fn difference(&self, earlier: &Histogram) -> Option<Histogram> {
        let count = self.count.checked_sub(earlier.count)?;
        let layout = match (&self.layout, &earlier.layout) {
            (Layout::Exponential(now), Layout::Exponential(before)) => {
                Layout::Exponential(now.difference(before)?)
            }
            (Layout::Explicit(now), Layout::Explicit(before)) => {
                Layout::Explicit(now.difference(before)?)
            }
            _ => return None,
        };
        if count == 0 {
            return Some(Self::with_layout(layout));
        }
        Some(Histogram {
            layout,
            count,
            sum: self.sum - earlier.sum,
            min: f64::NAN,
            max: f64::NAN,
        })
    }
}

impl Exponential {
    fn difference(&self, earlier: &Exponential) -> Option<Exponential> {
        if self.scale > earlier.scale {
            // Resolution never grows within one stream: this is another one.
            return None;
        }
        let mut earlier = earlier.clone();
        earlier.downscale_to(self.scale);
        Some(Exponential {
            scale: self.scale,
            zero: self.zero.checked_sub(earlier.zero)?,
            positive: self.positive.difference(&earlier.positive)?,
            negative: self.negative.difference(&earlier.negative)?,
        })
    }
}

impl Buckets {
    fn difference(&self, earlier: &Buckets) -> Option<Buckets> {
        if earlier
            .iter()
            .any(|(index, count)| count > self.count_at(index))
        {
            return None;
        }
        let mut between = Buckets::default();
        for (index, count) in self.iter() {
            let new = count - earlier.count_at(index);
            if new > 0 {
                between.add(index, new);
            }
        }
        Some(between)
    }
}

impl Explicit {
    fn difference(&self, earlier: &Explicit) -> Option<Explicit> {
        if self.bounds != earlier.bounds || self.counts.len() != earlier.counts.len() {
            return None;
        }
        let counts = self
            .counts
            .iter()
            .zip(&earlier.counts)
            .map(|(now, before)| now.checked_sub(*before));
        Some(Explicit {
            bounds: self.bounds.clone(),
            counts: counts.collect::<Option<_>>()?,
        })
    }
}
