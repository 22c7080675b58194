//! The series of one query: which match, which group each is in.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::filter::SeriesFilter;
use crate::store::aggregate::GroupTags;
use crate::store::key;

/// A matching series, as one query numbers them.
pub(crate) type Place = u32;

/// Of the series met so far, those that match the query's conditions.
pub(crate) struct Catalog<'a> {
    filter: SeriesFilter<'a>,
    grouping: Grouping<'a>,
    /// `None`: does not match.
    known: HashMap<Arc<[u8]>, Option<Place>, RandomState>,
    matching: Vec<Matching>,
    groups: HashMap<GroupTags, u32, RandomState>,
}

/// How series become series of the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Grouping<'a> {
    /// By the values of these tags; of none of them, all together.
    By(&'a [String]),
    /// Each by itself.
    Each,
}

/// A series that matches.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) key: Arc<[u8]>,
    pub(crate) group: u32,
}

impl<'a> Catalog<'a> {
    pub(crate) fn new(filter: SeriesFilter<'a>, grouping: Grouping<'a>) -> Self {
        let (known, groups) = (HashMap::default(), HashMap::default());
        Self {
            filter,
            grouping,
            known,
            matching: Vec::new(),
            groups,
        }
    }

    /// The number of the series with this key, if it matches.
    pub(crate) fn place(&mut self, key: &[u8]) -> Option<Place> {
        if let Some(&known) = self.known.get(key) {
            return known;
        }
        let (_, tags) = key::decode(key);
        let tags: GroupTags = tags
            .into_iter()
            .map(|(tag, value)| (Arc::from(tag), Arc::from(value)))
            .collect();
        let key: Arc<[u8]> = Arc::from(key);
        let place = self.filter.accepts(&tags).then(|| {
            let group = self.group(tags);
            self.matching.push(Matching {
                key: key.clone(),
                group,
            });
            self.matching.len() as Place - 1
        });
        self.known.insert(key, place);
        place
    }

    fn group(&mut self, mut tags: GroupTags) -> u32 {
        if let Grouping::By(names) = self.grouping {
            tags.retain(|(tag, _)| names.iter().any(|name| **name == **tag));
        }
        let next = self.groups.len() as u32;
        *self.groups.entry(tags).or_insert(next)
    }

    /// The matching series met so far, by their numbers.
    pub(crate) fn matching(&self) -> &[Matching] {
        &self.matching
    }

    /// The matching series met so far in the order of their keys, which is that of rows in blocks.
    pub(crate) fn places_by_key(&self) -> Vec<Place> {
        let mut places: Vec<Place> = (0..self.matching.len() as Place).collect();
        places.sort_by(|&a, &b| {
            self.matching[a as usize]
                .key
                .cmp(&self.matching[b as usize].key)
        });
        places
    }

    /// Whether a group has several series.
    pub(crate) fn has_shared_groups(&self) -> bool {
        self.groups.len() < self.matching.len()
    }

    /// The tags of every group; grouped-by tags that a group lacks are the empty string.
    pub(crate) fn group_tags(&self) -> Vec<GroupTags> {
        let mut tags = vec![GroupTags::new(); self.groups.len()];
        for (group, &at) in &self.groups {
            let mut group = group.clone();
            if let Grouping::By(names) = self.grouping {
                for name in names {
                    if !group.iter().any(|(tag, _)| **tag == **name) {
                        group.push((Arc::from(name.as_str()), Arc::from("")));
                    }
                }
                group.sort();
            }
            tags[at as usize] = group;
        }
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::query::{Condition, TagFilter};

    #[test]
    fn series_share_a_group_by_the_tags_asked_for() {
        let filter = [TagFilter {
            tag: "env".into(),
            condition: Condition::NotEqual("test".into()),
        }];
        let by = ["route".to_owned(), "zone".to_owned()];
        let mut catalog = Catalog::new(SeriesFilter::new(&filter).unwrap(), Grouping::By(&by));
        let mut place = |tags: &[(&str, &str)]| catalog.place(&key::encode("http", tags));
        assert_eq!(place(&[("route", "/a"), ("status", "200")]), Some(0));
        assert_eq!(place(&[("route", "/a"), ("env", "test")]), None);
        assert_eq!(place(&[("route", "/a"), ("status", "500")]), Some(1));
        assert_eq!(place(&[("route", "/b"), ("zone", "x")]), Some(2));
        assert_eq!(place(&[("route", "/a"), ("status", "200")]), Some(0));
        let groups: Vec<u32> = catalog
            .matching()
            .iter()
            .map(|series| series.group)
            .collect();
        assert_eq!(groups, [0, 0, 1]);
        let tag = |tag: &str, value: &str| (Arc::from(tag), Arc::from(value));
        assert_eq!(
            catalog.group_tags(),
            [
                vec![tag("route", "/a"), tag("zone", "")],
                vec![tag("route", "/b"), tag("zone", "x")]
            ]
        );
    }
}
