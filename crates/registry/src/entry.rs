//! What is remembered of one stamped file.

use filigrane_payload::{KeyId, MarkId, Origin};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A picture.
    Image,
    /// A sound.
    Audio,
}

impl Medium {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Audio]
            .into_iter()
            .find(|medium| medium.as_str() == text)
    }
}

/// Facts of the stamped file, to recognise it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// What it holds.
    pub medium: Medium,
    /// Its MIME type.
    pub mime: String,
    /// BLAKE3 of its bytes.
    pub hash: [u8; 32],
    /// Number of its bytes.
    pub bytes: u64,
    /// Columns of a picture, or samples per channel of a sound.
    pub width: u64,
    /// Rows of a picture, or channels of a sound.
    pub height: u64,
}

/// What is remembered of one stamped file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The identifier that its mark carries.
    pub id: MarkId,
    /// The key that it was marked with.
    pub key_id: KeyId,
    /// What its mark says of its origin.
    pub origin: Origin,
    /// When it was stamped, milliseconds since 1970.
    pub stamped_at_ms: i64,
    /// Facts of the file.
    pub file: FileFacts,
    /// The program that stamped it.
    pub generator: String,
    /// Its manifest (JUMBF); empty where it was not signed.
    pub manifest: Vec<u8>,
}
