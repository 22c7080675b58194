//! Which notices a channel is for.

use std::collections::{BTreeMap, BTreeSet};

use super::notice::Severity;
use super::notice::{AlertType, Kind, Notice};

/// What a channel wants to hear of: all of it must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// This severity and worse ones.
    pub min_severity: Severity,
    /// Services, `*` for any text; none: all.
    pub services: Vec<String>,
    /// Types; none: all.
    pub types: BTreeSet<AlertType>,
    /// Labels that must have these values, `*` for any text.
    pub labels: BTreeMap<String, String>,
    /// Whether it hears of the end of an alert.
    pub resolved: bool,
}

impl Filter {
    /// Whether the channel is to hear of it.
    pub fn wants(&self, notice: &Notice) -> bool {
        let has = |(name, pattern): (&String, &String)| {
            let value = notice.labels.get(name);
            value.is_some_and(|value| matches(pattern, value))
        };
        let of_service = |pattern: &String| matches(pattern, &notice.service);
        notice.severity >= self.min_severity
            && (self.resolved || notice.kind != Kind::Resolved)
            && (self.types.is_empty() || self.types.contains(&notice.alert_type))
            && (self.services.is_empty() || self.services.iter().any(of_service))
            && self.labels.iter().all(has)
    }
}

/// Whether `text` is as `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        // The first place will do: what is left is longest then.
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::notice;
    use super::*;

    fn all() -> Filter {
        Filter {
            min_severity: Severity::Low,
            services: Vec::new(),
            types: BTreeSet::new(),
            labels: BTreeMap::new(),
            resolved: true,
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is_match) in [
            ("shop", "shop", true),
            ("shop", "shops", false),
            ("shop*", "shop", true),
            ("shop*", "shop-eu", true),
            ("shop*", "ashop", false),
            ("*-eu", "shop-eu", true),
            ("*-eu", "shop-eu-1", false),
            ("s*p*1", "shop-eu-p-1", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("a*b*c", "abc", true),
            ("a*bb*c", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let medium = notice("1", Severity::Medium);
        assert!(all().wants(&medium));
        let named = |services: &[&str]| Filter {
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            ..all()
        };
        assert!(named(&["cart", "sh*"]).wants(&medium));
        assert!(!named(&["cart"]).wants(&medium));
        let severe = |min_severity| Filter {
            min_severity,
            ..all()
        };
        assert!(severe(Severity::Medium).wants(&medium));
        assert!(!severe(Severity::High).wants(&medium));
        let typed = |one| Filter {
            types: BTreeSet::from([one]),
            ..all()
        };
        assert!(typed(AlertType::SlowRequest).wants(&medium));
        assert!(!typed(AlertType::ErrorRate).wants(&medium));
        let labelled = |name: &str, value: &str| Filter {
            labels: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            ..all()
        };
        assert!(labelled("class", "wr*").wants(&medium));
        assert!(!labelled("class", "read").wants(&medium));
        assert!(!labelled("route", "*").wants(&medium));
        let over = Notice {
            kind: Kind::Resolved,
            ..medium
        };
        assert!(all().wants(&over));
        assert!(
            !Filter {
                resolved: false,
                ..all()
            }
            .wants(&over)
        );
    }
}
