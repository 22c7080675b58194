//! What of a text may leave this machine: no statement, no secret, nothing that names an entity, unless it is said.
//!
//! In doubt a word too many goes. The patterns are of lower case: they are looked for in the text in lower case.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::plain::visible;
use crate::ingest::otlp::spans::without_literals;

/// What is told beside names and numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Statements, without their literals.
    pub statements: bool,
    /// Entities of Home Assistant, and their attributes.
    pub entities: bool,
}

/// Instead of a statement.
pub const STATEMENT: &str = "a statement";
/// Instead of an entity.
const ENTITY: &str = "an entity";
/// Instead of a secret.
const GONE: &str = "…";

/// Where a statement begins; where it ends, nobody can tell.
static SQL: LazyLock<Regex> = LazyLock::new(|| {
    let begin = r#"(?:^|[\s(\[{;:,="'`])"#;
    let explain = r"(?:explain\s+(?:(?:analy[sz]e|verbose|query\s+plan|\([^)]*\))\s+)*)?";
    let statements = [
        r"select\s",
        r"insert\s+(?:\w+\s+)?into\s",
        r"replace\s+into\s",
        r"update\s.*\sset\s",
        r"delete\s+from\s",
        r"with\s+(?:recursive\s+)?\S+\s+(?:\([^)]*\)\s*)?as\s+(?:\w+\s+)*\(",
        r"merge\s+(?:into\s|.*\susing\s)",
        r"(?:create|alter|drop|truncate)\s+(?:\w+\s+){0,3}(?:table|index|view|database|schema|user|role|function|procedure|trigger)\s",
        r"grant\s.*\sto\s",
        r"(?:call|execute|exec)\s+[\w.]+\s*[(@?'$:]",
        r"copy\s+\S+\s.*(?:from|to)\s",
        r"(?:set|pragma)\s+[\w.]+\s*=",
        r"values\s*\(",
        r#"where\s+[\w."`]+\s*(?:[=<>!]|in\s|like\s|between\s|is\s)"#,
        r"/\*.*\*/",
        r"--\s",
    ];
    Regex::new(&format!("{begin}({explain}(?:{}))", statements.join("|"))).expect("a pattern")
});
static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[a-z][a-z0-9+.\-]*://\S+"));
/// A path with a query, and what has a user in it.
static QUERY: LazyLock<Regex> = LazyLock::new(|| pattern(r"([^\s?#]*/[^\s?#]*)[?#]\S+"));
static USER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\S+@\S+"));
static PEM: LazyLock<Regex> = LazyLock::new(|| pattern(r"-----begin.*?(?:-----end[^\-]*-----|$)"));
static AUTHORIZATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(bearer|basic|digest|negotiate)\s+\S+"));
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"[\w.\-]*(?:passw|passphrase|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|auth|credential|cookie|session|sessid|signature|jwt|csrf)[\w.\-]*";
    let value = r#"("[^"]*"?|'[^']*'?|[^\s,;&]+)"#;
    pattern(&format!(r#"({name}["']?\s*[:=]\s*){value}"#))
});
static PREFIXED: LazyLock<Regex> = LazyLock::new(|| {
    let prefixes =
        "sk|pk|rk|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[a-z]|plm|npm|hf|dckr_pat|shpat|whsec";
    let others = r"a[ks]ia[a-z0-9]{16}|aiza[\w\-]{30,}|ya29\.[\w.\-]+|eyj[\w.\-]{8,}";
    pattern(&format!(r"\b(?:(?:{prefixes})[_\-][\w.\-]{{8,}}|{others})"))
});
static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\w+=~\-]{16,}"));
/// `light.kitchen`: domains of Home Assistant's own integrations.
static ENTITIES: LazyLock<Regex> = LazyLock::new(|| {
    let domains = "air_quality|alarm_control_panel|alert|assist_satellite|automation|binary_sensor|button|calendar|camera|climate|\
        conversation|counter|cover|date|datetime|device_tracker|event|fan|geo_location|group|humidifier|image|\
        image_processing|input_boolean|input_button|input_datetime|input_number|input_select|input_text|lawn_mower|light|\
        lock|mailbox|media_player|notify|number|person|plant|proximity|remote|scene|schedule|script|select|sensor|siren|\
        stt|sun|switch|tag|text|time|timer|todo|tts|update|vacuum|valve|wake_word|water_heater|weather|zone";
    pattern(&format!(r"\b(?:{domains})\.[a-z0-9_]+"))
});
static ATTRIBUTES: LazyLock<Regex> = LazyLock::new(|| {
    let names = "friendly_name|latitude|longitude|gps_accuracy|altitude|entity_id|entity_picture|device_id|unique_id|area_id|\
        user_id|context_id|ip_address|mac_address|source_type|media_title|media_artist|attributes";
    pattern(&format!(
        r#"\b((?:{names})["']?\s*[:=]\s*)[^\s,;}}][^,;}}]*"#
    ))
});
/// An object in JSON; where it ends, nobody can tell.
static OBJECT: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\{\s*["'].*"#));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// The text without what is not shared. Doing it twice changes nothing more.
pub fn redacted(text: &str, shared: Shared) -> String {
    let mut text = visible(text);
    text = replaced(&text, &PEM, |_, _| GONE.to_owned());
    if let Some(at) = statement_at(&text) {
        let statement = told(&text[at..], shared);
        text.truncate(at);
        text.push_str(&statement);
    }
    text = replaced(&text, &URL, |url, _| without_secrets(url));
    text = replaced(&text, &QUERY, |_, part| part(1));
    text = replaced(&text, &USER, |_, _| GONE.to_owned());
    text = replaced(&text, &AUTHORIZATION, |_, part| {
        format!("{} {GONE}", part(1))
    });
    text = replaced(&text, &NAMED, |named, part| {
        // What stands for a parameter is none.
        match part(2).trim_end_matches(')') {
            "?" => named.to_owned(),
            _ => format!("{}{GONE}", part(1)),
        }
    });
    text = replaced(&text, &PREFIXED, |_, _| GONE.to_owned());
    if !shared.entities {
        text = replaced(&text, &OBJECT, |_, _| GONE.to_owned());
        text = replaced(&text, &ATTRIBUTES, |_, part| format!("{}{GONE}", part(1)));
        text = replaced(&text, &ENTITIES, |_, _| ENTITY.to_owned());
    }
    replaced(&text, &RUN, |run, _| match is_opaque(run) {
        true => GONE.to_owned(),
        false => run.to_owned(),
    })
}

/// What is told of a text that is a statement.
pub(super) fn statement(text: &str, shared: Shared) -> String {
    // One that does not look like one may have anything in it.
    match has_statement(text) {
        true => redacted(&told(text, shared), shared),
        false => STATEMENT.to_owned(),
    }
}

/// Whether a text has a statement in it.
pub(super) fn has_statement(text: &str) -> bool {
    statement_at(text).is_some()
}

fn statement_at(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let found = SQL.captures(&lower)?;
    found.get(1).map(|statement| statement.start())
}

/// A statement as it is told: without literals, and not at all where they cannot be told from the rest for sure.
fn told(statement: &str, shared: Shared) -> String {
    match shared.statements && !statement.contains('\\') {
        true => without_literals(statement),
        false => STATEMENT.to_owned(),
    }
}

/// A URL without query; one with a user has nothing that is sure to be no secret.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    if rest.contains('@') {
        return format!("{scheme}://{GONE}");
    }
    let end = rest.find(['?', '#', ';']).unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[..end])
}

