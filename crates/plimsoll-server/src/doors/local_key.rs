//! The key of the data folder: who can read it owns the server.
//!
//! While a server runs, the folder has a file that only its owner can read, with a secret made anew at each start. The
//! command line goes through the running server with it, whatever the doors are set to, and knows by it the certificate
//! that is the server's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::secret::Secret;
use crate::meta::tokens::Hash;

/// The file's name in the data folder.
pub const FILE: &str = "local-key";

/// The key of a running server.
#[derive(Debug)]
pub struct LocalKey {
    path: PathBuf,
    secret: Secret,
}

/// What the file says.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// To be shown as a token.
    pub secret: String,
    /// SHA-256 of the server's certificate, where it speaks TLS.
    pub certificate: Option<Hash>,
}

impl LocalKey {
    /// A new key for a folder; the file is written by [`LocalKey::write`].
    pub fn new(dir: &Path) -> Self {
        Self {
            path: dir.join(FILE),
            secret: Secret::token(),
        }
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Writes the file, instead of one that is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, certificate: Option<Hash>) -> io::Result<()> {
        let new = self.path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        writeln!(file, "{}", self.secret.text())?;
        if let Some(hash) = certificate {
            writeln!(file, "{}", hex(&hash))?;
        }
        fs::rename(&new, &self.path)
    }

    /// Removes the file: the server ends.
    pub fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = self.path.display();
            tracing::warn!(%error, "cannot remove {path}; it opens nothing any more");
        }
    }
}

/// Reads the key of the server that holds a folder.
///
/// # Errors
/// When there is none, or it belongs to somebody else.
pub fn read(dir: &Path) -> io::Result<Found> {
    let text = fs::read_to_string(dir.join(FILE))?;
    let mut lines = text.lines();
    Ok(Found {
        secret: lines.next().unwrap_or_default().to_owned(),
        certificate: lines.next().and_then(unhex),
    })
}

pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_read_by_its_owner_and_gone_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let key = LocalKey::new(dir.path());
        for certificate in [None, Some([0xa7; 32])] {
            key.write(certificate).unwrap();
            let found = read(dir.path()).unwrap();
            assert_eq!(found.secret, key.secret().text());
            assert_eq!(found.certificate, certificate);
        }
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        key.remove();
        assert!(read(dir.path()).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
