//! Why something could not be stamped or looked at.

use std::io;
use std::path::{Path, PathBuf};

use filigrane_audio::AudioError;
use filigrane_credentials::CredentialsError;
use filigrane_image::ImageError;
use filigrane_media::{Format, MediaError};
use filigrane_payload::{GenerateKeyError, KeyFileError, RandomError};
use filigrane_registry::RegistryError;

use crate::revocation::RevocationError;

/// Why something could not be stamped or looked at. That nothing was found is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with a file; the source says what.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<Error>,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The input is a folder.
    #[error("expected a file, found a folder")]
    Folder,
    /// The file is empty.
    #[error("expected a picture or a sound, found an empty file")]
    Empty,
    /// The content cannot be read or written.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A sound was asked for from a picture or the other way round.
    #[error("a {from} cannot become a {to}")]
    OtherMedium {
        /// The input's format.
        from: Format,
        /// What was asked for.
        to: Format,
    },
    /// The input's format is only read, and no other was asked for.
    #[error("{format} is read, but not written")]
    ReadOnlyFormat {
        /// The format.
        format: Format,
    },
    /// The picture could not be marked or looked at.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The sound could not be marked or looked at.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The medium carries a mark of the same key already.
    #[error("it carries a mark of the same key already, with the identifier {id}")]
    AlreadyMarked {
        /// The identifier of that mark.
        id: String,
    },
    /// The `AIGC` label of GB 45438 cannot be written.
    #[error("the AIGC label cannot be written: {reason}")]
    Label {
        /// Why.
        reason: String,
    },
    /// What was written did not read back.
    #[error("the result did not read back: {what}; nothing was written")]
    ReadBack {
        /// What was missing.
        what: String,
    },
    /// The file cannot be signed without a watermark.
    #[error("it cannot be signed without a watermark: {reason}")]
    CredentialsOnly {
        /// Why.
        reason: String,
    },
    /// The manifest would lie beside the file, and the result is no file.
    #[error(
        "the manifest of this result lies beside it in a file of its own, and standard output has no place for it"
    )]
    NoSidecarPlace,
    /// The target exists.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Credentials could not be made or read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The registry did not answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A revocation list cannot be used or made.
    #[error(transparent)]
    Revocations(#[from] RevocationError),
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No key could be made.
    #[error(transparent)]
    GenerateKey(#[from] GenerateKeyError),
    /// The system's random generator gave no bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// There is no folder for the development identity.
    #[error(
        "no folder for the development identity is known: neither `XDG_CONFIG_HOME` nor `HOME` is set"
    )]
    NoHome,
}

impl Error {
    /// The same error, said of a file.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            named
            @ (Self::File { .. } | Self::Exists { .. } | Self::Key(_) | Self::Registry(_)) => named,
            other => Self::File {
                path: path.to_owned(),
                source: Box::new(other),
            },
        }
    }

    /// Whether the input could be read but nothing was written for a reason: it would be overwritten, is
    /// too small or too short, or cannot carry the mark.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::File { source, .. } => source.is_refusal(),
            Self::Exists { .. } | Self::AlreadyMarked { .. } | Self::ReadBack { .. } => true,
            Self::Image(error) => matches!(
                error,
                ImageError::TooSmall { .. } | ImageError::CannotCarry { .. }
            ),
            Self::Audio(error) => matches!(
                error,
                AudioError::TooShort { .. } | AudioError::CannotCarry { .. }
            ),
            Self::Io(error) => error.kind() == io::ErrorKind::AlreadyExists,
            _ => false,
        }
    }

    /// A way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::File { source, .. } => return source.hint(),
            Self::Exists { .. } => "`--force` overwrites it",
            Self::Folder => "`-r` goes into folders",
            Self::AlreadyMarked { .. } => {
                "`--remark` marks it again with a new identifier, `stamp --keep-mark` signs it with the one that it has"
            }
            Self::ReadOnlyFormat { format }
                if format.medium() == filigrane_media::Medium::Audio =>
            {
                "`--format wav`, `--format flac` or `--format opus` writes another format; `stamp --credentials-only` signs it without a watermark"
            }
            Self::ReadOnlyFormat { .. } => {
                "`--format png`, `--format jpeg` or `--format webp` writes another format; `stamp --credentials-only` signs it without a watermark"
            }
            Self::Credentials(CredentialsError::UnsupportedFormat { .. }) => {
                "`filigrane embed` marks without credentials; `--format` chooses a format that carries them"
            }
            Self::Credentials(CredentialsError::TimeStamp { .. }) => {
                "`--time-stamp-mode best-effort` goes on without a time-stamp"
            }
            Self::Media(MediaError::Limit { .. }) => {
                "`--max-bytes`, `--max-pixels` and `--max-duration` set the limits"
            }
            Self::Image(ImageError::TooSmall { .. } | ImageError::CannotCarry { .. })
            | Self::Audio(AudioError::TooShort { .. } | AudioError::CannotCarry { .. }) => {
                "nothing was written: an output that cannot be marked must not leave unmarked by accident"
            }
            Self::NoSidecarPlace => {
                "`-o FILE` writes a file; `filigrane embed` marks without credentials"
            }
            Self::NoHome => "`--home DIR` names one",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
