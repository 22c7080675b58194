//! Statements as they are grouped: literals and placeholders become `?`, lists of them one, comments go.
//!
//! A lexer rather than a parser: it takes any dialect, and statements that were cut off, and never fails. What it is not
//! sure of it takes for a literal, for no parameter may be kept.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Longest statement that is read, in bytes.
const MAX_READ: usize = 16 << 10;
/// Longest text that is kept, in bytes.
pub(super) const MAX_KEPT: usize = 500;

/// How quotes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dialect {
    /// `"` quotes names, `\` in a text is a character.
    Standard,
    /// `"` quotes texts, `\` in a text takes the next character in.
    MySql,
}

/// The statements of an export: programs ask the same again and again.
#[derive(Debug, Default)]
pub(super) struct Statements<'a>(HashMap<(&'a str, Dialect), String, RandomState>);

impl<'a> Statements<'a> {
    /// [`normalised`], once for each text.
    pub(super) fn normalised(&mut self, text: &'a str, dialect: Dialect) -> String {
        let known = self.0.entry((text, dialect));
        known.or_insert_with(|| normalised(text, dialect)).clone()
    }
}

/// The dialect of a `db.system`; `None` when it does not speak SQL.
pub(super) fn dialect(system: &str) -> Option<Dialect> {
    let spoken = [
        "postgresql",
        "sqlite",
        "mssql",
        "microsoft.sql_server",
        "oracle",
        "oracle.db",
        "db2",
        "ibm.db2",
        "cockroachdb",
        "clickhouse",
        "cassandra",
        "snowflake",
        "trino",
        "presto",
        "redshift",
        "aws.redshift",
        "gcp.spanner",
        "spanner",
        "h2",
        "h2database",
        "hsqldb",
        "derby",
        "duckdb",
        "firebird",
        "firebirdsql",
        "informix",
        "ibm.informix",
        "sybase",
        "teradata",
        "vertica",
        "hive",
        "other_sql",
        "hana",
        "sap.hana",
        "mariadb",
        "mysql",
        "tidb",
        "singlestore",
    ];
    if !spoken.contains(&system) {
        return None;
    }
    Some(match system {
        "mariadb" | "mysql" | "tidb" | "singlestore" => Dialect::MySql,
        _ => Dialect::Standard,
    })
}

/// The statement without what differs from call to call.
pub(super) fn normalised(statement: &str, dialect: Dialect) -> String {
    let mut end = statement.len().min(MAX_READ);
    while !statement.is_char_boundary(end) {
        end -= 1;
    }
    let mut lexer = Lexer {
        text: &statement[..end],
        at: 0,
        out: String::with_capacity(end.min(MAX_KEPT + 64)),
        dialect,
    };
    while lexer.out.len() <= MAX_KEPT && lexer.step() {}
    let mut out = lexer.out;
    out.truncate(out.trim_end_matches([' ', ';']).len());
    if out.len() > MAX_KEPT {
        let mut cut = MAX_KEPT;
        while !out.is_char_boundary(cut) {
            cut -= 1;
        }
        out.truncate(cut);
        out.push('…');
    }
    out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: String,
    dialect: Dialect,
}

