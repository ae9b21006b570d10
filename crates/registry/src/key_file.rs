//! The log's private key, in a file beside the registry.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::note::{LogKey, NoteError};

/// Why the log's key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is none, and the log was begun with one.
    #[error(
        "there is none, or the registry was opened for reading; nothing can be added without it"
    )]
    Missing,
    /// It is another log's.
    #[error("expected the key of `{expected}`, found that of `{found}`")]
    Other {
        /// The log's name.
        expected: String,
        /// The name of the log that the key belongs to.
        found: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Key(#[from] NoteError),
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The key of the registry at `registry`; made where it is missing and `create` says so.
pub(crate) fn load(registry: &Path, create: bool) -> Result<Option<LogKey>, KeyFileError> {
    let path = beside(registry);
    match fs::read_to_string(&path) {
        Ok(pem) => return Ok(Some(LogKey::from_pem(&pem)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => {}
        // What may not be read is as good as not there: the registry can still be looked at.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    }
    write(&path, LogKey::generate()?.to_pem()?.as_bytes())?;
    // Another process may have been first: the one that lies there now is everybody's.
    Ok(Some(LogKey::from_pem(&fs::read_to_string(&path)?)?))
}

fn beside(registry: &Path) -> PathBuf {
    let mut name = OsString::from(registry);
    name.push(".log-key");
    name.into()
}

/// Writes a file that only its owner may read: whole or not at all, and never over one that is there.
fn write(path: &Path, text: &[u8]) -> Result<(), KeyFileError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| NoteError::Random)?;
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{:016x}", u64::from_le_bytes(random)));
    let temporary = PathBuf::from(temporary);
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let result = written();
    let _ = fs::remove_file(&temporary);
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        // A name that is not yet safe on disk would be lost with a power failure; not all systems can do this.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(result?)
}
