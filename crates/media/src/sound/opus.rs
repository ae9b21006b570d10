//! Ogg Opus: reading with pre-skip, output gain and end trimming, writing with the CELT layer.
//!
//! Sources: RFC 6716 (the codec), RFC 7845 (Opus in Ogg), RFC 8486 for what is left out here.

use ruopus::ogg::{ChannelMapping, OpusHead};
use ruopus::{Bandwidth, MultistreamDecoder, OpusDecoder, OpusEncoder};

use super::allowance::Allowance;
use super::ogg::{Packets, PageWriter, Pages};
use super::samples::SampleDepth;
use super::{
    Sound, SoundEncoding, SoundOrigin, cannot_write, damaged, resample, unsupported, vorbis_comment,
};
use crate::error::{MediaError, one_line};
use crate::format::Format;
use crate::limits::Limits;
use crate::metadata::Metadata;

/// Opus always decodes to this rate, whatever went in.
const RATE: u32 = 48_000;

/// Samples per channel of one coded frame: 20 ms, which all encoders use for files.
const FRAME: usize = 960;

/// Delay of the encoder in samples: the overlap of the CELT layer's transform (RFC 6716, 4.3.7).
/// Readers drop that many samples at the start, so that what comes out lines up with what went in.
const PRE_SKIP: usize = 120;

/// Bytes of the longest frame (RFC 6716, 3.4, R2) and its table-of-contents byte.
const MAX_PACKET: usize = 1275;

/// Frames put on one page: one second, as players seek by pages.
const FRAMES_PER_PAGE: usize = 50;

/// Bits per second and channel where no bitrate was asked for. Opus is held to be transparent for
/// most stereo music at 128 kbit/s and for speech well below (RFC 7587, 3.1.1 recommends 64 to
/// 128 kbit/s for fullband stereo music).
const DEFAULT_BITRATE_PER_CHANNEL: u32 = 64_000;

/// Bits per second that the format can hold (RFC 6716, 2.1.1).
const BITRATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;

/// For 3 to 8 channels: where each channel of the order in which Ogg stores them (Vorbis I
/// specification, 4.3.9) goes in the order of WAV and FLAC.
const TO_WAVE_ORDER: [&[usize]; 6] = [
    // Left, centre, right.
    &[0, 2, 1],
    // Front left and right, back left and right.
    &[0, 1, 2, 3],
    // Front left, centre, front right, back left and right; from here on with low frequencies last.
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 4, 5, 3],
    // Front left, centre, front right, side left and right, back centre.
    &[0, 2, 1, 5, 6, 4, 3],
    // Front left, centre, front right, side left and right, back left and right.
    &[0, 2, 1, 6, 7, 4, 5, 3],
];

enum Decoder {
    Single(Box<OpusDecoder>),
    Multi(Box<MultistreamDecoder>),
}

impl Decoder {
    fn new(head: &OpusHead) -> Result<Self, MediaError> {
        match &head.channel_mapping {
            ChannelMapping::Family0 => Ok(Self::Single(Box::new(OpusDecoder::new(usize::from(
                head.channel_count,
            ))))),
            ChannelMapping::Table {
                family: 1 | 255,
                stream_count,
                coupled_count,
                mapping,
            } => Ok(Self::Multi(Box::new(MultistreamDecoder::with_rate(
                RATE,
                usize::from(*stream_count),
                usize::from(*coupled_count),
                mapping,
            )))),
            ChannelMapping::Table { family, .. } => Err(unsupported(
                Format::OggOpus,
                format!("channel mapping family {family}"),
            )),
        }
    }

    /// Interleaved samples of one packet; nothing where the packet is damaged.
    fn decode(&mut self, packet: &[u8]) -> Vec<f32> {
        match self {
            Self::Single(decoder) => decoder.decode_packet(packet),
            Self::Multi(decoder) => decoder.decode_packet(packet),
        }
        .unwrap_or_default()
    }
}

