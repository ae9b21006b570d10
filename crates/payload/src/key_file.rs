//! Key files: owner-only, never overwritten.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::key::{Key, KeyError};

/// No key file is longer; a longer one is not read.
const MAX_BYTES: u64 = 4096;

/// A key file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file system refused.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is no key.
    #[error("`{}`: {source}", path.display())]
    Content {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
}

impl Key {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError`] names the file and what is wrong with it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let content = |source| KeyFileError::Content {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
        fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(io)?;
        let text = std::str::from_utf8(&bytes)
            .ok()
            .filter(|text| text.len() as u64 <= MAX_BYTES);
        let header = || KeyError::Header {
            found: "something else".to_owned(),
        };
        Self::parse(text.ok_or_else(header).map_err(content)?).map_err(content)
    }

    /// Writes a new key file that only its owner may read (mode 0600 on Unix). An existing file is
    /// never overwritten, and a file that could not be written whole is removed again.
    ///
    /// # Errors
    /// [`KeyFileError::Io`], with [`io::ErrorKind::AlreadyExists`] where the file exists.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), KeyFileError> {
        let path = path.as_ref();
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = options.open(path).map_err(io)?;
        file.write_all(self.to_text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|source| {
                let _ = fs::remove_file(path);
                io(source)
            })
    }
}
