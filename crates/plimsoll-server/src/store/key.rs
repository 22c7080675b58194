//! Series keys: bytes that sort by measurement, then tag by tag, and tell every series from every other.
//!
//! `measurement 0 tag 0 value 0 tag 0 value 0`; the bytes 0 and 1 inside a text become `1 1` and `1 2`, which keeps the order.

use std::borrow::Cow;

const END: u8 = 0;
const ESCAPE: u8 = 1;

/// The key of a series. Of a repeated tag the last value counts, an empty value means none.
pub(crate) fn encode<K: AsRef<str>, V: AsRef<str>>(measurement: &str, tags: &[(K, V)]) -> Vec<u8> {
    let sorted = tags
        .windows(2)
        .all(|pair| pair[0].0.as_ref() < pair[1].0.as_ref());
    let mut key = Vec::with_capacity(64);
    put(&mut key, measurement);
    if sorted {
        for (tag, value) in tags {
            put_tag(&mut key, tag.as_ref(), value.as_ref());
        }
    } else {
        let mut order: Vec<usize> = (0..tags.len()).collect();
        order.sort_by_key(|&index| tags[index].0.as_ref());
        for (at, &index) in order.iter().enumerate() {
            let repeated = order
                .get(at + 1)
                .is_some_and(|&next| tags[next].0.as_ref() == tags[index].0.as_ref());
            if !repeated {
                put_tag(&mut key, tags[index].0.as_ref(), tags[index].1.as_ref());
            }
        }
    }
    key
}

fn put_tag(key: &mut Vec<u8>, tag: &str, value: &str) {
    if !value.is_empty() {
        put(key, tag);
        put(key, value);
    }
}

fn put(key: &mut Vec<u8>, text: &str) {
    if memchr::memchr2(END, ESCAPE, text.as_bytes()).is_none() {
        key.extend_from_slice(text.as_bytes());
    } else {
        for &byte in text.as_bytes() {
            match byte {
                END | ESCAPE => key.extend([ESCAPE, byte + 1]),
                _ => key.push(byte),
            }
        }
    }
    key.push(END);
}

/// Name and value.
type Tag<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Measurement and tags of a key. Any bytes decode to something; a damaged key is found by the checksum around it.
pub(crate) fn decode(key: &[u8]) -> (Cow<'_, str>, Vec<Tag<'_>>) {
    let mut parts = key
        .strip_suffix(&[END])
        .unwrap_or(key)
        .split(|&byte| byte == END)
        .map(text);
    let measurement = parts.next().unwrap_or_default();
    let mut tags = Vec::new();
    while let (Some(tag), Some(value)) = (parts.next(), parts.next()) {
        tags.push((tag, value));
    }
    (measurement, tags)
}

/// The value of one tag without decoding the others; empty when the series has none.
pub(crate) fn tag_value<'a>(key: &'a [u8], tag: &str) -> Cow<'a, str> {
    let mut parts = key
        .strip_suffix(&[END])
        .unwrap_or(key)
        .split(|&byte| byte == END)
        .skip(1);
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if text(name) == tag {
            return text(value);
        }
    }
    Cow::Borrowed("")
}

fn text(part: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(ESCAPE, part).is_none() {
        return String::from_utf8_lossy(part);
    }
    let mut plain = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            ESCAPE => plain.push(bytes.next().map_or(ESCAPE, |next| next.wrapping_sub(1))),
            _ => plain.push(byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_parts() {
        let key = encode(
            "cpu",
            &[
                ("zone", "\0\u{1}x"),
                ("host", "a b"),
                ("gone", ""),
                ("host", "c"),
            ],
        );
        let (measurement, tags) = decode(&key);
        assert_eq!(measurement, "cpu");
        assert_eq!(
            tags,
            [
                ("host".into(), "c".into()),
                ("zone".into(), Cow::Borrowed("\0\u{1}x"))
            ]
        );
        assert_eq!(tag_value(&key, "zone"), "\0\u{1}x");
        assert_eq!(tag_value(&key, "gone"), "");
    }

    #[test]
    fn separators_inside_a_value_make_no_other_series() {
        let one = encode("m", &[("a", "b\0c\0d")]);
        let two = encode("m", &[("a", "b"), ("c", "d")]);
        assert_ne!(one, two);
    }

    #[test]
    fn a_measurement_s_series_stand_together() {
        let mut keys = [
            encode("cpu2", &[("a", "b")]),
            encode("cpu", &[("z", "z")]),
            encode("cpu", &[("a", "b")]),
        ];
        keys.sort();
        assert_eq!(decode(&keys[2]).0, "cpu2");
    }
}
