//! Secrets: random, shown once, kept as their hash.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::meta::tokens::Hash;

/// What tokens begin with, so that scanners of source code and people recognise one that has gone astray.
pub const PREFIX: &str = "plm_";
/// Random bytes of a secret: 256 bits, more than anyone can try.
const RANDOM_BYTES: usize = 32;

/// A secret in the clear. Not shown by `Debug`; whoever prints it asks for [`Secret::text`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// For a program: with [`PREFIX`].
    pub fn token() -> Self {
        Self(format!("{PREFIX}{}", random()))
    }

    /// For a link or a cookie.
    pub fn plain() -> Self {
        Self(random())
    }

    /// In the clear.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256. Looking a hash up takes no longer the more of a guessed secret is right: a guess says nothing of its hash.
pub fn hash(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

fn random() -> String {
    let mut bytes = [0; RANDOM_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system has random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_never_the_same_and_not_shown() {
        let (one, other) = (Secret::token(), Secret::token());
        assert_ne!(one, other);
        assert_eq!(one.text().len(), PREFIX.len() + 43);
        assert!(one.text().starts_with(PREFIX));
        assert!(!format!("{one:?}").contains(&one.text()[PREFIX.len()..]));
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hex: String = hash("abc")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, expected);
    }
}
