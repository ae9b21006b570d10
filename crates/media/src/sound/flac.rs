//! FLAC: metadata blocks by this module, frames by symphonia and flacenc.
//!
//! Source: RFC 9639.

use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, StreamInfo};
use flacenc::config;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Context, Fill, FrameBuf};

use super::allowance::Allowance;
use super::samples::{SampleDepth, quantise};
use super::{Sound, SoundOrigin, cannot_write, coded, damaged, tags, vorbis_comment};
use crate::error::MediaError;
use crate::format::Format;
use crate::limits::Limits;
use crate::metadata::{Block, Metadata};

// Block types of RFC 9639, section 8.1.
const STREAM_INFO: u8 = 0;
const PADDING: u8 = 1;
const APPLICATION: u8 = 2;
const SEEK_TABLE: u8 = 3;
const VORBIS_COMMENT: u8 = 4;
const INVALID: u8 = 127;

/// Set in a block's type where no other follows.
const LAST_BLOCK: u8 = 0x80;

/// A block's length is written in 24 bits.
const MAX_BLOCK_LEN: usize = (1 << 24) - 1;

/// Blocks beyond this number are not read.
const MAX_BLOCKS: usize = 4096;

/// Frames in one FLAC frame, as the reference encoder takes them at its default level.
const BLOCK_SIZE: usize = 4096;

const MAX_CHANNELS: usize = 8;
/// A rate is written in 20 bits (RFC 9639, section 8.2).
const MAX_RATE: u32 = (1 << 20) - 1;

/// Decodes a FLAC stream. Of its metadata, the decoder sees the stream information alone: the rest
/// is of no use to it, may be large, and where it is damaged, the frames need not be.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Sound, MediaError> {
    let (blocks, frames) = split(bytes).ok_or_else(|| damaged(Format::Flac, "no `fLaC` marker"))?;
    let Some(&(STREAM_INFO, info)) = blocks.first() else {
        return Err(damaged(Format::Flac, "no stream information"));
    };
    if frames.is_empty() {
        return empty(info, limits);
    }
    let mut head = b"fLaC".to_vec();
    push_block(&mut head, STREAM_INFO | LAST_BLOCK, info);
    coded::decode_joined(&head, frames, Format::Flac, limits)
}

/// The sound of a stream without a frame, if its header says that there is none.
fn empty(info: &[u8], limits: &Limits) -> Result<Sound, MediaError> {
    let packed: [u8; 8] = info
        .get(10..18)
        .and_then(|packed| packed.try_into().ok())
        .ok_or_else(|| damaged(Format::Flac, "a short stream information"))?;
    // 20 bits of rate, 3 of channels less 1, 5 of depth less 1, 36 of frames.
    let packed = u64::from_be_bytes(packed);
    if packed & ((1 << 36) - 1) != 0 {
        return Err(damaged(Format::Flac, "no audio frame could be decoded"));
    }
    let rate = (packed >> 44) as u32;
    let width = (packed >> 41 & 7) as usize + 1;
    Allowance::new(Format::Flac, rate, width, limits)?;
    let depth =
        SampleDepth::integer_holding((packed >> 36 & 31) as u32 + 1).unwrap_or(SampleDepth::I16);
    let origin = SoundOrigin {
        format: Format::Flac,
        depth,
        speakers: None,
    };
    Ok(Sound {
        rate,
        channels: vec![Vec::new(); width],
        origin,
    })
}

/// Tags, pictures, cue sheets and whatever else stands in front of the frames.
pub(super) fn read_metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let Some((blocks, _)) = split(bytes) else {
        return metadata;
    };
    for (kind, data) in blocks {
        match kind {
            // These describe the frames, which will be others.
            STREAM_INFO | SEEK_TABLE | PADDING | INVALID => {}
            VORBIS_COMMENT => metadata.tags.extend(vorbis_comment::parse(data)),
            APPLICATION
                if data
                    .get(..4)
                    .is_some_and(|id| id.eq_ignore_ascii_case(b"c2pa")) => {}
            _ => metadata.blocks.push(Block {
                kind,
                data: data.to_vec(),
            }),
        }
    }
    metadata
}

/// Type and content of a metadata block.
type RawBlock<'a> = (u8, &'a [u8]);

