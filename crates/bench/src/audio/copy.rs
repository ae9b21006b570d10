//! Marks estimated without the key: copied onto other sounds, and taken away from their own.
//!
//! Whoever knows the design, but not the key, knows how long the mark's block is and where its cells lie. Folding one
//! marked recording over the block averages the sound out and leaves the signs. The estimate is embedded in every other
//! clip at [`COPY_SNR_DB`], and subtracted from the recording itself at [`ERASE_SNR_DB`], strongest last; the detector has
//! the key. The recording is taken as it was marked, from its beginning, which is the best that a copier can have.

use std::fmt::Write as _;

use filigrane_payload::{MarkId, Origin, Payload};
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::corpus::{Clip, Corpus};
use super::dsp::interpolate::resample;
use super::scheme::Scheme;
use super::sound::Sound;
use crate::statistics::wilson_95;

/// The design, as documented: sampling rate, frame and hop in samples, first marked bin, marked bins, frames of the block.
const RATE: f64 = 16_000.0;
const FRAME: usize = 512;
const HOP: usize = 256;
const FIRST_BIN: usize = 10;
const BINS: usize = 214;
const PERIOD: usize = 150;
/// Recordings below this are not estimated from: five blocks.
const LEAST_S: f64 = 12.0;
/// Energy of a copy's host over that of the copied mark.
const COPY_SNR_DB: f64 = 25.0;
/// Energy of a marked recording over what is taken away from it.
const ERASE_SNR_DB: [f64; 8] = [36.0, 34.0, 32.0, 30.0, 28.0, 26.0, 24.0, 22.0];

/// What was done with the estimate from one recording.
#[derive(Debug, Clone, PartialEq)]
struct Forgery {
    clip: String,
    seconds: f64,
    /// Share of the block's signs that were estimated right.
    right: f64,
    copies: usize,
    /// Copies that were accepted with the recording's payload.
    accepted: usize,
    /// The highest of [`ERASE_SNR_DB`] at which the mark was gone.
    erased_db: Option<f64>,
}

/// Estimates the mark of every recording that is long enough, copies and erases, and gives the counts as Markdown.
#[must_use]
pub fn copy(corpus: &Corpus, scheme: &dyn Scheme) -> String {
    let clips: Vec<&Clip> = corpus.measured().collect();
    let long = |clip: &&&Clip| clip.sound.seconds() >= LEAST_S;
    let sources: Vec<&Clip> = clips.iter().filter(long).copied().collect();
    let forgeries: Vec<Forgery> = sources
        .par_iter()
        .enumerate()
        .filter_map(|(number, source)| forge(number, source, &clips, scheme))
        .collect();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&forgeries, &mut text);
    text
}

fn forge(number: usize, source: &Clip, clips: &[&Clip], scheme: &dyn Scheme) -> Option<Forgery> {
    let payload = Payload::new(Origin::Generated, MarkId::from_bytes([number as u8; 11]));
    let mut marked = source.sound.clone();
    scheme.embed(&mut marked, &payload).ok()?;
    let marked = marked.quantised_16();
    let transform = Transform::new();
    let estimated = transform.estimate(&marked);
    let truth = transform.truth(&source.sound, &marked);
    let right = estimated.iter().zip(&truth).filter(|(a, b)| a == b).count();
    let is_found = |sound: &Sound| {
        let look = scheme.detect(sound).unwrap_or_default();
        look.payloads.contains(&payload)
    };
    let hosts = clips.iter().filter(|clip| clip.name != source.name);
    let copies: Vec<bool> = hosts
        .map(|host| {
            let change = transform.change(&host.sound, &estimated);
            is_found(&added(&host.sound, &change, COPY_SNR_DB, 1.0).quantised_16())
        })
        .collect();
    let change = transform.change(&marked, &estimated);
    let erased_db = ERASE_SNR_DB
        .into_iter()
        .find(|&snr_db| !is_found(&added(&marked, &change, snr_db, -1.0).quantised_16()));
    Some(Forgery {
        clip: source.name.clone(),
        seconds: source.sound.seconds(),
        right: right as f64 / truth.len() as f64,
        copies: copies.len(),
        accepted: copies.into_iter().filter(|found| *found).count(),
        erased_db,
    })
}

