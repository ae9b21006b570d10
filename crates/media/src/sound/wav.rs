//! WAV: PCM and float samples in a RIFF container.
//!
//! Sources: Microsoft's *Multiple channel audio data and WAVE files* (`WAVE_FORMAT_EXTENSIBLE`,
//! 2001) and the RIFF documents named in [`riff`](super::riff).

use super::allowance::Allowance;
use super::riff::{self, Chunk};
use super::samples::{self, SampleDepth};
use super::{Sound, SoundOrigin, cannot_write, coded, damaged, tags};
use crate::error::MediaError;
use crate::format::Format;
use crate::limits::Limits;
use crate::metadata::{Chunk as KeptChunk, Metadata};

const FORMAT_PCM: u16 = 1;
const FORMAT_FLOAT: u16 = 3;
const FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// Bytes 2 to 15 of the subformat GUID, the same for every format tag put into bytes 0 and 1.
const SUBFORMAT_GUID_TAIL: [u8; 14] = [
    0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71,
];

/// Channel masks of the usual layouts for 1 to 8 channels: mono, stereo, 3.0, quad, 5.0, 5.1, 6.1,
/// 7.1 (`KSAUDIO_SPEAKER_*` in Microsoft's `ksmedia.h`).
const USUAL_SPEAKERS: [u32; 8] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];

/// Where XMP stands in a WAV file (*XMP Specification Part 3*, 1.1.2: `_PMX`).
const XMP_CHUNK: &[u8; 4] = b"_PMX";

/// Chunks that are written from the sound itself or must not be carried over.
const OWN_CHUNKS: [&[u8; 4]; 6] = [b"fmt ", b"fact", b"data", b"ds64", b"C2PA", XMP_CHUNK];

/// Bytes of a `ds64` chunk without a table, header included.
const DS64_CHUNK_LEN: usize = 36;

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
        let u16_at = |at: usize| fmt.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
        let u32_at = |at: usize| fmt.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
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

    /// The depth at which samples are stored, or `None` where they are compressed in some way.
    ///
    /// Samples of 12 or 20 bits stand at the top of the next whole number of bytes, so that the
    /// container decides and not the bits in use.
    fn depth(&self) -> Option<SampleDepth> {
        match (self.tag, self.bits) {
            (FORMAT_PCM, 1..=32) => {
                let container = u32::from(self.block_align / self.channels.max(1)) * 8;
                SampleDepth::integer_holding(container.max(u32::from(self.bits)))
            }
            (FORMAT_FLOAT, 32) => Some(SampleDepth::F32),
            (FORMAT_FLOAT, 64) => Some(SampleDepth::F64),
            _ => None,
        }
    }
}

/// Decodes a WAV file. A file that was cut gives the whole frames that are left.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Sound, MediaError> {
    let chunks = riff::chunks(bytes).ok_or_else(|| damaged(Format::Wav, "no RIFF/WAVE header"))?;
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

    // Some writers leave `block_align` at 0.
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
        origin: SoundOrigin {
            format: Format::Wav,
            depth,
            speakers: format.speakers,
        },
    })
}

/// Chunks, XMP and tags of a WAV file.
pub(super) fn read_metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    for chunk in riff::chunks(bytes).unwrap_or_default() {
        match &chunk.id {
            // What describes the samples is written anew; a C2PA manifest is signed for this file.
            b"fmt " | b"fact" | b"data" | b"ds64" | b"C2PA" => {}
            XMP_CHUNK => metadata.xmp = Some(chunk.data.to_vec()),
            _ => metadata.chunks.push(KeptChunk {
                id: chunk.id,
                data: chunk.data.to_vec(),
            }),
        }
    }
    metadata.tags = tags::of_chunks(&metadata.chunks);
    metadata
}

/// Encodes `sound` as WAV with `metadata` in front of the samples.
pub(super) fn encode(
    sound: &Sound,
    depth: SampleDepth,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    encode_with_limit(sound, depth, metadata, MAX_RIFF_SIZE)
}