/// The metadata blocks and the frames behind them. An ID3v2 tag in front, which is where a C2PA
/// manifest lies, is left out.
fn split(bytes: &[u8]) -> Option<(Vec<RawBlock<'_>>, &[u8])> {
    let mut rest = tags::after_id3v2(bytes).strip_prefix(b"fLaC")?;
    let mut blocks = Vec::new();
    while let Some((&[kind, a, b, c], after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let Some((data, after)) = after.split_at_checked(length) else {
            break;
        };
        blocks.push((kind & !LAST_BLOCK, data));
        rest = after;
        if kind & LAST_BLOCK != 0 || blocks.len() == MAX_BLOCKS {
            break;
        }
    }
    Some((blocks, rest))
}

/// Encodes `sound`, decodes the result and compares it with what went in.
pub(super) fn encode(
    sound: &Sound,
    depth: SampleDepth,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    let width = sound.channels.len();
    if width > MAX_CHANNELS {
        return Err(cannot_write(
            Format::Flac,
            format!("{width} channels, at most {MAX_CHANNELS} are possible"),
        ));
    }
    if sound.rate > MAX_RATE {
        return Err(cannot_write(
            Format::Flac,
            format!("{} Hz, at most {MAX_RATE} Hz are possible", sound.rate),
        ));
    }
    let bits = match depth {
        SampleDepth::I8 => 8,
        SampleDepth::I16 => 16,
        SampleDepth::I24 | SampleDepth::I32 | SampleDepth::F32 | SampleDepth::F64 => 24,
    };
    let frames = encode_frames(sound, bits)?;

    let mut out = b"fLaC".to_vec();
    push_block(&mut out, STREAM_INFO, &frames.stream_info(sound, bits));
    for block in metadata.blocks.iter().filter(|block| is_kept(block)) {
        push_block(&mut out, block.kind, &block.data);
    }
    push_block(&mut out, VORBIS_COMMENT | LAST_BLOCK, &comments(metadata));
    out.extend_from_slice(&frames.bytes);
    if sound.frames() > 0 {
        compare(sound, bits, &out)?;
    }
    Ok(out)
}

fn push_block(out: &mut Vec<u8>, kind: u8, data: &[u8]) {
    let [_, a, b, c] = (data.len() as u32).to_be_bytes();
    out.extend_from_slice(&[kind, a, b, c]);
    out.extend_from_slice(data);
}

/// Whether a block from elsewhere may stand beside those written here.
fn is_kept(block: &Block) -> bool {
    block.data.len() <= MAX_BLOCK_LEN
        && block.kind < INVALID
        && !matches!(
            block.kind,
            STREAM_INFO | PADDING | SEEK_TABLE | VORBIS_COMMENT
        )
}

/// The comment block; without tags where they are longer than a block may be.
fn comments(metadata: &Metadata) -> Vec<u8> {
    let block = vorbis_comment::to_bytes(&metadata.tags);
    if block.len() <= MAX_BLOCK_LEN {
        block
    } else {
        vorbis_comment::to_bytes(&[])
    }
}

/// Encoded frames and what the stream information says about them.
struct Frames {
    bytes: Vec<u8>,
    shortest: usize,
    longest: usize,
    md5: [u8; 16],
}

impl Frames {
    /// The content of the stream information block (RFC 9639, section 8.2).
    fn stream_info(&self, sound: &Sound, bits: u16) -> Vec<u8> {
        let mut info = Vec::with_capacity(34);
        info.extend_from_slice(&(BLOCK_SIZE as u16).to_be_bytes());
        info.extend_from_slice(&(BLOCK_SIZE as u16).to_be_bytes());
        for length in [self.shortest, self.longest] {
            let [_, a, b, c] = (length as u32).to_be_bytes();
            info.extend_from_slice(&[a, b, c]);
        }
        // A length that needs more than 36 bits is written as unknown.
        let frames = Some(sound.frames() as u64)
            .filter(|&n| n < 1 << 36)
            .unwrap_or(0);
        let packed = u64::from(sound.rate) << 44
            | (sound.channels.len() as u64 - 1) << 41
            | (u64::from(bits) - 1) << 36
            | frames;
        info.extend_from_slice(&packed.to_be_bytes());
        info.extend_from_slice(&self.md5);
        info
    }
}

fn encode_frames(sound: &Sound, bits: u16) -> Result<Frames, MediaError> {
    let width = sound.channels.len();
    let failed = |error: &dyn std::fmt::Display| cannot_write(Format::Flac, error.to_string());
    let config = encoder_settings()?;
    let info = StreamInfo::new(sound.rate as usize, width, usize::from(bits))
        .map_err(|error| failed(&error))?;
    let mut buffer = FrameBuf::with_size(width, BLOCK_SIZE).map_err(|error| failed(&error))?;
    let mut digest = Context::new(usize::from(bits), width);
    let mut frames = Frames {
        bytes: Vec::new(),
        shortest: 0,
        longest: 0,
        md5: [0; 16],
    };

    for (index, start) in (0..sound.frames()).step_by(BLOCK_SIZE).enumerate() {
        let block = interleaved_block(sound, start, bits);
        digest
            .fill_interleaved(&block)
            .map_err(|error| failed(&error))?;
        buffer
            .fill_interleaved(&block)
            .map_err(|error| failed(&error))?;
        let frame = flacenc::encode_fixed_size_frame(&config, &buffer, index, &info)
            .map_err(|error| failed(&error))?;
        let mut sink = ByteSink::new();
        frame.write(&mut sink).map_err(|error| failed(&error))?;
        let written = sink.as_slice();
        frames.shortest = if index == 0 {
            written.len()
        } else {
            frames.shortest.min(written.len())
        };
        frames.longest = frames.longest.max(written.len());
        frames.bytes.extend_from_slice(written);
    }
    if sound.frames() > 0 {
        frames.md5 = digest.md5_digest();
    }
    Ok(frames)
}

fn encoder_settings() -> Result<Verified<config::Encoder>, MediaError> {
    let mut settings = config::Encoder::default();
    // A library leaves it to its caller how many cores are used.
    settings.multithread = false;
    settings
        .into_verified()
        .map_err(|(_, error)| cannot_write(Format::Flac, error.to_string()))
}

/// Up to `BLOCK_SIZE` frames from `start` on as integers of `bits` bits.
fn interleaved_block(sound: &Sound, start: usize, bits: u16) -> Vec<i32> {
    let end = (start + BLOCK_SIZE).min(sound.frames());
    (start..end)
        .flat_map(|frame| {
            sound.channels.iter().map(move |channel| {
                channel
                    .get(frame)
                    .map_or(0, |&sample| quantise(sample, bits))
            })
        })
        .collect()
}

/// Decodes what was written and compares it, sample by sample.
fn compare(sound: &Sound, bits: u16, written: &[u8]) -> Result<(), MediaError> {
    let unlimited = Limits {
        max_bytes: u64::MAX,
        max_duration_s: f64::INFINITY,
        max_channels: u16::MAX,
        ..Limits::default()
    };
    let decoded = decode(written, &unlimited)?;
    let equal = decoded.rate == sound.rate
        && decoded.channels.len() == sound.channels.len()
        && decoded
            .channels
            .iter()
            .zip(&sound.channels)
            .all(|(found, expected)| {
                found.len() == expected.len()
                    && found.iter().zip(expected).all(|(&found, &expected)| {
                        quantise(found, bits) == quantise(expected, bits)
                    })
            });
    if equal {
        Ok(())
    } else {
        Err(cannot_write(
            Format::Flac,
            "the encoded samples differ from the given ones",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_sees_a_changed_sample() {
        let channel: Vec<f32> = (0..9000).map(|n| (n % 100) as f32 / 128.0).collect();
        let mut sound =
            Sound::new(44_100, vec![channel.clone(), channel], SampleDepth::I16).unwrap();
        let written = encode(&sound, SampleDepth::I16, &Metadata::default()).unwrap();
        assert!(compare(&sound, 16, &written).is_ok());
        sound.channels[1][8999] += 1.0 / 32_768.0;
        assert!(compare(&sound, 16, &written).is_err());
    }

    #[test]
    fn blocks_that_belong_to_other_frames_are_not_written() {
        let blocks =
            [STREAM_INFO, PADDING, SEEK_TABLE, VORBIS_COMMENT, INVALID, 5].map(|kind| Block {
                kind,
                data: vec![0; 34],
            });
        let metadata = Metadata {
            blocks: blocks.to_vec(),
            ..Metadata::default()
        };
        let sound = Sound::new(8000, vec![vec![0.5; 10]], SampleDepth::I16).unwrap();
        let written = encode(&sound, SampleDepth::I16, &metadata).unwrap();
        let kinds: Vec<u8> = split(&written)
            .unwrap()
            .0
            .iter()
            .map(|block| block.0)
            .collect();
        assert_eq!(kinds, [STREAM_INFO, 5, VORBIS_COMMENT]);
    }
}
