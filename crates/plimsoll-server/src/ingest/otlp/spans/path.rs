//! A route made of a path, for senders that know no routes: what looks like an identifier becomes `{id}`.

/// Longest segment that is taken for a name.
const MAX_NAME: usize = 40;
/// Most segments; the rest is folded.
const MAX_SEGMENTS: usize = 8;
/// From this length on, a segment of letters and digits is taken for a token.
const TOKEN: usize = 16;

/// The path without query and identifiers: `/orders/4711?x=1` is `/orders/{id}`.
pub(super) fn folded(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut route = String::with_capacity(path.len().min(256));
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    for (count, segment) in segments.enumerate() {
        if count == MAX_SEGMENTS {
            route.push_str("/<more>");
            break;
        }
        route.push('/');
        route.push_str(if is_identifier(segment) {
            "{id}"
        } else {
            segment
        });
    }
    if route.is_empty() {
        route.push('/');
    }
    route
}

fn is_identifier(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    if bytes.len() > MAX_NAME
        || bytes
            .iter()
            .any(|byte| matches!(byte, b'@' | b'%' | b'=' | b' '))
    {
        return true;
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let marks = bytes
        .iter()
        .filter(|byte| matches!(byte, b'-' | b'_' | b'.' | b':'))
        .count();
    let hexadecimal = bytes.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    // `v1` and `oauth2` are names, `4711`, `2026-11-20` and `10.0.0.1` are not.
    digits > 0
        && (digits + marks == bytes.len()
            // UUIDs, object ids, hashes.
            || (bytes.len() >= 8 && hexadecimal + marks == bytes.len() && digits >= 2)
            || (bytes.len() >= TOKEN && digits >= 4))
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn identifiers_are_folded_and_names_stay() {
        for (path, route) in [
            ("/", "/"),
            ("", "/"),
            ("/orders", "/orders"),
            ("/orders/4711?full=1", "/orders/{id}"),
            ("/orders//4711/", "/orders/{id}"),
            (
                "/api/v1/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/cart",
                "/api/v1/users/{id}/cart",
            ),
            ("/blobs/deadbeefcafe0042", "/blobs/{id}"),
            ("/days/2026-11-20", "/days/{id}"),
            ("/users/anna@example.org", "/users/{id}"),
            ("/oauth2/token", "/oauth2/token"),
            ("/static/app.js", "/static/app.js"),
            ("/t/eyJhbGciOi12345JIUzI1NiJ9", "/t/{id}"),
            ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/<more>"),
        ] {
            assert_eq!(folded(path), route, "{path}");
        }
    }
}
