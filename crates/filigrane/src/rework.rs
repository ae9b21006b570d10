//! What happens to files in the world, for demonstrations: metadata lost, scaled down, coded again.

use filigrane_media::{Format, Limits, Metadata, Picture, PictureSamples};

use crate::content::{Content, Encoding, probe};
use crate::error::Error;

/// Quality of the pictures.
const JPEG_QUALITY: u8 = 60;
/// Quality of the sounds: about 48 kb/s per channel.
const OPUS_QUALITY: u8 = 23;

/// A file after its journey.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recoded {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// What was done.
    pub description: &'static str,
}

/// Throws all metadata away; a picture is scaled to half its size and saved as JPEG 60, a sound as Opus
/// at about 48 kb/s per channel.
///
/// # Errors
/// [`Error`] when the bytes cannot be read or written again.
pub fn recode(bytes: &[u8], limits: &Limits) -> Result<Recoded, Error> {
    let (content, format, quality, description) =
        match Content::decode(bytes, probe(bytes)?, limits)? {
            Content::Picture(picture) => (
                Content::Picture(halved(picture)),
                Format::Jpeg,
                JPEG_QUALITY,
                "metadata stripped, half size, JPEG 60",
            ),
            sound @ Content::Sound(_) => (
                sound,
                Format::OggOpus,
                OPUS_QUALITY,
                "metadata stripped, Opus 48 kb/s",
            ),
        };
    let encoding = Encoding {
        quality: Some(quality),
    };
    let bytes = content.encode(format, encoding, &Metadata::default())?;
    Ok(Recoded {
        bytes,
        format,
        description,
    })
}

/// Half the columns and rows, each pixel the mean of four; an odd last row or column is dropped.
fn halved(picture: Picture) -> Picture {
    let channels = picture.layout.channels();
    let (width, height) = (picture.width as usize, picture.height as usize);
    if width < 2 || height < 2 {
        return picture;
    }
    let stride = width * channels;
    let mean = |at: &dyn Fn(usize) -> u32| -> Vec<u32> {
        let mut out = Vec::with_capacity((width / 2) * (height / 2) * channels);
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                for channel in 0..channels {
                    let corner = 2 * y * stride + 2 * x * channels + channel;
                    let sum = at(corner)
                        + at(corner + channels)
                        + at(corner + stride)
                        + at(corner + stride + channels);
                    out.push((sum + 2) / 4);
                }
            }
        }
        out
    };
    let samples = match &picture.samples {
        PictureSamples::U8(samples) => PictureSamples::U8(
            mean(&|i| samples.get(i).map_or(0, |&v| u32::from(v)))
                .into_iter()
                .map(|v| v as u8)
                .collect(),
        ),
        PictureSamples::U16(samples) => PictureSamples::U16(
            mean(&|i| samples.get(i).map_or(0, |&v| u32::from(v)))
                .into_iter()
                .map(|v| v as u16)
                .collect(),
        ),
    };
    Picture {
        width: (width / 2) as u32,
        height: (height / 2) as u32,
        samples,
        ..picture
    }
}
