//! Long recordings with several marks in them: which are found, how well they are placed, and what looking
//! costs in time and memory.
//!
//! The corpus' clips of the commonest sampling rate follow one another until the recording is long enough.
//! Once a minute 5 to 10 s of a clip that carries a mark of its own are put in, every other time at a speed
//! of 0.9 to 1.1. One call then looks at the whole recording.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use filigrane_audio::{AudioPlace, AudioPlan, AudioWatermark, SoundMut, SoundRef};
use filigrane_payload::{Detection, Key, Mark, MarkId, Origin, Payload, Watermark};

use super::attacks::speed;
use super::corpus::Corpus;
use super::sound::Sound;
use crate::clock::timed;
use crate::error::BenchError;
use crate::random::Random;

/// Seconds in which one mark lies.
const PACE_S: f64 = 60.0;
/// Of a clip so much is marked at most.
const CLIP_S: f64 = 20.0;
/// Seconds by which a border may be wrong.
const BORDER_S: f64 = 1.0;

/// A marked part of the recording.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    payload: Payload,
    start_s: f64,
    end_s: f64,
    factor: f64,
}

/// What became of the parts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    parts: usize,
    found: usize,
    /// Found with both borders within [`BORDER_S`].
    placed: usize,
    worst_s: f64,
}

/// Makes a recording of so many minutes, looks at it, and gives the result as Markdown.
///
/// # Errors
/// [`BenchError::Key`] when no plan can be made; [`BenchError::Codec`] when the recording cannot be looked at.
pub fn long(corpus: &Corpus, key: &Key, minutes: f64, seed: u64) -> Result<String, BenchError> {
    let plan = AudioPlan::new(key).map_err(|error| BenchError::Key {
        reason: error.to_string(),
    })?;
    let clips = clips_of_one_shape(corpus);
    let mut recording = background(&clips, 60.0 * minutes);
    let parts = put_in(&mut recording, &clips, &plan, seed);
    let failed = |error: filigrane_audio::AudioError| BenchError::Codec {
        codec: "filigrane",
        reason: error.to_string(),
    };
    let before = peak_memory();
    let (detection, time) = timed(|| {
        let channels = recording.channels.iter().map(Vec::as_slice);
        let view = SoundRef::new(recording.rate, channels)?;
        AudioWatermark::new().detect(view, &[&plan])
    });
    let marks = marks(detection.map_err(failed)?);
    let samples = recording.frames() * recording.channels.len();
    let memory = Memory {
        samples: samples * size_of::<f32>(),
        before,
        after: peak_memory(),
    };
    let factor = recording.seconds() / time.as_secs_f64();
    Ok(markdown(&recording, &parts, &marks, factor, &memory))
}

/// The clips of the commonest rate, all with as many channels as the first of them.
fn clips_of_one_shape(corpus: &Corpus) -> Vec<Sound> {
    let mut rates: BTreeMap<u32, usize> = BTreeMap::new();
    for clip in corpus.measured() {
        *rates.entry(clip.sound.rate).or_default() += 1;
    }
    let rate = rates.iter().max_by_key(|(_, count)| **count);
    let clips = corpus.measured().map(|clip| &clip.sound);
    let clips: Vec<&Sound> = clips
        .filter(|sound| rate.is_some_and(|(rate, _)| sound.rate == *rate))
        .collect();
    clips
        .iter()
        .map(|sound| sound.with_channels_of(clips[0]))
        .collect()
}

/// The clips one after another, again and again.
fn background(clips: &[Sound], seconds: f64) -> Sound {
    let rate = clips.first().map_or(1, |clip| clip.rate);
    let frames = (seconds * f64::from(rate)) as usize;
    let channels = clips.first().map_or(0, |clip| clip.channels.len());
    let channel = |channel: usize| {
        let samples = clips.iter().flat_map(|clip| &clip.channels[channel]);
        // Reserved in one piece: a vector that grows would count in the peak of memory.
        let mut all = Vec::with_capacity(frames);
        all.extend(samples.copied().cycle().take(frames));
        all
    };
    Sound::new(rate, (0..channels).map(channel).collect())
}

/// Puts one marked part into every minute.
fn put_in(recording: &mut Sound, clips: &[Sound], plan: &AudioPlan, seed: u64) -> Vec<Part> {
    let mut random = Random::new(seed, &["long"]);
    let rate = f64::from(recording.rate);
    let pace = recording.samples_in(PACE_S);
    let mut parts = Vec::new();
    for i in 0..recording.frames() / pace.max(1) {
        let id = std::array::from_fn(|_| random.next_u64() as u8);
        let payload = Payload::new(Origin::Generated, MarkId::from_bytes(id));
        let factor = match i % 2 {
            0 => 1.0,
            _ => random.range(0.9, 1.1),
        };
        let clip = &clips[random.below(clips.len())];
        let seconds = random.range(5.0, 10.0) * factor;
        let Some(piece) = piece(clip, plan, &payload, seconds, factor, &mut random) else {
            continue;
        };
        let start = i * pace + random.below(pace - piece.frames());
        for (channel, piece) in recording.channels.iter_mut().zip(&piece.channels) {
            channel[start..start + piece.len()].copy_from_slice(piece);
        }
        parts.push(Part {
            payload,
            start_s: start as f64 / rate,
            end_s: (start + piece.frames()) as f64 / rate,
            factor,
        });
    }
    parts
}

