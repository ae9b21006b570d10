//! The development identity, kept between runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use filigrane_credentials::Identity;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;

/// Name of the folder that holds the identity's files; it appears whole, by a rename.
const FOLDER: &str = "development-identity";
const KEY: &str = "key.pem";
const CHAIN: &str = "chain.pem";
const ANCHOR: &str = "anchor.pem";
/// No identity file is longer.
const MAX_BYTES: u64 = 65_536;

/// The folder in which a user's development identity lies.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// A home in the given folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The user's: `filigrane` in `$XDG_CONFIG_HOME` or `~/.config`.
    ///
    /// # Errors
    /// [`Error::NoHome`] when neither is known.
    pub fn of_user() -> Result<Self, Error> {
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let config =
            absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
        config
            .map(|config| Self::at(config.join("filigrane")))
            .ok_or(Error::NoHome)
    }

    /// The development identity, and whether it was made just now. Two processes that make one at the same
    /// time end up with the same.
    ///
    /// # Errors
    /// [`Error`] when it can be neither read nor made.
    pub fn development_identity(&self) -> Result<(Identity, bool), Error> {
        if let Some(identity) = self.existing()? {
            return Ok((identity, false));
        }
        let made = Identity::development(&machine_name())?;
        let io = |source: std::io::Error| Error::from(source).in_file(&self.folder);
        make_private(&self.folder).map_err(io)?;
        let draft = tempfile::Builder::new()
            .prefix(".identity-")
            .tempdir_in(&self.folder)
            .map_err(io)?;
        let private = made.identity.private_key_pem()?;
        let chain = filigrane_credentials::Signer::chain_pem(&made.identity);
        for (name, text, secret) in [
            (KEY, private.as_str(), true),
            (CHAIN, chain, false),
            (ANCHOR, &made.anchor_pem, false),
        ] {
            files::write_new(&draft.path().join(name), text, secret).map_err(io)?;
        }
        match std::fs::rename(draft.path(), self.folder.join(FOLDER)) {
            Ok(()) => {
                let _ = draft.keep();
                Ok((made.identity, true))
            }
            // Another process was faster: its identity is the one.
            Err(error) => self
                .existing()?
                .map(|identity| (identity, false))
                .ok_or_else(|| io(error)),
        }
    }

    /// The anchor of the development identity, PEM, where there is one.
    ///
    /// # Errors
    /// [`Error`] when it is there and cannot be read.
    pub fn development_anchor(&self) -> Result<Option<String>, Error> {
        let path = self.folder.join(FOLDER).join(ANCHOR);
        match text(&path) {
            Ok(text) => Ok(Some(text.to_string())),
            Err(Error::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.in_file(&path)),
        }
    }

    fn existing(&self) -> Result<Option<Identity>, Error> {
        let folder = self.folder.join(FOLDER);
        let key = match text(&folder.join(KEY)) {
            Ok(key) => key,
            Err(Error::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.in_file(&folder)),
        };
        let chain = text(&folder.join(CHAIN)).map_err(|error| error.in_file(&folder))?;
        let identity = Identity::from_pem(&key, &chain)
            .map_err(|error| Error::from(error).in_file(&folder))?;
        Ok(Some(identity))
    }
}

fn text(path: &Path) -> Result<Zeroizing<String>, Error> {
    let bytes = Zeroizing::new(files::read(path, MAX_BYTES)?);
    let text =
        std::str::from_utf8(&bytes).map_err(|_| std::io::Error::from(ErrorKind::InvalidData))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The machine's name, so that identities of several machines can be told apart.
fn machine_name() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name: String = name
        .trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(32)
        .collect();
    if name.is_empty() {
        "this machine".to_owned()
    } else {
        name
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
