//! What is found where nothing of the key is: the count of false positives, and the statistic behind it.
//!
//! Windows of ten seconds of every clip are looked at with many keys, as they are and marked under the key
//! of the run. Nothing may be found. The synchronisation's statistic at all phases of all these windows is
//! counted against the standard normal distribution that the search rests on.

use std::fmt::Write as _;

use filigrane_audio::{AudioPlan, AudioWatermark, SoundMut, SoundRef};
use filigrane_payload::{Detection, Key, MarkId, Origin, Payload, Watermark};
use rayon::prelude::*;

use super::corpus::Corpus;
use super::sound::Sound;
use crate::error::BenchError;
use crate::keys;
use crate::statistics::{normal_tail, wilson_95};

/// Seconds of a window and between windows.
const WINDOW_S: f64 = 10.0;
const HOP_S: f64 = 2.5;
/// Where the statistic's distribution is compared.
const TAILS: [f64; 7] = [1.0, 2.0, 3.0, 3.5, 4.0, 4.5, 5.0];

/// What one kind of windows gave.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    windows: usize,
    detections: usize,
    accepted: usize,
    /// Detections in which a candidate was read, and rejected.
    rejected: usize,
    smallest_p: f64,
    samples: usize,
    sum: f64,
    squares: f64,
    tails: [usize; TAILS.len()],
    highest: f64,
}

impl Count {
    fn none() -> Self {
        Self {
            smallest_p: 1.0,
            highest: f64::MIN,
            ..Self::default()
        }
    }

    fn add_detection<P>(&mut self, detection: &Detection<P>) {
        self.detections += 1;
        match detection {
            Detection::Found { .. } | Detection::Copied { .. } => self.accepted += 1,
            Detection::NotFound { p_value } => {
                self.rejected += usize::from(*p_value < 1.0);
                self.smallest_p = self.smallest_p.min(*p_value);
            }
            Detection::Inconclusive { .. } => {}
        }
    }

    fn add_statistics(&mut self, statistics: &[f32]) {
        for z in statistics.iter().map(|&z| f64::from(z)) {
            self.samples += 1;
            self.sum += z;
            self.squares += z * z;
            self.highest = self.highest.max(z);
            for (count, tail) in self.tails.iter_mut().zip(TAILS) {
                *count += usize::from(z > tail);
            }
        }
    }

    fn joined(mut self, other: Self) -> Self {
        self.windows += other.windows;
        self.detections += other.detections;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.smallest_p = self.smallest_p.min(other.smallest_p);
        self.samples += other.samples;
        self.sum += other.sum;
        self.squares += other.squares;
        self.highest = self.highest.max(other.highest);
        for (count, other) in self.tails.iter_mut().zip(other.tails) {
            *count += other;
        }
        self
    }
}

/// Looks at every window of `corpus` with `unmarked` keys, and at every window of the clips marked under
/// `key` with `wrong` keys; gives the counts as Markdown.
///
/// # Errors
/// [`BenchError::Key`] when no plan can be made, [`BenchError::Threads`] without threads.
pub fn chance(
    corpus: &Corpus,
    key: &Key,
    unmarked: u64,
    wrong: u64,
    threads: Option<usize>,
) -> Result<String, BenchError> {
    let plans: Result<Vec<AudioPlan>, BenchError> = (0..unmarked.max(wrong))
        .map(|number| plan(&keys::numbered(number)?))
        .collect();
    let (plans, own) = (plans?, plan(key)?);
    let clips: Vec<Sound> = corpus.measured().map(|clip| clip.sound.clone()).collect();
    let marked: Vec<Sound> = clips.iter().filter_map(|clip| mark(clip, &own)).collect();
    let threads = threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| BenchError::Threads {
        threads,
        reason: error.to_string(),
    })?;
    let first = |count: u64| &plans[..usize::try_from(count).unwrap_or(0).min(plans.len())];
    let counts = pool.install(|| [count(&clips, first(unmarked)), count(&marked, first(wrong))]);
    Ok(markdown(&counts))
}

fn plan(key: &Key) -> Result<AudioPlan, BenchError> {
    AudioPlan::new(key).map_err(|error| BenchError::Key {
        reason: error.to_string(),
    })
}

fn mark(clip: &Sound, plan: &AudioPlan) -> Option<Sound> {
    let mut marked = clip.clone();
    let channels = marked.channels.iter_mut().map(Vec::as_mut_slice);
    let target = SoundMut::new(clip.rate, channels).ok()?;
    let payload = Payload::new(Origin::Generated, MarkId::from_bytes([0x5a; 11]));
    AudioWatermark::new().embed(target, plan, &payload).ok()?;
    Some(marked.quantised_16())
}