/// `seconds` of a clip that carries a mark, played at `factor` times its speed; `None` where it cannot be marked.
fn piece(
    clip: &Sound,
    plan: &AudioPlan,
    payload: &Payload,
    seconds: f64,
    factor: f64,
    random: &mut Random,
) -> Option<Sound> {
    let within = clip.samples_in(CLIP_S).min(clip.frames());
    let mut marked = clip.part(random.below(clip.frames() - within + 1), within);
    let channels = marked.channels.iter_mut().map(Vec::as_mut_slice);
    let target = SoundMut::new(clip.rate, channels).ok()?;
    AudioWatermark::new().embed(target, plan, payload).ok()?;
    let length = marked.samples_in(seconds).min(marked.frames());
    let start = random.below(marked.frames() - length + 1);
    let piece = marked.quantised_16().part(start, length);
    Some(match factor {
        1.0 => piece,
        _ => speed(&piece, factor),
    })
}

fn marks(detection: Detection<AudioPlace>) -> Vec<Mark<AudioPlace>> {
    match detection {
        Detection::Found { mark, others } => std::iter::once(mark).chain(others).collect(),
        _ => Vec::new(),
    }
}

fn tally(parts: &[Part], marks: &[Mark<AudioPlace>], retimed: bool) -> Tally {
    let mut tally = Tally::default();
    for part in parts.iter().filter(|part| (part.factor != 1.0) == retimed) {
        tally.parts += 1;
        let Some(mark) = marks.iter().find(|mark| mark.payload == part.payload) else {
            continue;
        };
        tally.found += 1;
        let regions = &mark.place.regions;
        let start = regions.iter().map(|r| r.start_s).fold(f64::MAX, f64::min);
        let end = regions.iter().map(|r| r.end_s).fold(0.0, f64::max);
        let wrong = (start - part.start_s).abs().max((end - part.end_s).abs());
        tally.worst_s = tally.worst_s.max(wrong);
        tally.placed += usize::from(wrong <= BORDER_S);
    }
    tally
}

/// Bytes.
struct Memory {
    samples: usize,
    before: Option<usize>,
    after: Option<usize>,
}

/// The most memory that the process has held so far, where the system says so.
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

fn markdown(
    recording: &Sound,
    parts: &[Part],
    marks: &[Mark<AudioPlace>],
    factor: f64,
    memory: &Memory,
) -> String {
    let mut text = format!(
        "{:.0} min at {} Hz, {} channels, {} marks in it\n\n| parts | found | borders within {BORDER_S} s | worst \
         border s |\n|---|---|---|---|\n",
        recording.seconds() / 60.0,
        recording.rate,
        recording.channels.len(),
        parts.len()
    );
    for (name, retimed) in [("as they were", false), ("at a speed of ±10 %", true)] {
        let tally = tally(parts, marks, retimed);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {name} | {}/{} | {}/{} | {:.2} |",
            tally.found, tally.parts, tally.placed, tally.parts, tally.worst_s
        );
    }
    let known = |mark: &&Mark<AudioPlace>| parts.iter().any(|part| part.payload == mark.payload);
    let wrong = marks.len() - marks.iter().filter(known).count();
    let megabytes = |bytes: Option<usize>| {
        bytes.map_or("–".to_owned(), |bytes| {
            format!("{:.0}", bytes as f64 / 1e6)
        })
    };
    let _ = writeln!(
        text,
        "\nwrong payloads: {wrong}; looked at {factor:.0} × real time; memory MB: samples {}, peak before looking {}, \
         after {}",
        megabytes(Some(memory.samples)),
        megabytes(memory.before),
        megabytes(memory.after)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::corpus::{Clip, Kind};

    #[test]
    fn a_recording_with_two_marks_is_taken_apart() {
        let clip = |name: &str, seconds: usize| {
            let mut random = Random::new(1, &["long", name]);
            let samples = (0..seconds * 8_000).map(|_| 0.1 * random.normal() as f32);
            Clip {
                name: name.to_owned(),
                kind: Kind::Other,
                sound: Sound::new(8_000, vec![samples.collect()]),
            }
        };
        let corpus = Corpus::new(vec![clip("a", 12), clip("b", 15)]).unwrap();
        let report = long(&corpus, &Key::public(), 2.0, 1).unwrap();
        for parts in ["as they were", "at a speed of ±10 %"] {
            let found = format!("| {parts} | 1/1 |");
            assert!(report.contains(&found), "{report}");
        }
        assert!(report.contains("wrong payloads: 0"), "{report}");
    }
}