impl Lexer<'_> {
    /// Takes one token; whether there was one.
    fn step(&mut self) -> bool {
        let Some(byte) = self.byte(0) else {
            return false;
        };
        match byte {
            byte if byte.is_ascii_whitespace() => {
                self.at += 1;
                self.space();
            }
            b'-' if self.byte(1) == Some(b'-') => {
                self.skip_past("\n");
                self.space();
            }
            b'/' if self.byte(1) == Some(b'*') => {
                self.at += 2;
                self.skip_past("*/");
                self.space();
            }
            b'\'' => self.quoted(b'\'', self.dialect == Dialect::MySql),
            b'"' if self.dialect == Dialect::MySql => self.quoted(b'"', true),
            b'"' | b'`' => self.name_in(byte),
            b'[' if self.is_bracketed_name() => self.name_in(b']'),
            b'$' => self.dollar(),
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_some_and(|next| next.is_ascii_digit())
                && !self.after_word() =>
            {
                self.number();
            }
            b'?' => {
                self.at += 1;
                self.literal();
            }
            b':' if self.byte(1) == Some(b':') => self.copy(2),
            b':' | b'@' if self.byte(1).is_some_and(is_word) => {
                self.at += 1;
                self.skip_word();
                self.literal();
            }
            b'%' if self.byte(1) == Some(b's') && !self.byte(2).is_some_and(is_word) => {
                self.at += 2;
                self.literal();
            }
            b'%' if self.byte(1) == Some(b'(') => {
                self.skip_past(")");
                self.skip_word();
                self.literal();
            }
            b')' => self.close(),
            byte if is_word(byte) => self.word(),
            _ => {
                let length = self.text[self.at..]
                    .chars()
                    .next()
                    .map_or(1, char::len_utf8);
                self.copy(length);
            }
        }
        true
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// One space, whatever there was.
    fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with([' ', '(']) {
            self.out.push(' ');
        }
    }

    fn copy(&mut self, bytes: usize) {
        self.out.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    fn skip_past(&mut self, end: &str) {
        let rest = &self.text[self.at..];
        self.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
    }

    fn skip_word(&mut self) {
        while self.byte(0).is_some_and(is_word) {
            self.at += 1;
        }
    }

    fn after_word(&self) -> bool {
        self.out
            .ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '"' | '`' | ']'))
    }

    /// A literal or placeholder; one after another in a list are one.
    fn literal(&mut self) {
        let list = self.out.trim_end();
        if let Some(before) = list.strip_suffix(',')
            && before.trim_end().ends_with('?')
        {
            self.out.truncate(before.trim_end().len());
        } else {
            self.out.push('?');
        }
    }

    /// A closing bracket; rows of literals one after another are one.
    fn close(&mut self) {
        self.at += 1;
        self.out.truncate(self.out.trim_end().len());
        for repeated in ["(?), (?", "(?),(?"] {
            if self.out.ends_with(repeated) {
                self.out.truncate(self.out.len() - (repeated.len() - 2));
            }
        }
        self.out.push(')');
    }

    fn quoted(&mut self, quote: u8, escapes: bool) {
        // A prefix as in E'…', N'…' or x'…' belongs to the literal.
        let mut escapes = escapes;
        if let Some(prefix @ ('e' | 'E' | 'n' | 'N' | 'x' | 'X' | 'b' | 'B' | 'u' | 'U')) =
            self.out.chars().next_back()
        {
            let before = self.out[..self.out.len() - 1].chars().next_back();
            if before.is_none_or(|before| !(before.is_alphanumeric() || before == '_')) {
                self.out.pop();
                escapes |= matches!(prefix, 'e' | 'E');
            }
        }
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            self.at += 1;
            match byte {
                b'\\' if escapes => self.at += 1,
                byte if byte == quote && self.byte(0) == Some(quote) => self.at += 1,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.literal();
    }

    /// A quoted name, as it is; one that does not end is a literal.
    fn name_in(&mut self, end: u8) {
        match memchr::memchr(end, &self.text.as_bytes()[self.at + 1..]) {
            Some(length) => self.copy(length + 2),
            None => {
                self.at = self.text.len();
                self.literal();
            }
        }
    }

    fn is_bracketed_name(&self) -> bool {
        self.byte(1).is_some_and(|next| next.is_ascii_alphabetic()) && !self.after_word()
    }

    /// `$1` is a placeholder, `$tag$…$tag$` a text.
    fn dollar(&mut self) {
        let rest = &self.text[self.at..];
        let tag = rest[1..].find('$').map(|end| &rest[..end + 2]);
        match tag {
            Some(tag)
                if tag[1..tag.len() - 1]
                    .bytes()
                    .all(|byte| is_word(byte) && byte != b'$')
                    && !tag[1..].starts_with(|first: char| first.is_ascii_digit()) =>
            {
                self.at += tag.len();
                self.skip_past(tag);
            }
            _ => {
                self.at += 1;
                self.skip_word();
            }
        }
        self.literal();
    }

    fn number(&mut self) {
        while let Some(byte) = self.byte(0) {
            let sign = matches!(byte, b'+' | b'-')
                && matches!(self.text.as_bytes()[self.at - 1], b'e' | b'E');
            if !(is_word(byte) || byte == b'.' || sign) {
                break;
            }
            self.at += 1;
        }
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.literal();
    }

    fn word(&mut self) {
        let start = self.at;
        self.skip_word();
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.out.push_str(&self.text[start..self.at]);
    }
}

/// Bytes of names; those beyond ASCII are letters of some script.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests;