/// Decodes the first Opus stream of an Ogg file to 48 kHz.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Sound, MediaError> {
    let (head, serial) = find_head(bytes)?;
    let channels = usize::from(head.channel_count);
    let allowance = Allowance::new(Format::OggOpus, RATE, channels, limits)?;
    let mut decoder = Decoder::new(&head)?;

    let mut decoded = Decoded {
        channels: vec![Vec::new(); channels],
        start: None,
        end: None,
    };
    let mut packets = Packets::default();
    let mut headers_left = 2;
    for page in Pages::new(bytes).filter(|page| page.serial == serial) {
        let before = decoded.frames();
        packets.push_page(&page, |packet| {
            if headers_left > 0 {
                headers_left -= 1;
            } else {
                decoded.append(&decoder.decode(packet));
            }
        });
        allowance.check(decoded.frames() as u64)?;
        if let (0, Some(granule)) = (headers_left, page.granule()) {
            decoded.place((decoded.frames() - before) as u64, granule, page.is_last());
        }
        if page.is_last() {
            break;
        }
    }
    if decoded.frames() == 0 {
        return Err(damaged(Format::OggOpus, "no audio packet could be decoded"));
    }
    let channels = decoded.finish(&head);
    Ok(Sound {
        rate: RATE,
        channels,
        origin: SoundOrigin {
            format: Format::OggOpus,
            depth: SampleDepth::I16,
            speakers: None,
        },
    })
}

/// The identification header of the first Opus stream, and the stream's serial number.
fn find_head(bytes: &[u8]) -> Result<(OpusHead, u32), MediaError> {
    let page = Pages::new(bytes)
        .take_while(|page| page.is_first())
        .find(|page| page.body().starts_with(b"OpusHead"))
        .ok_or_else(|| damaged(Format::OggOpus, "no `OpusHead` page"))?;
    let head =
        OpusHead::parse(page.body()).map_err(|error| damaged(Format::OggOpus, one_line(&error)))?;
    Ok((head, page.serial))
}

/// What came out of the decoder so far, and where in the stream it lies.
struct Decoded {
    channels: Vec<Vec<f32>>,
    /// Granule position of the first decoded sample.
    start: Option<u64>,
    /// Granule position where the stream says that it ends.
    end: Option<u64>,
}

impl Decoded {
    fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    fn append(&mut self, interleaved: &[f32]) {
        let width = self.channels.len();
        for (index, channel) in self.channels.iter_mut().enumerate() {
            channel.extend(interleaved.iter().skip(index).step_by(width));
        }
    }

    /// Takes note of a page's granule position after its `frames` were appended. A stream cut out
    /// of a broadcast does not start at 0; one whose only page is its last ends early instead.
    fn place(&mut self, frames: u64, granule: u64, last: bool) {
        let start = self.start.get_or_insert(if last {
            0
        } else {
            granule.saturating_sub(frames)
        });
        if last {
            self.end = Some(granule.saturating_sub(*start));
        }
    }

    /// Trims both ends, applies the output gain and puts the channels into the order of WAV.
    fn finish(mut self, head: &OpusHead) -> Vec<Vec<f32>> {
        let frames = self.frames();
        let end = self
            .end
            .and_then(|end| usize::try_from(end).ok())
            .unwrap_or(frames)
            .min(frames);
        let skip = usize::from(head.pre_skip).min(end);
        // Q7.8 decibels (RFC 7845, 5.1).
        let gain = 10f32.powf(f32::from(head.output_gain_q8) / (20.0 * 256.0));
        for channel in &mut self.channels {
            channel.truncate(end);
            channel.drain(..skip);
            if head.output_gain_q8 != 0 {
                channel.iter_mut().for_each(|sample| *sample *= gain);
            }
        }
        let in_vorbis_order = matches!(
            head.channel_mapping,
            ChannelMapping::Table { family: 1, .. }
        );
        match self
            .channels
            .len()
            .checked_sub(3)
            .and_then(|row| TO_WAVE_ORDER.get(row))
        {
            Some(order) if in_vorbis_order => {
                let mut ordered = vec![Vec::new(); order.len()];
                for (channel, &to) in self.channels.into_iter().zip(order.iter()) {
                    if let Some(place) = ordered.get_mut(to) {
                        *place = channel;
                    }
                }
                ordered
            }
            _ => self.channels,
        }
    }
}

