//! WAV: PCM and float samples in a RIFF container.
//!
//! Sources: Microsoft's *Multiple channel audio data and WAVE files* (`WAVE_FORMAT_EXTENSIBLE`,
//! 2001) and the RIFF documents named in [`riff`](super::riff).

use super::allowance::Allowance;
use super::riff::{self, Chunk};
use super::samples::{self, SampleDepth};
use super::{Sound, SoundOrigin, coded, damaged};
use crate::{Format, Limits, MediaError};

const FORMAT_PCM: u16 = 1;
const FORMAT_FLOAT: u16 = 3;
const FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// Bytes 2 to 15 of the subformat GUID, the same for every format tag put into bytes 0 and 1.
const SUBFORMAT_GUID_TAIL: [u8; 14] =
    [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];

/// Channel masks of the usual layouts for 1 to 8 channels: mono, stereo, 3.0, quad, 5.0, 5.1, 6.1,
/// 7.1 (`KSAUDIO_SPEAKER_*` in Microsoft's `ksmedia.h`).
const USUAL_SPEAKERS: [u32; 8] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];

/// A RIFF file longer than this needs 64-bit sizes.
const MAX_RIFF_SIZE: u64 = u32::MAX as u64;

/// What the `fmt ` chunk says.
#[derive(Debug, Clone, Copy)]
struct WaveFormat {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
    /// Bytes from one frame to the next.
    block_align: u16,
    /// The channel mask, where the chunk has the extensible form.
    speakers: Option<u32>,
}

impl WaveFormat {
    fn parse(fmt: &[u8]) -> Option<Self> {
        let u16_at = |at: usize| {
            fmt.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
        };
        let u32_at = |at: usize| {
            fmt.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
        };
        let extensible = u16_at(0)? == FORMAT_EXTENSIBLE && fmt.len() >= 40;
        Some(Self {
            tag: if extensible { u16_at(24)? } else { u16_at(0)? },
            channels: u16_at(2)?,
            rate: u32_at(4)?,
            block_align: u16_at(12)?,
            bits: u16_at(14)?,
            speakers: if extensible { u32_at(20) } else { None },
        })
    }

    /// The depth of the samples, or `None` where they are compressed in some way.
    fn depth(&self) -> Option<SampleDepth> {
        match (self.tag, self.bits) {
            (FORMAT_PCM, 1..=32) => SampleDepth::integer_holding(u32::from(self.bits)),
            (FORMAT_FLOAT, 32) => Some(SampleDepth::F32),
            (FORMAT_FLOAT, 64) => Some(SampleDepth::F64),
            _ => None,
        }
    }
}

/// Decodes a WAV file. A file that was cut gives the whole frames that are left.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Sound, MediaError> {
    let chunks =
        riff::chunks(bytes).ok_or_else(|| damaged(Format::Wav, "no RIFF/WAVE header"))?;
    let fmt = find(&chunks, b"fmt ").ok_or_else(|| damaged(Format::Wav, "no `fmt ` chunk"))?;
    let format =
        WaveFormat::parse(fmt).ok_or_else(|| damaged(Format::Wav, "a short `fmt ` chunk"))?;
    let channels = usize::from(format.channels);
    let allowance = Allowance::new(Format::Wav, format.rate, channels, limits)?;
    let Some(depth) = format.depth() else {
        // ADPCM, A-law, µ-law.
        return coded::decode(bytes, Format::Wav, limits);
    };
    let data = find(&chunks, b"data").ok_or_else(|| damaged(Format::Wav, "no `data` chunk"))?;

    // Some writers leave `block_align` at 0; a 20-bit sample may also stand in a wider container.
    let packed = channels * depth.bytes();
    let frame_bytes = match usize::from(format.block_align) {
        0 => packed,
        aligned if aligned == packed => packed,
        aligned => {
            return Err(damaged(
                Format::Wav,
                format!("frames of {aligned} bytes where {packed} were expected"),
            ));
        }
    };
    allowance.check((data.len() / frame_bytes) as u64)?;
    Ok(Sound {
        rate: format.rate,
        channels: deinterleave(data, channels, depth),
        origin: SoundOrigin { format: Format::Wav, depth, speakers: format.speakers },
    })
}

/// Encodes `sound` as WAV with `metadata` around the samples.
pub(super) fn encode(
    sound: &Sound,
    depth: SampleDepth,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    todo!()
}

fn find<'a>(chunks: &[Chunk<'a>], id: &[u8; 4]) -> Option<&'a [u8]> {
    chunks.iter().find(|chunk| chunk.id == *id).map(|chunk| chunk.data)
}

fn deinterleave(data: &[u8], channels: usize, depth: SampleDepth) -> Vec<Vec<f32>> {
    let frames = data.len() / (channels * depth.bytes());
    (0..channels)
        .map(|channel| {
            data.chunks_exact(depth.bytes())
                .skip(channel)
                .step_by(channels)
                .take(frames)
                .map(|sample| samples::read_le(sample, depth))
                .collect()
        })
        .collect()
}

/// The `fmt ` chunk. Stereo and mono take the plain form, as every reader knows it; more channels,
/// or a source that had it, take the extensible form with its speaker positions.
fn format_chunk(sound: &Sound, depth: SampleDepth) -> Vec<u8> {
    let channels = sound.channels.len() as u16;
    let frame_bytes = channels * depth.bytes() as u16;
    let tag = if depth.is_float() { FORMAT_FLOAT } else { FORMAT_PCM };
    let speakers = sound.origin.speakers.or_else(|| {
        (channels > 2).then(|| {
            USUAL_SPEAKERS.get(usize::from(channels) - 1).copied().unwrap_or(0)
        })
    });

    let mut fmt = Vec::with_capacity(40);
    fmt.extend_from_slice(&speakers.map_or(tag, |_| FORMAT_EXTENSIBLE).to_le_bytes());
    fmt.extend_from_slice(&channels.to_le_bytes());
    fmt.extend_from_slice(&sound.rate.to_le_bytes());
    fmt.extend_from_slice(&sound.rate.saturating_mul(u32::from(frame_bytes)).to_le_bytes());
    fmt.extend_from_slice(&frame_bytes.to_le_bytes());
    fmt.extend_from_slice(&depth.bits().to_le_bytes());
    if let Some(speakers) = speakers {
        fmt.extend_from_slice(&22u16.to_le_bytes());
        fmt.extend_from_slice(&depth.bits().to_le_bytes());
        fmt.extend_from_slice(&speakers.to_le_bytes());
        fmt.extend_from_slice(&tag.to_le_bytes());
        fmt.extend_from_slice(&SUBFORMAT_GUID_TAIL);
    } else if depth.is_float() {
        // Every format but PCM carries the size of its extension, here none.
        fmt.extend_from_slice(&0u16.to_le_bytes());
    }
    fmt
}
