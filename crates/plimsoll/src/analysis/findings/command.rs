//! Commands to copy. What services call things comes from whoever sends: in a command it is one argument and nothing else.

use crate::analysis::situation::{RouteNow, Situation};

/// Asks the server for the slowest and the failed requests of a route, where it has their traces.
pub(super) fn exemplars(situation: &Situation, route: &RouteNow) -> Option<String> {
    let Situation { service, url, .. } = situation;
    (route.is_traced && !url.is_empty()).then(|| {
        let address = argument(&format!("{url}/api/performance/exemplars"));
        let given = [
            ("service", service),
            ("method", &route.method),
            ("route", &route.route),
        ];
        let given = given.map(|(name, value)| {
            format!(" --data-urlencode {}", argument(&format!("{name}={value}")))
        });
        format!("curl -sG {address}{}", given.concat())
    })
}

/// A text as one argument of a shell: in quotes unless it is plain.
pub(super) fn argument(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:.,_=@+-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_oddly_is_one_argument() {
        assert_eq!(argument("shop"), "shop");
        assert_eq!(argument("route=/orders/{id}"), "'route=/orders/{id}'");
        assert_eq!(argument("x'; rm -rf ~ #"), r"'x'\''; rm -rf ~ #'");
        assert_eq!(argument(""), "''");
    }
}
