//! What symphonia decodes: MP3, Ogg Vorbis, AAC, FLAC, and the compressed kinds of WAV.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{
    AdtsReader, FlacReader, IsoMp4Reader, MpaReader, OggReader, WavReader,
};

use super::allowance::Allowance;
use super::joined::Joined;
use super::samples::SampleDepth;
use super::{Sound, SoundOrigin, damaged, mp4, tags, unsupported};
use crate::error::MediaError;
use crate::format::Format;
use crate::limits::Limits;

/// Packets in a row that may fail before the decoder gives up: some twenty seconds of MP3 or AAC.
/// Without a bound, a table of four thousand million empty packets would keep it busy for hours.
const MAX_FAILURES: usize = 1000;

/// Decodes the first sound track of a file.
pub(super) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Sound, MediaError> {
    // ID3v2 tags stand in front of streams that know nothing of them; a C2PA manifest may lie in
    // one, and be large.
    let bytes = match format {
        Format::Mp3 | Format::Aac => tags::after_id3v2(bytes),
        _ => bytes,
    };
    let mut sound = decode_joined(&[], bytes, format, limits)?;
    if format == Format::M4a
        && let Some(edit) = mp4::playable(bytes, sound.rate)
    {
        trim(&mut sound, edit);
    }
    Ok(sound)
}

/// Decodes the first sound track of the file that `head` and `body` make together.
pub(super) fn decode_joined(
    head: &[u8],
    body: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<Sound, MediaError> {
    let source = Joined::new(head, body);
    let mut reader = open(source, format).map_err(|error| explain(format, &error))?;
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or_else(|| damaged(format, "no sound track"))?;
    let (track_id, mut decoder) = decoder_for(track, format, limits)?;
    let mut decoded = Decoded {
        format,
        depth: stored_depth(format, decoder.as_ref()),
        limits,
        sound: None,
    };

    let mut failures = 0;
    // No format has packets of less than a byte.
    for _ in 0..=body.len() {
        if failures > MAX_FAILURES {
            break;
        }
        let packet = match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == track_id => packet,
            Ok(Some(_)) => continue,
            // `ResetRequired` announces the next link of a chained stream.
            Ok(None) | Err(Error::IoError(_) | Error::ResetRequired) => break,
            Err(_) => {
                failures += 1;
                continue;
            }
        };
        match decoder.decode(&packet) {
            Ok(buffer) => {
                failures = if buffer.is_empty() { failures + 1 } else { 0 };
                decoded.append(&buffer)?;
            }
            Err(Error::DecodeError(_) | Error::IoError(_)) => failures += 1,
            Err(error) => return Err(explain(format, &error)),
        }
    }

    decoded.finish()
}

fn open(source: Joined<'_>, format: Format) -> Result<Box<dyn FormatReader + '_>, Error> {
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let options = FormatOptions::default();
    Ok(match format {
        Format::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
        Format::Aac => Box::new(AdtsReader::try_new(stream, options)?),
        Format::M4a => Box::new(IsoMp4Reader::try_new(stream, options)?),
        Format::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Format::Wav => Box::new(WavReader::try_new(stream, options)?),
        _ => Box::new(OggReader::try_new(stream, options)?),
    })
}

fn decoder_for(
    track: &Track,
    format: Format,
    limits: &Limits,
) -> Result<(u32, Box<dyn AudioDecoder>), MediaError> {
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| unsupported(format, "the codec of its sound track"))?;
    // The decoder takes memory for each channel; both are checked again on what comes out.
    if let (Some(rate), Some(channels)) = (parameters.sample_rate, &parameters.channels) {
        Allowance::new(format, rate, channels.count(), limits)?;
    }
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| explain(format, &error))?;
    Ok((track.id, decoder))
}

/// What came out of a decoder so far.
struct Decoded<'a> {
    format: Format,
    depth: SampleDepth,
    limits: &'a Limits,
    sound: Option<(Sound, Allowance)>,
}

impl Decoded<'_> {
    /// Takes the samples of one packet. The first packet decides rate and width; a later one that
    /// differs is a damaged one, and left out.
    fn append(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), MediaError> {
        if buffer.is_empty() {
            return Ok(());
        }
        let rate = buffer.spec().rate();
        let width = buffer.num_planes();
        let (sound, allowance) = match &mut self.sound {
            Some(started) => started,
            none => none.insert(start(self.format, self.depth, rate, width, self.limits)?),
        };
        if sound.rate != rate || sound.channels.len() != width {
            return Ok(());
        }
        allowance.check((sound.frames() + buffer.frames()) as u64)?;
        let mut planes: Vec<Vec<f32>> = Vec::new();
        buffer.copy_to_vecs_planar(&mut planes);
        for (channel, plane) in sound.channels.iter_mut().zip(&planes) {
            channel.extend_from_slice(plane);
        }
        Ok(())
    }

    fn finish(self) -> Result<Sound, MediaError> {
        self.sound
            .map(|(sound, _)| sound)
            .ok_or_else(|| damaged(self.format, "no audio frame could be decoded"))
    }
}

fn start(
    format: Format,
    depth: SampleDepth,
    rate: u32,
    width: usize,
    limits: &Limits,
) -> Result<(Sound, Allowance), MediaError> {
    let allowance = Allowance::new(format, rate, width, limits)?;
    let channels = vec![Vec::new(); width];
    let origin = SoundOrigin {
        format,
        depth,
        speakers: None,
    };
    Ok((
        Sound {
            rate,
            channels,
            origin,
        },
        allowance,
    ))
}

/// The depth of lossless content. Lossy codecs have none; 16 bits keep all that they leave.
fn stored_depth(format: Format, decoder: &dyn AudioDecoder) -> SampleDepth {
    match format {
        Format::Flac => decoder.codec_params().bits_per_sample,
        _ => None,
    }
    .and_then(SampleDepth::integer_holding)
    .unwrap_or(SampleDepth::I16)
}

/// Leaves only the frames in `keep`.
fn trim(sound: &mut Sound, keep: std::ops::Range<u64>) {
    let frames = sound.frames();
    let end = usize::try_from(keep.end).unwrap_or(frames).min(frames);
    let start = usize::try_from(keep.start).unwrap_or(end).min(end);
    for channel in &mut sound.channels {
        channel.truncate(end);
        channel.drain(..start);
    }
}

fn explain(format: Format, error: &Error) -> MediaError {
    match error {
        Error::Unsupported(what) => unsupported(format, *what),
        Error::IoError(_) => damaged(format, "the content ends too early"),
        other => damaged(format, other.to_string()),
    }
}