/// As [`encode`], with 64-bit sizes where a size goes over `max_riff_size`.
fn encode_with_limit(
    sound: &Sound,
    depth: SampleDepth,
    metadata: &Metadata,
    max_riff_size: u64,
) -> Result<Vec<u8>, MediaError> {
    let width = sound.channels.len();
    let frame_bytes = width * depth.bytes();
    if u16::try_from(frame_bytes).is_err() {
        return Err(cannot_write(
            Format::Wav,
            format!("frames of {frame_bytes} bytes"),
        ));
    }
    let data_len = sound.frames() * frame_bytes;

    let mut head = Vec::new();
    riff::push_chunk(&mut head, *b"fmt ", &format_chunk(sound, depth));
    if depth.is_float() {
        // Required beside every format but PCM: the number of frames.
        let frames = u32::try_from(sound.frames()).unwrap_or(u32::MAX);
        riff::push_chunk(&mut head, *b"fact", &frames.to_le_bytes());
    }
    for chunk in kept_chunks(metadata)? {
        riff::push_chunk(&mut head, chunk.id, &chunk.data);
    }

    let pad = data_len % 2;
    let mut riff_size = (4 + head.len() + 8 + data_len + pad) as u64;
    let wide = riff_size > max_riff_size;
    let mut out = Vec::with_capacity(riff_size as usize + 8 + DS64_CHUNK_LEN);
    if wide {
        riff_size += DS64_CHUNK_LEN as u64;
        out.extend_from_slice(b"RF64\xff\xff\xff\xffWAVE");
        riff::push_chunk(
            &mut out,
            *b"ds64",
            &ds64(riff_size, data_len as u64, sound.frames()),
        );
    } else {
        out.extend_from_slice(b"RIFF");
        out.extend_from_slice(&(riff_size as u32).to_le_bytes());
        out.extend_from_slice(b"WAVE");
    }
    out.extend_from_slice(&head);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&(if wide { u32::MAX } else { data_len as u32 }).to_le_bytes());
    push_interleaved(&mut out, sound, depth);
    out.extend(std::iter::repeat_n(0, pad));
    Ok(out)
}

/// The chunks to write beside the samples: those of the source, XMP, and the tags where the
/// source's chunks do not already say the same.
fn kept_chunks(metadata: &Metadata) -> Result<Vec<KeptChunk>, MediaError> {
    let tags_are_there = tags::of_chunks(&metadata.chunks) == metadata.tags;
    let mut kept: Vec<KeptChunk> = metadata
        .chunks
        .iter()
        .filter(|chunk| !OWN_CHUNKS.contains(&&chunk.id))
        .filter(|chunk| tags_are_there || !tags::is_info(chunk))
        .cloned()
        .collect();
    if !tags_are_there && let Some(data) = tags::to_info(&metadata.tags) {
        kept.push(KeptChunk { id: *b"LIST", data });
    }
    if let Some(xmp) = &metadata.xmp {
        kept.push(KeptChunk {
            id: *XMP_CHUNK,
            data: xmp.clone(),
        });
    }
    match kept
        .iter()
        .map(|chunk| chunk.data.len())
        .find(|&length| u32::try_from(length).is_err())
    {
        Some(length) => Err(cannot_write(
            Format::Wav,
            format!("a metadata chunk of {length} bytes"),
        )),
        None => Ok(kept),
    }
}

/// The `ds64` chunk of EBU Tech 3306: sizes of file and data, number of frames, and no table.
fn ds64(riff_size: u64, data_len: u64, frames: usize) -> Vec<u8> {
    let mut chunk = Vec::with_capacity(28);
    for size in [riff_size, data_len, frames as u64] {
        chunk.extend_from_slice(&size.to_le_bytes());
    }
    chunk.extend_from_slice(&0u32.to_le_bytes());
    chunk
}

