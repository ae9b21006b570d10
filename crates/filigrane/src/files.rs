//! Files read within limits, and results that appear whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use filigrane_media::MediaError;

use crate::error::Error;

/// Reads a file of at most `max_bytes`.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Error::Folder);
    }
    let limit = |found: u64| MediaError::Limit {
        what: "bytes",
        limit: max_bytes,
        found,
    };
    if metadata.is_file() && metadata.len() > max_bytes {
        return Err(limit(metadata.len()).into());
    }
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(limit(bytes.len() as u64).into());
    }
    Ok(bytes)
}

/// Writes a file that is there whole or not at all: beside the target, synced, then renamed. An
/// existing target is refused unless `overwrite`.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Error> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let write = || -> Result<(), Error> {
        let mut file = tempfile::Builder::new()
            .prefix(".filigrane-")
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        keep_permissions(path, file.as_file())?;
        file.as_file().sync_all()?;
        if overwrite {
            file.persist(path).map_err(|error| error.error)?;
        } else {
            file.persist_noclobber(path)
                .map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => Error::Exists {
                        path: path.to_owned(),
                    },
                    _ => error.error.into(),
                })?;
        }
        // The name too survives a crash; not every file system can do that.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    };
    write().map_err(|error| error.in_file(path))
}

/// A replaced file keeps its permissions, a new one gets the usual ones rather than a temporary file's.
#[cfg(unix)]
fn keep_permissions(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        std::fs::metadata(path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_permissions(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Writes a secret or a part of one: never over an existing file, readable by its owner only.
pub(crate) fn write_new(path: &Path, text: &str, secret: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    let _ = secret;
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
}
