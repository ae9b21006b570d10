//! Change of tempo without change of pitch, and of pitch without change of tempo.
//!
//! Waveform-similarity overlap-add (Verhelst and Roelands, ICASSP 1993): frames are taken from the
//! input at the stretched pace, each moved a little to where it continues the previous one best.

use super::interpolate::resample;

/// Frame length in seconds; a few periods of the lowest voices, as in the paper (20 ms and up).
const FRAME_S: f64 = 0.03;
/// How far a frame may be moved either way, seconds: the period of 80 Hz.
const TOLERANCE_S: f64 = 0.0125;

/// Plays `channels` at `tempo` times the pace with the same pitch. All channels are cut at the
/// same places, chosen on their mean.
#[must_use]
pub fn change_tempo(channels: &[Vec<f32>], rate: f64, tempo: f64) -> Vec<Vec<f32>> {
    let hop = ((FRAME_S * rate / 2.0).round() as usize).max(1);
    let frames = channels.first().map_or(0, Vec::len);
    let guide = mean(channels, frames);
    let starts = frame_starts(&guide, rate, tempo, hop);
    let length = (frames as f64 / tempo).round() as usize;
    channels
        .iter()
        .map(|channel| overlap_add(channel, &starts, hop, length))
        .collect()
}

/// Shifts pitch by `semitones` of the equal-tempered scale at the same tempo.
#[must_use]
pub fn change_pitch(channels: &[Vec<f32>], rate: f64, semitones: f64) -> Vec<Vec<f32>> {
    let factor = 2.0_f64.powf(semitones / 12.0);
    let stretched = change_tempo(channels, rate, 1.0 / factor);
    let back = |channel: &Vec<f32>| resample(channel, factor, 1.0);
    stretched.iter().map(back).collect()
}

fn mean(channels: &[Vec<f32>], frames: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; frames];
    for channel in channels {
        for (total, sample) in sum.iter_mut().zip(channel) {
            *total += sample;
        }
    }
    sum
}

/// Where in the input each output frame is taken from.
fn frame_starts(guide: &[f32], rate: f64, tempo: f64, hop: usize) -> Vec<isize> {
    let tolerance = (TOLERANCE_S * rate).round() as isize;
    let count = (guide.len() as f64 / tempo / hop as f64).ceil() as usize + 1;
    let mut starts: Vec<isize> = Vec::with_capacity(count);
    for frame in 0..count {
        // Frames are centred on their hop, so the first begins before the sound.
        let wanted = (frame as f64 * hop as f64 * tempo).round() as isize - hop as isize;
        let start = match starts.last() {
            None => wanted,
            Some(previous) => {
                let natural = previous + hop as isize;
                most_similar(guide, natural, wanted, tolerance, hop)
            }
        };
        starts.push(start);
    }
    starts
}

/// The place within `tolerance` of `wanted` whose frame is most like the one at `natural`:
/// coarsely on every fourth place and sample, then exactly around the best.
fn most_similar(
    guide: &[f32],
    natural: isize,
    wanted: isize,
    tolerance: isize,
    hop: usize,
) -> isize {
    let best = |places: &mut dyn Iterator<Item = isize>, step: usize| {
        let scored = places.map(|place| (similarity(guide, natural, place, hop, step), place));
        scored
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(wanted, |(_, place)| place)
    };
    let coarse = best(&mut (wanted - tolerance..=wanted + tolerance).step_by(4), 4);
    best(&mut (coarse - 3..=coarse + 3), 1)
}

/// Normalised correlation of two frames of 2 × `hop` samples, over every `step`-th sample.
fn similarity(guide: &[f32], natural: isize, place: isize, hop: usize, step: usize) -> f32 {
    let last = guide.len() as isize - 2 * hop as isize;
    if natural < 0 || place < 0 || natural > last || place > last {
        // At the ends: stay close to where the pace wants the frame.
        return -((place - natural).abs() as f32);
    }
    let frame = |start: isize| {
        guide[start as usize..start as usize + 2 * hop]
            .iter()
            .step_by(step)
    };
    let (mut product, mut energy) = (0.0_f32, 1e-9_f32);
    for (a, b) in frame(natural).zip(frame(place)) {
        product += a * b;
        energy += b * b;
    }
    product / energy.sqrt()
}

fn overlap_add(channel: &[f32], starts: &[isize], hop: usize, length: usize) -> Vec<f32> {
    let window: Vec<f32> = (0..2 * hop)
        .map(|index| {
            let angle = std::f64::consts::PI * (index as f64 + 0.5) / hop as f64;
            (0.5 - 0.5 * angle.cos()) as f32
        })
        .collect();
    let mut output = vec![0.0_f32; (starts.len() + 1) * hop];
    for (frame, start) in starts.iter().enumerate() {
        let target = &mut output[frame * hop..(frame + 2).min(starts.len() + 1) * hop];
        for (index, (sum, weight)) in target.iter_mut().zip(&window).enumerate() {
            let place = usize::try_from(start + index as isize).ok();
            let sample = place.and_then(|place| channel.get(place)).copied();
            *sum += weight * sample.unwrap_or(0.0);
        }
    }
    // The first frame is centred on the first sample.
    output.drain(..hop);
    output.resize(length, 0.0);
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{frequency, level_db, tone};

    #[test]
    fn tempo_changes_the_length_alone() {
        let input = tone(16_000.0, 440.0, 2.0);
        for tempo in [0.85, 0.95, 1.1, 1.25] {
            let output = change_tempo(std::slice::from_ref(&input), 16_000.0, tempo);
            let length = output[0].len() as f64 * tempo;
            assert!((length - input.len() as f64).abs() < 2.0);
            let middle = &output[0][4_000..20_000];
            assert!((frequency(middle, 16_000.0) - 440.0).abs() < 2.0, "{tempo}");
            assert!((level_db(middle) - level_db(&input)).abs() < 0.5, "{tempo}");
        }
    }

    #[test]
    fn pitch_changes_the_frequency_alone() {
        let input = tone(16_000.0, 440.0, 2.0);
        let output = change_pitch(std::slice::from_ref(&input), 16_000.0, 2.0);
        assert!(output[0].len().abs_diff(input.len()) <= 2);
        let found = frequency(&output[0][4_000..24_000], 16_000.0);
        assert!((found - 493.88).abs() < 2.0, "{found}");
    }

    #[test]
    fn the_same_tempo_gives_the_same_sound() {
        let input: Vec<f32> = (0..8_000)
            .map(|index| ((index * index) % 97) as f32 / 97.0)
            .collect();
        let output = change_tempo(std::slice::from_ref(&input), 16_000.0, 1.0);
        let worst = input[600..7_000]
            .iter()
            .zip(&output[0][600..7_000])
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
        assert!(change_tempo(&[Vec::new()], 16_000.0, 1.1)[0].is_empty());
    }
}
