//! The few statements that are understood.

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    ShowDatabases,
    CreateDatabase(String),
    DropDatabase(String),
    ShowRetentionPolicies,
    /// Creates or alters one.
    SetRetentionPolicy,
    ShowMeasurements(Limits),
    ShowTagKeys(Limits),
    ShowTagValues(String, Limits),
    ShowFieldKeys(Limits),
    ShowSeries(Limits),
    ShowUsers,
    /// A question to the data.
    Select,
    /// Anything else, with its first words.
    Other(String),
}

/// Of which measurement, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) measurement: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// A word, a quoted name or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// As written.
    Word(String),
    /// In quotes.
    Quoted(String),
    Sign(char),
}

/// The statements of a request, which `;` separates.
///
/// # Errors
/// In the words of whoever knows InfluxDB, what was found and what was expected.
pub(super) fn all(text: &str) -> Result<Vec<Statement>, String> {
    let tokens = tokens(text)?;
    let parts = tokens.split(|token| *token == Token::Sign(';'));
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err("found EOF, expected a statement such as SHOW DATABASES".to_owned());
    }
    parts.into_iter().map(one).collect()
}

fn one(tokens: &[Token]) -> Result<Statement, String> {
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    let [first, second, third] = [word(0), word(1), word(2)];
    let rest = |from: usize| tokens.get(from..).unwrap_or_default();
    Ok(match (&*first, &*second, &*third) {
        ("SHOW", "DATABASES", _) => Statement::ShowDatabases,
        // WITH DURATION and its like: how long rows are kept stands in the configuration.
        ("CREATE", "DATABASE", _) => Statement::CreateDatabase(name(rest(2))?),
        ("DROP", "DATABASE", _) => Statement::DropDatabase(name(rest(2))?),
        ("SHOW", "RETENTION", "POLICIES") => Statement::ShowRetentionPolicies,
        ("CREATE" | "ALTER", "RETENTION", "POLICY") => {
            name(rest(3))?;
            Statement::SetRetentionPolicy
        }
        ("SHOW", "MEASUREMENTS", _) => Statement::ShowMeasurements(limits(rest(2))?),
        ("SHOW", "TAG", "KEYS") => Statement::ShowTagKeys(limits(rest(3))?),
        ("SHOW", "FIELD", "KEYS") => Statement::ShowFieldKeys(limits(rest(3))?),
        ("SHOW", "TAG", "VALUES") => {
            let key = after(rest(3), "KEY").ok_or("found EOF, expected WITH KEY = name")?;
            Statement::ShowTagValues(key, limits(rest(3))?)
        }
        ("SHOW", "SERIES", _) => Statement::ShowSeries(limits(rest(2))?),
        ("SHOW", "USERS", _) => Statement::ShowUsers,
        ("SELECT", ..) => Statement::Select,
        (
            "SHOW" | "CREATE" | "DROP" | "ALTER" | "GRANT" | "REVOKE" | "SET" | "DELETE" | "KILL"
            | "EXPLAIN",
            ..,
        ) => {
            let words = [first, second, third];
            let words: Vec<&str> = words
                .iter()
                .map(|word| &**word)
                .filter(|word| !word.is_empty())
                .collect();
            Statement::Other(words.join(" "))
        }
        _ => {
            let found = tokens.first().map(shown).unwrap_or_default();
            return Err(format!(
                "found {found}, expected SELECT, SHOW, CREATE, DROP or ALTER"
            ));
        }
    })
}

/// FROM, WITH MEASUREMENT, LIMIT, OFFSET; a condition on tags is more than is asked before writing.
fn limits(tokens: &[Token]) -> Result<Limits, String> {
    let number = |word: &str| match after(tokens, word) {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!(
                "found {text}, expected a whole number after {word}"
            )),
        },
    };
    if tokens.iter().any(|token| is_word(token, "WHERE")) {
        return Err(
            "found WHERE, which is not understood here: see /api/v1/measurements".to_owned(),
        );
    }
    Ok(Limits {
        measurement: after(tokens, "FROM").or_else(|| after(tokens, "MEASUREMENT")),
        limit: number("LIMIT")?,
        offset: number("OFFSET")?.unwrap_or(0),
    })
}

/// What stands behind a word; of `db.rp.name` the last part.
fn after(tokens: &[Token], word: &str) -> Option<String> {
    let mut rest = tokens
        .iter()
        .skip_while(|token| !is_word(token, word))
        .skip(1)
        .peekable();
    let mut last = None;
    while let Some(token) = rest.next() {
        match token {
            Token::Sign('=') if last.is_none() => {}
            Token::Word(text) | Token::Quoted(text) => {
                last = Some(text.clone());
                if rest.next_if_eq(&&Token::Sign('.')).is_none() {
                    return last;
                }
                rest.next_if_eq(&&Token::Sign('.'));
            }
            _ => return last,
        }
    }
    last
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(text) if text.eq_ignore_ascii_case(word))
}

fn name(tokens: &[Token]) -> Result<String, String> {
    match tokens.first() {
        Some(Token::Word(name) | Token::Quoted(name))
            if (1..=super::MAX_NAME_BYTES).contains(&name.len()) =>
        {
            Ok(name.clone())
        }
        Some(token) => Err(format!("found {}, expected a name", shown(token))),
        None => Err("found EOF, expected a name".to_owned()),
    }
}

fn shown(token: &Token) -> String {
    let text = match token {
        Token::Word(text) | Token::Quoted(text) => text.clone(),
        Token::Sign(sign) => sign.to_string(),
    };
    text.chars().take(60).collect()
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
        } else if first == '"' || first == '\'' {
            chars.next();
            let mut quoted = String::new();
            loop {
                match chars.next() {
                    None => return Err(format!("found EOF, expected the closing {first}")),
                    Some('\\') => quoted.extend(chars.next()),
                    Some(end) if end == first => break,
                    Some(other) => quoted.push(other),
                }
            }
            tokens.push(Token::Quoted(quoted));
        } else if first.is_alphanumeric() || first == '_' || first == '-' {
            let mut word = String::new();
            while let Some(more) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            {
                word.push(more);
            }
            tokens.push(Token::Word(word));
        } else {
            chars.next();
            tokens.push(Token::Sign(first));
        }
    }
    Ok(tokens)
}
