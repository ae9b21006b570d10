//! Facts of a file: no key, no verdict.

use std::path::Path;

use filigrane_credentials::{Credentials, Trust, supports};
use filigrane_media::{Limits, Metadata, PictureSamples, read_metadata};
use serde::Serialize;

use crate::aigc::AigcLabel;
use crate::content::{Content, probe};
use crate::error::Error;
use crate::files;
use crate::report::SCHEMA;

/// Facts of a file.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Version of this shape.
    pub schema: u8,
    /// Always `inspection`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The file as it was named.
    pub file: String,
    /// `image` or `audio`.
    pub media: String,
    /// The format's name.
    pub format: &'static str,
    /// The MIME type.
    pub mime: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file, hexadecimal.
    pub blake3: String,
    /// What the medium is; nothing of formats whose pixels are not read.
    #[serde(flatten)]
    pub shape: Option<Shape>,
    /// What stands beside the medium.
    pub metadata: Vec<String>,
    /// The `AIGC` label of China's GB 45438-2025, which nobody signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aigc: Option<AigcLabel>,
    /// What the credentials say, with nobody trusted.
    pub credentials: Credentials,
}

/// What the medium is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Shape {
    /// A picture.
    Picture {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Samples of a pixel.
        channels: usize,
        /// Bits of a sample.
        bits: u8,
    },
    /// A sound.
    Sound {
        /// Length in seconds.
        duration_s: f64,
        /// Frames per second.
        rate_hz: u32,
        /// Channels.
        channels: usize,
    },
}

/// Looks at a file's facts.
///
/// # Errors
/// [`Error`] names the file when it cannot be read.
pub fn inspect_file(path: impl AsRef<Path>, limits: &Limits) -> Result<Inspection, Error> {
    let path = path.as_ref();
    let inspect = || {
        inspect(
            &files::read(path, limits.max_bytes)?,
            &path.to_string_lossy(),
            limits,
        )
    };
    inspect().map_err(|error| error.in_file(path))
}

/// Looks at the facts of a file's bytes; `name` is what the result calls it.
///
/// # Errors
/// [`Error`] when it cannot be read.
pub fn inspect(bytes: &[u8], name: &str, limits: &Limits) -> Result<Inspection, Error> {
    let format = probe(bytes)?;
    let decode = || Content::decode(bytes, format, limits);
    let content = format.can_decode().then(decode).transpose()?;
    let shape = content.map(|content| match content {
        Content::Picture(picture) => Shape::Picture {
            width: picture.width,
            height: picture.height,
            channels: picture.layout.channels(),
            bits: match picture.samples {
                PictureSamples::U8(_) => 8,
                PictureSamples::U16(_) => 16,
            },
        },
        Content::Sound(sound) => Shape::Sound {
            duration_s: sound.duration_s(),
            rate_hz: sound.rate,
            channels: sound.channels.len(),
        },
    });
    let credentials = if supports(format.mime()) {
        filigrane_credentials::read(bytes, format.mime(), &Trust::none())?
    } else {
        Credentials::absent()
    };
    let metadata = read_metadata(bytes, format);
    Ok(Inspection {
        schema: SCHEMA,
        kind: "inspection",
        file: name.to_owned(),
        media: format.medium().to_string(),
        format: format.name(),
        mime: format.mime(),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(bytes).to_hex().to_string(),
        shape,
        aigc: AigcLabel::read(&metadata),
        metadata: list(&metadata),
        credentials,
    })
}

/// What stands beside the medium, a line each.
fn list(metadata: &Metadata) -> Vec<String> {
    let sized = [
        ("ICC profile", &metadata.icc),
        ("EXIF", &metadata.exif),
        ("XMP", &metadata.xmp),
    ];
    let sized = sized
        .into_iter()
        .filter_map(|(name, content)| Some(format!("{name}, {} bytes", content.as_ref()?.len())));
    let tags = metadata
        .tags
        .iter()
        .map(|tag| format!("{}={}", tag.key, tag.value));
    let chunks = metadata.chunks.iter().map(|chunk| {
        format!(
            "chunk {}, {} bytes",
            String::from_utf8_lossy(&chunk.id),
            chunk.data.len()
        )
    });
    sized.chain(tags).chain(chunks).collect()
}
