//! Sounds: decode to planar `f32`, encode, and keep tags, chunks and blocks.
//!
//! | format | read | written | by |
//! |---|---|---|---|
//! | WAV, RF64, BW64 | yes | yes | this module (A-law, µ-law and ADPCM: symphonia) |
//! | FLAC | yes | 8, 16 and 24 bits | symphonia, flacenc |
//! | MP3, Ogg Vorbis, AAC (LC) in MP4 and ADTS | yes | no | symphonia |
//! | Ogg Opus | yes | mono and stereo | ruopus, the container by this module |
//!
//! What an encoder added in front and behind is trimmed where the file says how much: LAME's header
//! in MP3, the granule positions of Ogg, edit list or `iTunSMPB` in MP4. ADTS says nothing.

mod allowance;
mod coded;
mod flac;
mod joined;
mod mp4;
mod ogg;
mod opus;
mod resample;
mod riff;
mod samples;
mod tags;
mod vorbis_comment;
mod wav;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use samples::SampleDepth;

use crate::error::MediaError;
use crate::format::Format;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// A sound in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Frames per second, in Hz.
    pub rate: u32,
    /// One vector of samples for each channel, all of one length. Full scale is ±1.0; floats from
    /// a file may lie beyond. The order is that of WAV: front left and right, centre, low
    /// frequencies, back left and right, sides.
    pub channels: Vec<Vec<f32>>,
    /// How the sound was stored, for writing it back in the same way.
    pub origin: SoundOrigin,
}

impl Sound {
    /// A sound made here, to be stored as `depth` where nothing else is asked for.
    ///
    /// # Errors
    ///
    /// [`MediaError::CannotWrite`] where no format could hold it: a rate of zero, no channels,
    /// more than 65 535 of them, or channels of different lengths.
    pub fn new(rate: u32, channels: Vec<Vec<f32>>, depth: SampleDepth) -> Result<Self, MediaError> {
        let origin = SoundOrigin {
            format: Format::Wav,
            depth,
            speakers: None,
        };
        let sound = Self {
            rate,
            channels,
            origin,
        };
        sound.check(Format::Wav)?;
        Ok(sound)
    }

    /// Samples of one channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Length in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate.max(1))
    }

    /// Whether the fields, which callers may change, still agree with each other.
    fn check(&self, format: Format) -> Result<(), MediaError> {
        let width = self.channels.len();
        if self.rate == 0 {
            return Err(cannot_write(format, "a sampling rate of 0 Hz"));
        }
        if width == 0 || width > usize::from(u16::MAX) {
            return Err(cannot_write(format, format!("{width} channels")));
        }
        if self
            .channels
            .iter()
            .any(|channel| channel.len() != self.frames())
        {
            return Err(cannot_write(format, "channels of different lengths"));
        }
        Ok(())
    }
}

/// How a sound was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundOrigin {
    format: Format,
    depth: SampleDepth,
    /// Speaker positions as in `WAVE_FORMAT_EXTENSIBLE`, where the file named them.
    speakers: Option<u32>,
}

impl SoundOrigin {
    /// The format the sound came from.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The depth it was stored at; 16 bits for what was coded lossily.
    #[must_use]
    pub fn depth(&self) -> SampleDepth {
        self.depth
    }
}

/// How to store a sound. The default keeps to the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SoundEncoding {
    /// Depth in WAV and FLAC; `None` takes the source's. FLAC holds 24 bits at most, and takes
    /// them for anything deeper and for floats.
    pub depth: Option<SampleDepth>,
    /// Bits per second in Opus, 6 000 to 510 000; `None` takes 64 000 for each channel.
    pub bitrate: Option<u32>,
}

/// Decodes a sound.
///
/// A file that was cut gives what is left of it. Chained Ogg files give their first link, HE-AAC
/// its core at half the rate.
///
/// # Errors
///
/// [`MediaError::Limit`] before memory is taken for more than `limits` allow, or in the middle of
/// a stream that does not say how long it is; [`MediaError::Damaged`] where nothing could be
/// decoded; [`MediaError::Unsupported`] for pictures and for codecs that are not known.
pub fn decode_sound(bytes: &[u8], format: Format, limits: &Limits) -> Result<Sound, MediaError> {
    let found = bytes.len() as u64;
    if found > limits.max_bytes {
        return Err(MediaError::Limit {
            what: "bytes",
            limit: limits.max_bytes,
            found,
        });
    }
    guarded(format, || match format {
        Format::Wav => wav::decode(bytes, limits),
        Format::Flac => flac::decode(bytes, limits),
        Format::OggOpus => opus::decode(bytes, limits),
        Format::Mp3 | Format::OggVorbis | Format::M4a | Format::Aac => {
            coded::decode(bytes, format, limits)
        }
        _ => Err(unsupported(format, "decoding as a sound")),
    })
}

/// Encodes a sound with `metadata` beside it.
///
/// Integers are rounded plainly and clipped; 8-, 16- and 24-bit samples that nobody changed come
/// out as they went in. FLAC is decoded again and compared before it is given out. WAV keeps
/// `metadata.chunks`, FLAC `metadata.blocks`; tags go into all three, XMP into WAV.
///
/// # Errors
///
/// [`MediaError::CannotWrite`] for a format that is not written, for channels that the format
/// cannot hold or that differ in length, and where an encoder failed.
pub fn encode_sound(
    sound: &Sound,
    format: Format,
    encoding: &SoundEncoding,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    sound.check(format)?;
    let depth = encoding.depth.unwrap_or(sound.origin.depth);
    let encoded = catch_unwind(AssertUnwindSafe(|| match format {
        Format::Wav => wav::encode(sound, depth, metadata),
        Format::Flac => flac::encode(sound, depth, metadata),
        Format::OggOpus => opus::encode(sound, encoding, metadata),
        _ => Err(cannot_write(format, "there is no encoder for it")),
    }));
    encoded.unwrap_or_else(|_| Err(cannot_write(format, "its encoder failed")))
}

/// Tags, chunks and blocks of a sound; what cannot be read is not there.
pub(crate) fn read_metadata(bytes: &[u8], format: Format) -> Metadata {
    catch_unwind(AssertUnwindSafe(|| match format {
        Format::Wav => wav::read_metadata(bytes),
        Format::Flac => flac::read_metadata(bytes),
        Format::OggVorbis | Format::OggOpus => vorbis_comment::read_ogg(bytes),
        Format::Mp3 | Format::M4a | Format::Aac => tags::read(bytes, format),
        _ => Metadata::default(),
    }))
    .unwrap_or_default()
}

/// A panic inside a decoder is the file's fault, and becomes an error.
fn guarded<T>(
    format: Format,
    decode: impl FnOnce() -> Result<T, MediaError>,
) -> Result<T, MediaError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(damaged(format, "its decoder stopped on an inconsistency")))
}

fn damaged(format: Format, reason: impl Into<String>) -> MediaError {
    MediaError::Damaged {
        format,
        reason: reason.into(),
    }
}

fn unsupported(format: Format, what: impl Into<String>) -> MediaError {
    MediaError::Unsupported {
        format,
        what: what.into(),
    }
}

fn cannot_write(format: Format, reason: impl Into<String>) -> MediaError {
    MediaError::CannotWrite {
        format,
        reason: reason.into(),
    }
}
