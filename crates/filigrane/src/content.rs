//! Decoded media, and the views of them that the watermarks take.

use filigrane_audio::{SoundMut, SoundRef};
use filigrane_image::{Channels, PixelsMut, PixelsRef, Samples, SamplesMut};
use filigrane_media::{
    Format, Layout, Limits, Medium, Metadata, Picture, PictureEncoding, PictureSamples, Sound,
    SoundEncoding, decode_picture, decode_sound, encode_picture, encode_sound,
};

use crate::error::Error;

/// Pixels or samples.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Picture(Picture),
    Sound(Sound),
}

/// How to write a result.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Encoding {
    pub(crate) quality: Option<u8>,
}

/// The format of a file's bytes, within the limit on their number.
pub(crate) fn probe(bytes: &[u8]) -> Result<Format, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    Format::probe(bytes).ok_or_else(|| {
        let found = bytes
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" ");
        filigrane_media::MediaError::Unrecognised {
            found: format!("it begins with {found}"),
        }
        .into()
    })
}

impl Content {
    pub(crate) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Self, Error> {
        Ok(match format.medium() {
            Medium::Image => Self::Picture(decode_picture(bytes, format, limits)?),
            Medium::Audio => Self::Sound(decode_sound(bytes, format, limits)?),
        })
    }

    pub(crate) fn encode(
        &self,
        format: Format,
        encoding: Encoding,
        metadata: &Metadata,
    ) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Picture(picture) => {
                let encoding = PictureEncoding {
                    quality: encoding.quality,
                    ..PictureEncoding::default()
                };
                encode_picture(picture, format, &encoding, metadata)?
            }
            // Lossless formats have no quality; for Opus it spans 16 to 160 kb/s per channel.
            Self::Sound(sound) => {
                let per_channel = |quality: u8| 16_000 + (u32::from(quality) - 1) * 144_000 / 99;
                let channels = u32::try_from(sound.channels.len()).unwrap_or(1);
                let bitrate = encoding
                    .quality
                    .map(|quality| per_channel(quality.clamp(1, 100)) * channels);
                encode_sound(
                    sound,
                    format,
                    &SoundEncoding {
                        bitrate,
                        ..SoundEncoding::default()
                    },
                    metadata,
                )?
            }
        })
    }

    /// Columns and rows of a picture, samples and channels of a sound.
    pub(crate) fn size(&self) -> (u64, u64) {
        match self {
            Self::Picture(picture) => (u64::from(picture.width), u64::from(picture.height)),
            Self::Sound(sound) => (sound.frames() as u64, sound.channels.len() as u64),
        }
    }
}

/// A picture as the image watermark looks at it.
pub(crate) fn pixels(picture: &Picture) -> Result<PixelsRef<'_>, Error> {
    let samples = match &picture.samples {
        PictureSamples::U8(samples) => Samples::U8(samples),
        PictureSamples::U16(samples) => Samples::U16(samples),
    };
    Ok(PixelsRef::new(
        picture.width,
        picture.height,
        channels(picture.layout),
        samples,
    )?)
}

/// A picture as the image watermark changes it.
pub(crate) fn pixels_mut(picture: &mut Picture) -> Result<PixelsMut<'_>, Error> {
    let samples = match &mut picture.samples {
        PictureSamples::U8(samples) => SamplesMut::U8(samples),
        PictureSamples::U16(samples) => SamplesMut::U16(samples),
    };
    Ok(PixelsMut::new(
        picture.width,
        picture.height,
        channels(picture.layout),
        samples,
    )?)
}

const fn channels(layout: Layout) -> Channels {
    match layout {
        Layout::Gray => Channels::Gray,
        Layout::GrayAlpha => Channels::GrayAlpha,
        Layout::Rgb => Channels::Rgb,
        Layout::Rgba => Channels::Rgba,
    }
}

/// A sound as the audio watermark looks at it.
pub(crate) fn samples(sound: &Sound) -> Result<SoundRef<'_>, Error> {
    Ok(SoundRef::new(
        sound.rate,
        sound.channels.iter().map(Vec::as_slice),
    )?)
}

/// A sound as the audio watermark changes it.
pub(crate) fn samples_mut(sound: &mut Sound) -> Result<SoundMut<'_>, Error> {
    Ok(SoundMut::new(
        sound.rate,
        sound.channels.iter_mut().map(Vec::as_mut_slice),
    )?)
}
