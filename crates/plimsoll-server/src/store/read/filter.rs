//! Which series a query's tag conditions leave over.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use regex::Regex;

use crate::store::query::{Condition, TagFilter};

/// The conditions of one query, with what they said about each tag value so far: a tag has few values, but they come
/// with every series.
pub(crate) struct SeriesFilter<'a> {
    conditions: Vec<Compiled<'a>>,
}

struct Compiled<'a> {
    tag: &'a str,
    test: Test<'a>,
    seen: HashMap<Arc<str>, bool, RandomState>,
}

enum Test<'a> {
    Equal(&'a str),
    NotEqual(&'a str),
    Match(Anchored),
    NoMatch(Anchored),
}

/// A regular expression that must match the whole value, whatever its author anchored.
struct Anchored(Regex);

impl Anchored {
    fn new(pattern: &Regex) -> Result<Self, regex::Error> {
        Regex::new(&format!("^(?:{})$", pattern.as_str())).map(Self)
    }
}

impl<'a> SeriesFilter<'a> {
    /// # Errors
    /// When an expression that compiled alone does not as a whole-value match (it reaches the size limit).
    pub(crate) fn new(filters: &'a [TagFilter]) -> Result<Self, regex::Error> {
        let compile = |filter: &'a TagFilter| {
            let test = match &filter.condition {
                Condition::Equal(value) => Test::Equal(value),
                Condition::NotEqual(value) => Test::NotEqual(value),
                Condition::Match(pattern) => Test::Match(Anchored::new(pattern)?),
                Condition::NoMatch(pattern) => Test::NoMatch(Anchored::new(pattern)?),
            };
            Ok(Compiled {
                tag: &filter.tag,
                test,
                seen: HashMap::default(),
            })
        };
        Ok(Self {
            conditions: filters.iter().map(compile).collect::<Result<_, _>>()?,
        })
    }

    /// Whether all conditions hold of a series with these tags; a missing tag is the empty string.
    pub(crate) fn accepts(&mut self, tags: &[(Arc<str>, Arc<str>)]) -> bool {
        self.conditions.iter_mut().all(|condition| {
            let value = tags
                .iter()
                .find(|(tag, _)| &**tag == condition.tag)
                .map(|(_, value)| value);
            condition.holds(value)
        })
    }
}

impl Compiled<'_> {
    fn holds(&mut self, value: Option<&Arc<str>>) -> bool {
        let text = value.map_or("", |value| value);
        let pattern = match &self.test {
            Test::Equal(expected) => return text == *expected,
            Test::NotEqual(expected) => return text != *expected,
            Test::Match(pattern) | Test::NoMatch(pattern) => pattern,
        };
        let matches = match self.seen.get(text) {
            Some(&known) => known,
            None => {
                let matches = pattern.0.is_match(text);
                self.seen
                    .insert(value.cloned().unwrap_or_else(|| Arc::from("")), matches);
                matches
            }
        };
        matches == matches!(self.test, Test::Match(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(filters: &[TagFilter], tags: &[(&str, &str)]) -> bool {
        let tags: Vec<(Arc<str>, Arc<str>)> = tags
            .iter()
            .map(|&(k, v)| (Arc::from(k), Arc::from(v)))
            .collect();
        let mut filter = SeriesFilter::new(filters).unwrap();
        let first = filter.accepts(&tags);
        assert_eq!(
            filter.accepts(&tags),
            first,
            "the remembered answer differs"
        );
        first
    }

    fn on(tag: &str, condition: Condition) -> TagFilter {
        TagFilter {
            tag: tag.into(),
            condition,
        }
    }

    #[test]
    fn a_missing_tag_is_the_empty_string() {
        assert!(accepts(
            &[on("room", Condition::Equal(String::new()))],
            &[("house", "a")]
        ));
        assert!(!accepts(
            &[on("room", Condition::NotEqual(String::new()))],
            &[("house", "a")]
        ));
        assert!(accepts(
            &[on("room", Condition::Match(Regex::new(".*").unwrap()))],
            &[]
        ));
        assert!(!accepts(
            &[on("room", Condition::Match(Regex::new(".+").unwrap()))],
            &[]
        ));
    }

    #[test]
    fn an_expression_matches_the_whole_value() {
        let kitchen = on("room", Condition::Match(Regex::new("kit|chen").unwrap()));
        assert!(!accepts(
            std::slice::from_ref(&kitchen),
            &[("room", "kitchen")]
        ));
        assert!(accepts(&[kitchen], &[("room", "chen")]));
        let not = on("room", Condition::NoMatch(Regex::new("kit.*").unwrap()));
        assert!(!accepts(std::slice::from_ref(&not), &[("room", "kitchen")]));
        assert!(accepts(&[not], &[("room", "hall")]));
    }

    #[test]
    fn all_conditions_must_hold() {
        let both = [
            on("a", Condition::Equal("1".into())),
            on("b", Condition::NotEqual("2".into())),
        ];
        assert!(accepts(&both, &[("a", "1"), ("b", "3")]));
        assert!(!accepts(&both, &[("a", "1"), ("b", "2")]));
        assert!(!accepts(&both, &[("b", "3")]));
    }
}
