//! What stands beside the pixels and samples and should survive.

use crate::format::Format;

/// A tag such as a title or an artist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The field's name as in Vorbis comments: upper case, such as `TITLE`.
    pub key: String,
    /// Its text.
    pub value: String,
}

/// A RIFF chunk that is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The chunk's four-character code.
    pub id: [u8; 4],
    /// Its content, without padding.
    pub data: Vec<u8>,
}

/// A FLAC metadata block that is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The block's type (RFC 9639, section 8.1).
    pub kind: u8,
    /// Its content.
    pub data: Vec<u8>,
}

/// What stands beside the pixels and samples of a file. C2PA manifests are not part of it: they are
/// signed over the file's bytes and would be wrong for any other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// ICC colour profile.
    pub icc: Option<Vec<u8>>,
    /// EXIF as a TIFF structure, without the `Exif\0\0` of JPEG.
    pub exif: Option<Vec<u8>>,
    /// XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Tags of a sound, in the order of the file.
    pub tags: Vec<Tag>,
    /// RIFF chunks of a WAV file other than `fmt `, `fact`, `data` and `C2PA`.
    pub chunks: Vec<Chunk>,
    /// Metadata blocks of a FLAC file other than stream information, seek table, padding and comments.
    pub blocks: Vec<Block>,
}

/// Reads what stands beside the pixels and samples. What cannot be read is not there.
#[must_use]
pub fn read_metadata(bytes: &[u8], format: Format) -> Metadata {
    match format.medium() {
        crate::Medium::Image => crate::picture::read_metadata(bytes, format),
        crate::Medium::Audio => crate::sound::read_metadata(bytes, format),
    }
}