/// The sound with a change whose energy lies `snr_db` below its own.
fn added(sound: &Sound, change: &[Vec<f32>], snr_db: f64, sign: f32) -> Sound {
    let energy = |channels: &[Vec<f32>]| -> f64 {
        let samples = channels.iter().flatten();
        samples.map(|&sample| f64::from(sample).powi(2)).sum()
    };
    let ratio = energy(&sound.channels) / energy(change).max(f64::MIN_POSITIVE);
    let gain = sign * (ratio * 10.0_f64.powf(-snr_db / 10.0)).sqrt() as f32;
    let channels = sound.channels.iter().zip(change);
    let channels = channels.map(|(samples, change)| {
        let pairs = samples.iter().zip(change);
        pairs
            .map(|(sample, change)| sample + gain * change)
            .collect()
    });
    Sound::new(sound.rate, channels.collect())
}

/// Frames and their spectra.
struct Transform {
    forward: std::sync::Arc<dyn Fft<f32>>,
    inverse: std::sync::Arc<dyn Fft<f32>>,
    /// Square root of a Hann window.
    window: Vec<f32>,
}

impl Transform {
    fn new() -> Self {
        let mut planner = FftPlanner::new();
        let angle = |i: usize| std::f64::consts::PI * i as f64 / FRAME as f64;
        Self {
            forward: planner.plan_fft_forward(FRAME),
            inverse: planner.plan_fft_inverse(FRAME),
            window: (0..FRAME).map(|i| angle(i).sin() as f32).collect(),
        }
    }

    /// Signs of the block's cells, frame by frame: whether a cell is louder than its neighbours, on the mean of all
    /// blocks.
    fn estimate(&self, marked: &Sound) -> Vec<bool> {
        let amplitudes: Vec<Vec<f32>> = self
            .spectra(&inner(&marked.mono().channels[0], marked.rate))
            .iter()
            .map(|spectrum| spectrum.iter().map(|bin| bin.norm()).collect())
            .collect();
        let mut sums = vec![0.0_f32; PERIOD * BINS];
        for frame in 1..amplitudes.len().saturating_sub(1) {
            let rows = &amplitudes[frame - 1..=frame + 1];
            for bin in 0..BINS {
                let near = FIRST_BIN + bin - 1..=FIRST_BIN + bin + 1;
                let all: f32 = rows.iter().flat_map(|row| &row[near.clone()]).sum();
                let own = rows[1][FIRST_BIN + bin];
                let ratio = 8.0 * own / (all - own + 1e-6) - 1.0;
                sums[frame % PERIOD * BINS + bin] += ratio.clamp(-1.5, 2.0);
            }
        }
        sums.iter().map(|sum| *sum > 0.0).collect()
    }

    /// The signs as they are, from the mark's own change.
    fn truth(&self, original: &Sound, marked: &Sound) -> Vec<bool> {
        let spectra = |sound: &Sound| self.spectra(&inner(&sound.mono().channels[0], sound.rate));
        let (before, after) = (spectra(original), spectra(marked));
        let mut sums = vec![0.0_f32; PERIOD * BINS];
        for (frame, (before, after)) in before.iter().zip(&after).enumerate() {
            for bin in 0..BINS {
                let (x, y) = (before[FIRST_BIN + bin], after[FIRST_BIN + bin]);
                sums[frame % PERIOD * BINS + bin] += (x.conj() * (y - x)).re;
            }
        }
        sums.iter().map(|sum| *sum > 0.0).collect()
    }

    /// What raises the cells of these signs and lowers the others, in every channel, of any strength. Loud cells
    /// change less, as the mark's own do: they would cost the most and tell the detector no more.
    fn change(&self, sound: &Sound, signs: &[bool]) -> Vec<Vec<f32>> {
        let channels = sound.channels.iter().map(|channel| {
            let inner = inner(channel, sound.rate);
            let mut spectra = self.spectra(&inner);
            let cells = spectra
                .iter()
                .flat_map(|spectrum| &spectrum[FIRST_BIN..][..BINS]);
            let mean: f32 = cells.map(Complex32::norm_sqr).sum::<f32>()
                / (spectra.len() * BINS).max(1) as f32
                + f32::MIN_POSITIVE;
            for (frame, spectrum) in spectra.iter_mut().enumerate() {
                let signs = &signs[frame % PERIOD * BINS..][..BINS];
                let mut changed = vec![Complex32::default(); FRAME];
                for (bin, &sign) in (FIRST_BIN..).zip(signs) {
                    let near = &spectrum[bin - 3..=bin + 3];
                    let level = near.iter().map(Complex32::norm_sqr).sum::<f32>() / 7.0;
                    let gain = (1.0 + 10.0 * level / mean).powf(-0.6);
                    let value = spectrum[bin] * if sign { gain } else { -gain };
                    changed[bin] = value;
                    changed[FRAME - bin] = value.conj();
                }
                *spectrum = changed;
            }
            let change = self.sound_of(spectra, inner.len());
            let mut outer = resample(&change, RATE, f64::from(sound.rate));
            outer.resize(channel.len(), 0.0);
            outer
        });
        channels.collect()
    }

