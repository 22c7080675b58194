//! Refused data as it may be shown: cut, in one line, and without what looks like a secret.

/// Longest example, in bytes.
const MAX_BYTES: usize = 200;
/// So much of a text is looked at.
const READ_BYTES: usize = 1_000;
/// Words of letters and digits that are so long may be a key or a token.
const SECRET_BYTES: usize = 16;
/// What stands in the place of a secret.
const HIDDEN: &str = "<hidden>";
/// Parts of the names of secrets.
const NAMES: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "pwd",
    "auth",
    "key",
    "credential",
    "cookie",
    "session",
    "bearer",
    "basic",
    "signature",
];

/// An example of refused data.
pub(super) fn of(data: &str) -> String {
    shown(data, MAX_BYTES)
}

/// `text` without secrets, in at most `most` bytes and an ellipsis.
pub(super) fn shown(text: &str, most: usize) -> String {
    let read = cut(text, READ_BYTES);
    // A word that was cut may be the beginning of a secret.
    let read = match read.len() < text.len() {
        true => &read[..read.rfind(is_between).map_or(0, |at| at + 1)],
        false => read,
    };
    let mut shown = String::with_capacity(read.len());
    let mut rest = read;
    // The word before, and what stands between it and this one.
    let (mut before, mut between) = ("", "");
    while !rest.is_empty() {
        let word = &rest[..rest.find(is_between).unwrap_or(rest.len())];
        rest = &rest[word.len()..];
        let next = &rest[..rest.find(|c| !is_between(c)).unwrap_or(rest.len())];
        rest = &rest[next.len()..];
        let names_it =
            is_name_of_secret(before) && (between.contains(['=', ':']) || between == " ");
        let is_name = next.trim_start_matches(['"', '\'']).starts_with(['=', ':']);
        let hide = !word.is_empty()
            && (names_it && !is_name_of_secret(word) || !is_name && is_secret(word));
        shown.push_str(if hide { HIDDEN } else { word });
        shown.push_str(next);
        (before, between) = (word, next);
    }
    let mut fitting = fit(&shown, most);
    if fitting.len() == shown.len() && read.len() < text.len() {
        fitting.push('…');
    }
    fitting
}

/// `text` in at most `most` bytes and an ellipsis, all control characters replaced.
pub(super) fn fit(text: &str, most: usize) -> String {
    let kept = cut(text, most);
    let plain = |c: char| if c.is_control() { '·' } else { c };
    let mut fitting: String = kept.chars().map(plain).collect();
    if kept.len() < text.len() {
        fitting.push('…');
    }
    fitting
}

fn cut(text: &str, most: usize) -> &str {
    let most = most.min(text.len());
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

/// Not part of a word.
fn is_between(character: char) -> bool {
    character.is_whitespace() || ",=:;&?/.|\"'`{}[]()<>\\".contains(character)
}

fn is_name_of_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    NAMES.iter().any(|name| word.contains(name))
}

fn is_secret(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= SECRET_BYTES && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        for (data, expected) in [
            (
                "login,user=ann,api_token=s3cr3t ok=1 1700000000000000000",
                "login,user=ann,api_token=<hidden> ok=1 1700000000000000000",
            ),
            (
                r#"{"password":"hunter2","level":3}"#,
                r#"{"password":"<hidden>","level":3}"#,
            ),
            (
                "authorization: Bearer abc.def",
                "authorization: Bearer <hidden>.def",
            ),
            ("a value=AKIA1234567890ABCDEF", "a value=<hidden>"),
            ("requests,route=/orders n=5i", "requests,route=/orders n=5i"),
        ] {
            assert_eq!(of(data), expected);
        }
    }

    #[test]
    fn a_secret_that_the_cut_runs_through_does_not_show_its_beginning() {
        let data = format!("{} value=AKIA1234567890ABCDEF", "x".repeat(READ_BYTES - 20));
        assert!(!shown(&data, READ_BYTES).contains("AKIA"));
        let data = format!("{} value=AKIA1234567890ABCDEF", "x ".repeat(90));
        assert!(!of(&data).contains("AKIA"), "{}", of(&data));
    }

    #[test]
    fn an_example_is_one_short_line() {
        let example = of(&"ü\n".repeat(1_000));
        assert!(
            example.len() <= MAX_BYTES + "…".len() + MAX_BYTES / 2,
            "{}",
            example.len()
        );
        assert!(!example.contains('\n'));
        assert!(example.ends_with('…'), "{example}");
    }
}
