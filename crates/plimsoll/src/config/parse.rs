//! From the text of a value to the value.

use std::time::Duration;

use super::Origin;
use crate::error::Error;

fn invalid(name: &str, value: &str, expected: &'static str) -> Error {
    Error::InvalidSetting {
        name: name.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

/// A secret that can be guessed; its value is not repeated.
pub(super) fn short_secret(origin: &Origin) -> Error {
    let name = match origin {
        Origin::Environment(name) => name,
        _ => "performance_token",
    };
    invalid(name, "***", "at least 16 characters")
}

pub(super) fn switch(name: &str, value: &str) -> Result<bool, Error> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(invalid(name, value, "true or false")),
    }
}

pub(super) fn positive(name: &str, value: &str) -> Result<f64, Error> {
    let number = value
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| invalid(name, value, "a number above 0"))
}

pub(super) fn ratio(name: &str, value: &str) -> Result<f64, Error> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| invalid(name, value, "a fraction from 0 to 1"))
}

pub(super) fn percent(name: &str, value: &str) -> Result<f64, Error> {
    let number = value
        .parse()
        .ok()
        .filter(|number: &f64| *number > 0.0 && *number <= 100.0);
    number.ok_or_else(|| invalid(name, value, "a percentage above 0 and up to 100"))
}

pub(super) fn seconds(name: &str, value: &str) -> Result<Duration, Error> {
    let number =
        positive(name, value).map_err(|_| invalid(name, value, "a number of seconds above 0"))?;
    Duration::try_from_secs_f64(number)
        .map_err(|_| invalid(name, value, "a number of seconds above 0"))
}

pub(super) fn milliseconds(name: &str, value: &str) -> Result<Duration, Error> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number
        .map(Duration::from_millis)
        .ok_or_else(|| invalid(name, value, "a whole number of milliseconds above 0"))
}

pub(super) fn path(name: &str, value: &str) -> Result<String, Error> {
    let plain = value.starts_with('/')
        && value
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"{}*?#".contains(&b));
    if plain {
        Ok(value.to_owned())
    } else {
        Err(invalid(
            name,
            value,
            "a path that starts with / and has no wildcard",
        ))
    }
}

pub(super) fn http_url(name: &str, value: &str) -> Result<String, Error> {
    let authority = value
        .strip_prefix("http://")
        .map(|rest| rest.split('/').next().unwrap_or(rest));
    let valid = authority.is_some_and(|authority| !authority.is_empty())
        && value
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
    if valid {
        Ok(value.to_owned())
    } else {
        Err(invalid(name, value, "a URL that starts with http://"))
    }
}

/// `key=value,key=value`, percent-encoded (OpenTelemetry's and W3C Baggage's form).
pub(super) fn pairs(name: &str, value: &str) -> Result<Vec<(String, String)>, Error> {
    let expected = "a list like key=value,key=value";
    let mut pairs = Vec::new();
    for pair in value
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        // The value may be a secret: the error names only the variable.
        let hidden = || invalid(name, "(not shown)", expected);
        let (key, text) = pair.split_once('=').ok_or_else(hidden)?;
        let (key, text) = (
            decode(key.trim()).ok_or_else(hidden)?,
            decode(text.trim()).ok_or_else(hidden)?,
        );
        if key.is_empty() {
            return Err(hidden());
        }
        pairs.push((key, text));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let mut digit = || (rest.next()? as char).to_digit(16);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn port(name: &str, value: &str) -> Result<u16, Error> {
    value
        .parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| invalid(name, value, "a port from 1 to 65535"))
}

pub(super) fn profile(name: &str, value: &str) -> Result<super::Profile, Error> {
    super::Profile::named(value).ok_or_else(|| invalid(name, value, "dev, prod or home-assistant"))
}

pub(super) fn compatibility(name: &str, value: &str) -> Result<super::Compatibility, Error> {
    match switch(name, value) {
        Ok(true) => Ok(super::Compatibility::On),
        Ok(false) => Ok(super::Compatibility::Off),
        Err(_) if value == "all" => Ok(super::Compatibility::All),
        Err(_) => Err(invalid(name, value, "on, off or all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_percent_decoded() {
        let parsed = pairs("X", "a=1, b=x%20y%2C ,").expect("parses");
        assert_eq!(
            parsed,
            [
                ("a".to_owned(), "1".to_owned()),
                ("b".to_owned(), "x y,".to_owned())
            ]
        );
        for broken in ["a", "=1", "a=%2", "a=%zz"] {
            assert!(pairs("X", broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn paths_and_urls_are_checked_before_a_router_or_client_panics() {
        assert!(path("X", "/a/b").is_ok());
        for wrong in ["", "metrics", "/{x}", "/a b", "/*"] {
            assert!(path("X", wrong).is_err(), "{wrong}");
        }
        assert!(http_url("X", "http://localhost:4318/").is_ok());
        for wrong in [
            "localhost:4318",
            "http://",
            "https://x",
            "http:///x",
            "http://a b",
        ] {
            assert!(http_url("X", wrong).is_err(), "{wrong}");
        }
    }
}