/// Whether nobody would say it: a key, a hash, a number of somebody.
fn is_opaque(run: &str) -> bool {
    let is_hex = run.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && run.bytes().any(|byte| byte.is_ascii_digit()) {
        return true;
    }
    if run.len() < 20 {
        return false;
    }
    // Words and numbers that hang together are a name; letters and digits in one word are none.
    let mixes = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        word.len() >= 6 && digits > 0 && digits < word.len()
    };
    let word_ends = |letters: &[u8]| {
        letters[0].is_ascii_lowercase() && letters[1].is_ascii_uppercase()
            || letters[0].is_ascii_uppercase() && letters[1].is_ascii_lowercase()
    };
    let changes = run
        .as_bytes()
        .windows(2)
        .filter(|two| word_ends(two))
        .count();
    run.split(['-', '_', '+', '=', '~']).any(mixes) || changes * 4 >= run.len()
}

/// Replaces what a pattern finds in the text in lower case, which is as long; `with` gets what was found, and its parts.
fn replaced(
    text: &str,
    pattern: &Regex,
    with: impl Fn(&str, &dyn Fn(usize) -> String) -> String,
) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in pattern.captures_iter(&lower) {
        let part = |at: usize| part_of(text, &found, at);
        let whole = found.get(0).map_or(0..0, |whole| whole.range());
        out.push_str(&text[done..whole.start]);
        out.push_str(&with(&text[whole.clone()], &part));
        done = whole.end;
    }
    out.push_str(&text[done..]);
    out
}

fn part_of(text: &str, found: &Captures<'_>, at: usize) -> String {
    let part = found.get(at).map_or(0..0, |part| part.range());
    text[part].to_owned()
}

#[cfg(test)]
mod tests;
