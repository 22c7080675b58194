//! Routes by pattern: `POST /orders/*`, `/reports/**`.

use std::fmt;
use std::str::FromStr;

/// A method, or any, and segments of a path. `*` and `{name}` stand for one segment, `**` for any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    method: Option<String>,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    One,
    Any,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a route is a path such as \"/orders/*\", with a method before it or without, but this is {0:?}"
)]
pub struct PatternError(pub String);

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError(text.to_owned());
        let (method, path) = match text.trim().split_once(' ') {
            Some((method, path)) => (Some(method), path.trim()),
            None => (None, text.trim()),
        };
        let is_method = |method: &&str| method.bytes().all(|byte| byte.is_ascii_uppercase());
        let method = match method {
            Some(method) if is_method(&method) => Some(method.to_owned()),
            Some(_) => return Err(wrong()),
            None => None,
        };
        // What matched no route, and what found no room, have a class like any other.
        if !path.starts_with('/') && !path.starts_with('<') {
            return Err(wrong());
        }
        Ok(Self {
            method,
            segments: segments(path).map(Segment::of).collect(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        for segment in &self.segments {
            match segment {
                // What matched no route stands without one.
                Segment::Text(text) if text.starts_with('<') => f.write_str(text)?,
                Segment::Text(text) => write!(f, "/{text}")?,
                Segment::One => f.write_str("/*")?,
                Segment::Any => f.write_str("/**")?,
            }
        }
        Ok(())
    }
}

impl Segment {
    fn of(text: &str) -> Self {
        match text {
            "**" => Self::Any,
            "*" => Self::One,
            text if text.starts_with(['{', ':']) => Self::One,
            text => Self::Text(text.to_owned()),
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

impl Pattern {
    /// Whether requests of a route are meant.
    pub fn matches(&self, method: &str, route: &str) -> bool {
        if self.method.as_deref().is_some_and(|own| own != method) {
            return false;
        }
        let route: Vec<Segment> = segments(route).map(Segment::of).collect();
        covers(&self.segments, &route)
    }

    /// Whether everything that `other` matches is matched by this one, too.
    pub fn covers(&self, other: &Pattern) -> bool {
        (self.method.is_none() || self.method == other.method)
            && covers(&self.segments, &other.segments)
    }

    /// Whether there is a route that both match.
    pub fn meets(&self, other: &Pattern) -> bool {
        let methods = match (&self.method, &other.method) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => true,
        };
        methods && meets(&self.segments, &other.segments)
    }
}

fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide.split_first(), narrow.split_first()) {
        (None, None) => true,
        (Some((Segment::Any, rest)), _) => {
            covers(rest, narrow)
                || narrow
                    .split_first()
                    .is_some_and(|(_, after)| covers(wide, after))
        }
        (Some((Segment::One, rest)), Some((Segment::Text(_) | Segment::One, after))) => {
            covers(rest, after)
        }
        (Some((Segment::Text(mine), rest)), Some((Segment::Text(theirs), after))) => {
            mine == theirs && covers(rest, after)
        }
        _ => false,
    }
}

fn meets(a: &[Segment], b: &[Segment]) -> bool {
    match (a.split_first(), b.split_first()) {
        (None, None) => true,
        (Some((Segment::Any, rest)), _) => {
            meets(rest, b) || b.split_first().is_some_and(|(_, after)| meets(a, after))
        }
        (_, Some((Segment::Any, _))) => meets(b, a),
        (Some((Segment::Text(mine), rest)), Some((Segment::Text(theirs), after))) => {
            mine == theirs && meets(rest, after)
        }
        (Some((_, rest)), Some((_, after))) => meets(rest, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_routes() {
        let matching = [
            ("/orders/*", "GET", "/orders/{id}"),
            ("/orders/{number}", "GET", "/orders/{id}"),
            ("POST /orders", "POST", "/orders"),
            ("/**/stats", "GET", "/api/v1/stats"),
            ("/**/stats", "GET", "/stats"),
            ("/reports/**", "GET", "/reports"),
            ("/reports/**", "GET", "/reports/a/b"),
            ("<unmatched>", "GET", "<unmatched>"),
            ("/**", "GET", "/"),
        ];
        for (text, method, route) in matching {
            assert!(pattern(text).matches(method, route), "{text} {route}");
        }
        let others = [
            ("/orders/*", "GET", "/orders"),
            ("POST /orders", "GET", "/orders"),
            ("/**/stats", "GET", "/stats/{id}"),
            ("/a/*/c", "GET", "/a/b/d"),
        ];
        for (text, method, route) in others {
            assert!(!pattern(text).matches(method, route), "{text} {route}");
        }
    }

    #[test]
    fn the_narrower_of_two_is_known_and_so_is_a_clash() {
        assert!(pattern("/orders/**").covers(&pattern("POST /orders/*")));
        assert!(!pattern("POST /orders/*").covers(&pattern("/orders/**")));
        assert!(pattern("/a/*/c").meets(&pattern("/a/b/*")));
        assert!(!pattern("/a/*/c").covers(&pattern("/a/b/*")));
        assert!(!pattern("GET /a").meets(&pattern("POST /a")));
        assert!(!pattern("/a/**").meets(&pattern("/b/**")));
        assert!(pattern("/**/x").meets(&pattern("/y/**")));
    }

    #[test]
    fn what_is_no_route_is_refused_by_name() {
        for text in ["orders", "get /orders", "", "POST orders"] {
            let error = text.parse::<Pattern>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        for text in ["POST /orders/*", "/**/stats", "/a/b"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }
}