    /// Frames centred on the multiples of [`HOP`].
    fn spectra(&self, samples: &[f32]) -> Vec<Vec<Complex32>> {
        let frames = samples.len().div_ceil(HOP) + 1;
        let frame = |frame: usize| {
            let at = |i: usize| (frame * HOP + i).checked_sub(FRAME / 2);
            let sample = |i: usize| at(i).and_then(|place| samples.get(place)).unwrap_or(&0.0);
            let windowed = self.window.iter().enumerate();
            let mut spectrum: Vec<Complex32> = windowed
                .map(|(i, window)| Complex32::from(sample(i) * window))
                .collect();
            self.forward.process(&mut spectrum);
            spectrum
        };
        (0..frames).map(frame).collect()
    }

    fn sound_of(&self, spectra: Vec<Vec<Complex32>>, samples: usize) -> Vec<f32> {
        let mut padded = vec![0.0_f32; spectra.len() * HOP + FRAME];
        for (frame, mut spectrum) in spectra.into_iter().enumerate() {
            self.inverse.process(&mut spectrum);
            let place = &mut padded[frame * HOP..][..FRAME];
            for ((sum, value), window) in place.iter_mut().zip(&spectrum).zip(&self.window) {
                *sum += value.re * window / FRAME as f32;
            }
        }
        padded[FRAME / 2..][..samples].to_vec()
    }
}

fn inner(samples: &[f32], rate: u32) -> Vec<f32> {
    resample(samples, f64::from(rate), RATE)
}

fn write_all(forgeries: &[Forgery], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| estimated without the key from | s | signs right % | copies at {COPY_SNR_DB} dB accepted | erased at dB |\n\
         |---|---|---|---|---|"
    )?;
    for forgery in forgeries {
        let erased = forgery.erased_db.map(|snr_db| format!("{snr_db}"));
        writeln!(
            text,
            "| {} | {:.0} | {:.0} | {}/{} | {} |",
            forgery.clip,
            forgery.seconds,
            100.0 * forgery.right,
            forgery.accepted,
            forgery.copies,
            erased.unwrap_or_else(|| "not".to_owned())
        )?;
    }
    let accepted = forgeries.iter().map(|forgery| forgery.accepted).sum();
    let copies = forgeries.iter().map(|forgery| forgery.copies).sum();
    let (low, high) = wilson_95(accepted, copies);
    writeln!(
        text,
        "\ncopies accepted: {accepted}/{copies}, 95 % interval {:.1}–{:.1} %",
        100.0 * low,
        100.0 * high
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Filigrane;
    use crate::audio::corpus::Kind;
    use crate::random::Random;
    use filigrane_audio::AudioStrength;
    use filigrane_payload::Key;

    fn noise(name: &str, seconds: f64) -> Clip {
        let mut random = Random::new(5, &["copy", name]);
        let samples = (0..(seconds * RATE) as usize).map(|_| 0.1 * random.normal() as f32);
        Clip {
            name: name.to_owned(),
            kind: Kind::Other,
            sound: Sound::new(RATE as u32, vec![samples.collect()]),
        }
    }

    #[test]
    fn an_unchanged_spectrum_gives_the_sound_back() {
        let transform = Transform::new();
        let samples = &noise("a", 1.0).sound.channels[0];
        let back = transform.sound_of(transform.spectra(samples), samples.len());
        assert_eq!(back.len(), samples.len());
        for (a, b) in samples.iter().zip(&back) {
            assert!((a - b).abs() < 1e-4);
        }
    }

    #[test]
    fn an_estimate_is_mostly_right_and_what_is_added_has_the_energy_asked_for() {
        let (source, host) = (noise("a", 20.0), noise("b", 6.0));
        let scheme = Filigrane::new(&Key::public(), AudioStrength::Usual).unwrap();
        let forgery = forge(1, &source, &[&source, &host], &scheme).unwrap();
        assert_eq!(forgery.copies, 1);
        // Of 32,100 signs: a guess would be right in 50 ± 0.3 %.
        assert!(forgery.right > 0.6, "{forgery:?}");
        let transform = Transform::new();
        let change = transform.change(&host.sound, &vec![true; PERIOD * BINS]);
        let copied = added(&host.sound, &change, 20.0, 1.0);
        let pairs = copied.channels[0].iter().zip(&host.sound.channels[0]);
        let noise: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let host = host.sound.channels[0].iter();
        let signal: f64 = host.map(|&sample| f64::from(sample).powi(2)).sum();
        assert!((10.0 * (signal / noise).log10() - 20.0).abs() < 0.01);
    }
}