fn push_interleaved(out: &mut Vec<u8>, sound: &Sound, depth: SampleDepth) {
    for frame in 0..sound.frames() {
        for channel in &sound.channels {
            samples::write_le(out, channel.get(frame).copied().unwrap_or(0.0), depth);
        }
    }
}

fn find<'a>(chunks: &[Chunk<'a>], id: &[u8; 4]) -> Option<&'a [u8]> {
    chunks
        .iter()
        .find(|chunk| chunk.id == *id)
        .map(|chunk| chunk.data)
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
    let tag = if depth.is_float() {
        FORMAT_FLOAT
    } else {
        FORMAT_PCM
    };
    // A mask that names other channels than there are now was made for another sound.
    let named = sound
        .origin
        .speakers
        .filter(|mask| mask.count_ones() <= u32::from(channels));
    let speakers = named.or_else(|| {
        (channels > 2).then(|| {
            USUAL_SPEAKERS
                .get(usize::from(channels) - 1)
                .copied()
                .unwrap_or(0)
        })
    });

    let mut fmt = Vec::with_capacity(40);
    fmt.extend_from_slice(&speakers.map_or(tag, |_| FORMAT_EXTENSIBLE).to_le_bytes());
    fmt.extend_from_slice(&channels.to_le_bytes());
    fmt.extend_from_slice(&sound.rate.to_le_bytes());
    fmt.extend_from_slice(
        &sound
            .rate
            .saturating_mul(u32::from(frame_bytes))
            .to_le_bytes(),
    );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(channels: usize, frames: usize, depth: SampleDepth) -> Sound {
        let channel =
            |c: usize| (0..frames).map(move |n| ((n * 7 + c) % 200) as f32 / 128.0 - 0.75);
        Sound::new(
            8000,
            (0..channels).map(|c| channel(c).collect()).collect(),
            depth,
        )
        .unwrap()
    }

    #[test]
    fn sizes_of_64_bits_are_written_and_read() {
        for (channels, frames) in [(1, 301), (2, 300), (5, 10)] {
            let sound = ramp(channels, frames, SampleDepth::I8);
            let narrow = encode(&sound, SampleDepth::I8, &Metadata::default()).unwrap();
            let wide =
                encode_with_limit(&sound, SampleDepth::I8, &Metadata::default(), 100).unwrap();
            assert_eq!(&wide[..4], b"RF64");
            assert_eq!(wide.len(), narrow.len() + DS64_CHUNK_LEN);
            assert_eq!(
                u64::from_le_bytes(wide[20..28].try_into().unwrap()),
                wide.len() as u64 - 8
            );
            let limits = Limits::default();
            assert_eq!(
                decode(&wide, &limits).unwrap(),
                decode(&narrow, &limits).unwrap()
            );
            // What follows the samples is not taken for samples.
            let mut followed = wide.clone();
            riff::push_chunk(&mut followed, *b"junk", b"behind");
            assert_eq!(decode(&followed, &limits).unwrap().frames(), frames);
        }
    }

    #[test]
    fn samples_of_odd_widths_are_read_from_the_top_of_their_container() {
        // 20 bits in three bytes, and 24 bits in four.
        for (bits, container) in [(20u16, 3u16), (24, 4)] {
            let mut fmt = vec![1, 0, 1, 0];
            fmt.extend_from_slice(&8000u32.to_le_bytes());
            fmt.extend_from_slice(&(8000 * u32::from(container)).to_le_bytes());
            fmt.extend_from_slice(&container.to_le_bytes());
            fmt.extend_from_slice(&bits.to_le_bytes());
            let mut sample = vec![0; usize::from(container)];
            *sample.last_mut().unwrap() = 0x40;
            let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
            riff::push_chunk(&mut bytes, *b"fmt ", &fmt);
            riff::push_chunk(&mut bytes, *b"data", &sample);
            assert_eq!(
                decode(&bytes, &Limits::default()).unwrap().channels,
                [[0.5]]
            );
        }
    }
}
