//! Line protocol read slowly and plainly, to compare with.

use std::collections::BTreeMap;

/// A value with its type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    Bool(bool),
    Text(String),
}

/// Measurement, tags, time.
pub(super) type RowKey = (String, Vec<(String, String)>, i64);

/// All rows by key, and the numbers of the lines that are refused.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) rows: BTreeMap<RowKey, BTreeMap<String, Plain>>,
    pub(super) refused: Vec<usize>,
}

pub(super) fn read(text: &str, now: i64, earliest: i64, latest: i64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut types: BTreeMap<(String, String), std::mem::Discriminant<Plain>> = BTreeMap::new();
    for (number, line) in lines(text) {
        let trimmed = line.trim_start_matches([' ', '\t']);
        if trimmed.is_empty() || trimmed == "\r" || trimmed.starts_with('#') {
            continue;
        }
        let row = row(trimmed, now).filter(|(key, _)| (earliest..=latest).contains(&key.2));
        let row = row.filter(|(key, fields)| {
            fields.iter().all(|(name, value)| {
                let known = types.get(&(key.0.clone(), name.clone()));
                known.is_none_or(|known| *known == std::mem::discriminant(value))
            })
        });
        let same = |fields: &[(String, Plain)]| {
            fields.iter().all(|(a, x)| {
                fields
                    .iter()
                    .all(|(b, y)| a != b || std::mem::discriminant(x) == std::mem::discriminant(y))
            })
        };
        match row.filter(|(_, fields)| same(fields)) {
            Some((key, fields)) => {
                let stored = outcome.rows.entry(key.clone()).or_default();
                for (name, value) in fields {
                    types.insert(
                        (key.0.clone(), name.clone()),
                        std::mem::discriminant(&value),
                    );
                    stored.insert(name, value);
                }
            }
            None => outcome.refused.push(number),
        }
    }
    outcome
}

/// Lines with their numbers. A newline inside a quoted value does not end a line, unless the quote never closes.
fn lines(text: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = Vec::new();
    let mut start = 0;
    let mut number = 1;
    while start < chars.len() {
        let end = end_of_line(&chars, start);
        let line: String = chars[start..end].iter().collect();
        let newlines = line.matches('\n').count();
        lines.push((number, line));
        number += newlines + 1;
        start = end + 1;
    }
    lines
}

fn end_of_line(chars: &[char], start: usize) -> usize {
    let first_newline = (start..chars.len())
        .find(|&at| chars[at] == '\n')
        .unwrap_or(chars.len());
    let first = (start..chars.len()).find(|&at| chars[at] != ' ' && chars[at] != '\t');
    let Some(first) = first.filter(|&at| chars[at] != '#') else {
        return first_newline;
    };
    // Up to the first plain space there are no quotes.
    let mut at = first;
    while at < chars.len() && chars[at] != ' ' && chars[at] != '\n' {
        at += if chars[at] == '\\' && chars.get(at + 1).is_some_and(|next| *next != '\n') {
            2
        } else {
            1
        };
    }
    while at < chars.len() && chars[at] != '\n' {
        if chars[at] == '\\' && chars.get(at + 1).is_some_and(|next| *next != '\n') {
            at += 2;
        } else if chars[at] == '=' && chars.get(at + 1) == Some(&'"') {
            match closing_quote(chars, at + 2) {
                Some(close) => at = close + 1,
                None => return first_newline,
            }
        } else {
            at += 1;
        }
    }
    at.min(chars.len())
}

fn closing_quote(chars: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    while at < chars.len() {
        match chars[at] {
            '"' => return Some(at),
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn row(line: &str, now: i64) -> Option<(RowKey, Vec<(String, Plain)>)> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let chars: Vec<char> = line.chars().collect();
    let (measurement, mut at) = word(&chars, 0, &[',', ' '], &[',', ' ']);
    if measurement.is_empty() {
        return None;
    }
    let mut tags = Vec::new();
    while chars.get(at) == Some(&',') {
        let (name, after) = word(&chars, at + 1, &[',', '=', ' '], &[',', '=', ' ']);
        if name.is_empty() || chars.get(after) != Some(&'=') {
            return None;
        }
        let (value, after) = word(&chars, after + 1, &[',', '=', ' '], &[',', '=', ' ']);
        if value.is_empty()
            || chars.get(after) == Some(&'=')
            || tags.iter().any(|(known, _)| *known == name)
        {
            return None;
        }
        tags.push((name, value));
        at = after;
    }
    tags.sort();
    let blank = |at: usize| chars.get(at).is_some_and(|c| *c == ' ' || *c == '\t');
    while blank(at) {
        at += 1;
    }
    let mut fields = Vec::new();
    loop {
        let (name, after) = word(&chars, at, &[',', '=', ' '], &[',', '=', ' ']);
        if name.is_empty() || chars.get(after) != Some(&'=') {
            return None;
        }
        at = after + 1;
        let value = if chars.get(at) == Some(&'"') {
            let close = closing_quote(&chars, at + 1)?;
            let inside: String = chars[at + 1..close].iter().collect();
            at = close + 1;
            Plain::Text(unescaped(&inside, &['"', '\\']))
        } else {
            let start = at;
            while at < chars.len() && chars[at] != ',' && chars[at] != ' ' && chars[at] != '\r' {
                at += 1;
            }
            unquoted(&chars[start..at].iter().collect::<String>())?
        };
        fields.push((name, value));
        match chars.get(at) {
            Some(',') => at += 1,
            None | Some(' ') => break,
            Some(_) => return None,
        }
    }
    let rest: String = chars[at.min(chars.len())..].iter().collect();
    let rest = rest.trim_matches([' ', '\t']);
    let time = if rest.is_empty() { now } else { time(rest)? };
    Some(((measurement, tags, time), fields))
}

fn time(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|time| *time != i64::MAX && *time > -i64::MAX)
}

/// Text up to one of `stops`, with the backslashes before `special` removed.
fn word(chars: &[char], start: usize, stops: &[char], special: &[char]) -> (String, usize) {
    let mut at = start;
    while at < chars.len() && !stops.contains(&chars[at]) {
        at += if chars[at] == '\\' && at + 1 < chars.len() {
            2
        } else {
            1
        };
    }
    let at = at.min(chars.len());
    let raw: String = chars[start.min(at)..at].iter().collect();
    (unescaped(&raw, special), at)
}

fn unescaped(raw: &str, special: &[char]) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at] == '\\' && at + 1 < chars.len() {
            if !special.contains(&chars[at + 1]) {
                out.push('\\');
            }
            out.push(chars[at + 1]);
            at += 2;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

fn unquoted(text: &str) -> Option<Plain> {
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Some(Plain::Bool(true)),
        "f" | "F" | "false" | "False" | "FALSE" => return Some(Plain::Bool(false)),
        _ => {}
    }
    if text.starts_with('+') {
        return None;
    }
    if let Some(number) = text.strip_suffix('i') {
        return number.parse().ok().map(Plain::Integer);
    }
    if let Some(number) = text.strip_suffix('u') {
        return number.parse().ok().map(Plain::Unsigned);
    }
    let first = text.strip_prefix('-').unwrap_or(text).chars().next()?;
    if !first.is_ascii_digit() && first != '.' {
        return None;
    }
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .map(Plain::Float)
}