/// Encodes mono or stereo as Ogg Opus. Other rates than 48 kHz are resampled first.
pub(super) fn encode(
    sound: &Sound,
    encoding: &SoundEncoding,
    metadata: &Metadata,
) -> Result<Vec<u8>, MediaError> {
    let width = sound.channels.len();
    if width > 2 {
        return Err(cannot_write(
            Format::OggOpus,
            format!("{width} channels, at most 2 can be written"),
        ));
    }
    let channels = resample::to_rate(&sound.channels, sound.rate, RATE);
    let frames = channels.first().map_or(0, Vec::len);
    let bitrate = encoding
        .bitrate
        .unwrap_or(DEFAULT_BITRATE_PER_CHANNEL * width as u32)
        .clamp(*BITRATES.start(), *BITRATES.end());

    let mut encoder = OpusEncoder::new(width);
    encoder.set_bandwidth(bandwidth(sound.rate));
    encoder.set_bitrate(Some(bitrate));

    let head = OpusHead::family0(width as u8, PRE_SKIP as u16, sound.rate);
    let mut pages = PageWriter::new(serial(&channels));
    pages.push(&head.to_bytes(), 0);
    pages.end_page();
    pages.push(&tags_packet(metadata), 0);
    pages.end_page();

    // The decoder owes `PRE_SKIP` samples before the first one that counts.
    let packets = (frames + PRE_SKIP).div_ceil(FRAME);
    for index in 0..packets {
        let frame = interleave(&channels, index * FRAME);
        let packet = encoder
            .encode(&frame, MAX_PACKET)
            .map_err(|error| cannot_write(Format::OggOpus, error.to_string()))?;
        let end = ((index + 1) * FRAME).min(frames + PRE_SKIP);
        pages.push(&packet, end as u64);
        if (index + 1) % FRAMES_PER_PAGE == 0 && index + 1 < packets {
            pages.end_page();
        }
    }
    Ok(pages.finish())
}

/// The frame of 20 ms from `start` on, silent where the sound has ended.
fn interleave(channels: &[Vec<f32>], start: usize) -> Vec<f32> {
    (start..start + FRAME)
        .flat_map(|frame| {
            channels
                .iter()
                .map(move |channel| channel.get(frame).copied())
        })
        .map(|sample| {
            sample
                .filter(|sample| sample.is_finite())
                .unwrap_or(0.0)
                .clamp(-1.0, 1.0)
        })
        .collect()
}

/// The narrowest band that holds what a source at `rate` can have (RFC 6716, 2.1.3).
fn bandwidth(rate: u32) -> Bandwidth {
    match rate {
        0..=8_000 => Bandwidth::NarrowBand,
        8_001..=16_000 => Bandwidth::WideBand,
        16_001..=24_000 => Bandwidth::SuperWideBand,
        _ => Bandwidth::FullBand,
    }
}

fn tags_packet(metadata: &Metadata) -> Vec<u8> {
    let mut packet = b"OpusTags".to_vec();
    packet.extend_from_slice(&vorbis_comment::to_bytes(&metadata.tags));
    packet
}

/// A serial number that differs between sounds and is the same for the same sound, so that encoding
/// is repeatable: FNV-1a over the first second.
fn serial(channels: &[Vec<f32>]) -> u32 {
    channels
        .iter()
        .flat_map(|channel| channel.iter().take(RATE as usize))
        .fold(0x811c_9dc5, |hash, sample| {
            (hash ^ sample.to_bits()).wrapping_mul(0x0100_0193)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surround_channels_go_to_the_places_of_wav() {
        // Names in the order of the Vorbis I specification, 4.3.9, and of WAV.
        let layouts: [(&str, &str); 6] = [
            ("L C R", "L R C"),
            ("L R BL BR", "L R BL BR"),
            ("L C R BL BR", "L R C BL BR"),
            ("L C R BL BR LFE", "L R C LFE BL BR"),
            ("L C R SL SR BC LFE", "L R C LFE BC SL SR"),
            ("L C R SL SR BL BR LFE", "L R C LFE BL BR SL SR"),
        ];
        for (order, (vorbis, wave)) in TO_WAVE_ORDER.iter().zip(layouts) {
            let mut placed = vec![""; order.len()];
            for (name, &to) in vorbis.split(' ').zip(*order) {
                placed[to] = name;
            }
            assert_eq!(placed.join(" "), wave);
        }
    }

    #[test]
    fn output_gain_and_pre_skip_are_applied() {
        let mut head = OpusHead::family0(1, 3, RATE);
        head.output_gain_q8 = 20 * 256;
        let decoded = Decoded {
            channels: vec![vec![0.01; 10]],
            start: Some(0),
            end: Some(8),
        };
        let channels = decoded.finish(&head);
        assert_eq!(channels[0].len(), 5);
        assert!((channels[0][0] - 0.1).abs() < 1e-6);
    }
}