fn count(clips: &[Sound], plans: &[AudioPlan]) -> Count {
    let windows: Vec<Sound> = clips.iter().flat_map(windows).collect();
    let tasks: Vec<(&Sound, &AudioPlan)> = windows
        .iter()
        .flat_map(|window| plans.iter().map(move |plan| (window, plan)))
        .collect();
    let counts = tasks.par_iter().map(|(window, plan)| {
        let mut count = Count::none();
        let channels = window.channels.iter().map(Vec::as_slice);
        if let Ok(view) = SoundRef::new(window.rate, channels) {
            count.add_statistics(&plan.phase_statistics(&view));
            if let Ok(detection) = AudioWatermark::new().detect(view, &[plan]) {
                count.add_detection(&detection);
            }
        }
        count
    });
    let mut total = counts.reduce(Count::none, Count::joined);
    total.windows = windows.len();
    total
}

/// Ten seconds every two and a half; a shorter clip is played in a loop.
fn windows(clip: &Sound) -> Vec<Sound> {
    let (length, hop) = (clip.samples_in(WINDOW_S), clip.samples_in(HOP_S));
    if clip.frames() == 0 {
        return Vec::new();
    }
    if clip.frames() < length {
        let looped = |channel: &Vec<f32>| channel.iter().copied().cycle().take(length).collect();
        return vec![clip.map_channels(looped)];
    }
    let last = clip.frames() - length;
    (0..=last / hop)
        .map(|i| clip.part(i * hop, length))
        .collect()
}

fn markdown(counts: &[Count; 2]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(counts, &mut text);
    text
}

fn write_all(counts: &[Count; 2], text: &mut String) -> std::fmt::Result {
    let names = ["unmarked", "marked under another key"];
    writeln!(
        text,
        "| 10 s windows | windows | detections | accepted | 95 % interval % | read and rejected | \
         smallest bound |\n|---|---|---|---|---|---|---|"
    )?;
    for (name, count) in names.iter().zip(counts) {
        let (_, high) = wilson_95(count.accepted, count.detections);
        writeln!(
            text,
            "| {name} | {} | {} | {} | 0–{:.2} | {} | {:.2e} |",
            count.windows,
            count.detections,
            count.accepted,
            100.0 * high,
            count.rejected,
            count.smallest_p
        )?;
    }
    writeln!(
        text,
        "\n| statistic at all phases | samples | mean | deviation | highest | {} |\n|---|---|---|---|---|{}",
        TAILS.map(|tail| format!("> {tail}")).join(" | "),
        "---|".repeat(TAILS.len())
    )?;
    for (name, count) in names.iter().zip(counts) {
        let samples = count.samples as f64;
        let mean = count.sum / samples;
        let deviation = (count.squares / samples - mean * mean).sqrt();
        writeln!(
            text,
            "| {name} | {} | {mean:.4} | {deviation:.4} | {:.2} | {} |",
            count.samples,
            count.highest,
            count.tails.map(|tail| tail.to_string()).join(" | ")
        )?;
        let expected = TAILS.map(|tail| format!("{:.1}", samples * normal_tail(tail)));
        writeln!(
            text,
            "| standard normal | | 0 | 1 | | {} |",
            expected.join(" | ")
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::corpus::{Clip, Kind};
    use crate::random::Random;

    fn noise(seconds: f64) -> Sound {
        let mut random = Random::new(3, &["chance"]);
        let samples = (0..(seconds * 16_000.0) as usize).map(|_| 0.1 * random.normal() as f32);
        Sound::new(16_000, vec![samples.collect()])
    }

    #[test]
    fn windows_cover_a_clip_and_short_clips_are_looped() {
        let windows_of = |seconds| windows(&noise(seconds)).len();
        assert_eq!(
            [windows_of(3.0), windows_of(10.0), windows_of(16.0)],
            [1, 1, 3]
        );
        assert_eq!(windows(&noise(3.0))[0].frames(), 160_000);
    }

    #[test]
    fn nothing_is_found_by_chance_and_the_statistic_is_normal() {
        let clip = Clip {
            name: "noise".to_owned(),
            kind: Kind::Other,
            sound: noise(6.0),
        };
        let plans: Vec<AudioPlan> = (0..3)
            .map(|number| plan(&keys::numbered(number).unwrap()).unwrap())
            .collect();
        let count = count(std::slice::from_ref(&clip.sound), &plans);
        assert_eq!((count.windows, count.detections, count.accepted), (1, 3, 0));
        assert_eq!(count.samples, 900);
        assert!((count.squares / 900.0 - 1.0).abs() < 0.25, "{count:?}");
        let corpus = Corpus::new(vec![clip]).unwrap();
        let report = chance(&corpus, &Key::public(), 1, 1, Some(1)).unwrap();
        assert!(report.contains("| unmarked | 1 | 1 | 0 |"), "{report}");
    }
}
