//! How much each cell may change: spectral gains, the temporal gate and the peak guard.
//!
//! - A cell of spectrum `X` changes by `X · s · g`. The gain `g` follows a profile over frequency and
//!   is lower on spectral peaks than in the valleys beside them, which the ear forgives because the
//!   peaks mask them.
//! - A frame lasts 32 ms, so an onset's change would also sound before it. The gate holds the change
//!   down wherever, in blocks of 4 ms at the sound's own rate, it is not well below the sound.
//! - The guard keeps the change from clipping.

use realfft::num_complex::Complex32;

use crate::format::{BINS, FIRST_BIN, FRAME, RATE};
use crate::stft::SPECTRUM;

/// Gain at and below [`LOW_HZ`].
const LOW_GAIN: f32 = 0.06;
/// Gain at and above [`HIGH_HZ`].
const HIGH_GAIN: f32 = 0.25;
const LOW_HZ: f32 = 400.0;
const HIGH_HZ: f32 = 3_000.0;
/// Exponent of the peak protection: gain falls with the fourth root of energy over the local mean.
/// .45 was tried and moved the frontier nowhere.
const PROTECTION: (f32, f32) = (0.3, 2.0);
/// Largest change of a cell, whatever the strength.
const LARGEST_GAIN: f32 = 0.5;
/// Energy of the change over the sound's in a block, at most: −17 dB. Higher lets pre-echo through
/// (drum loops lose 1 PESQ point without a gate), lower costs robustness.
const GATE_RATIO: f64 = 0.02;
/// Largest sample that the guard lets through, just under the largest of 16 bits.
const FULL_SCALE: f32 = 32_766.0 / 32_768.0;
/// Length of the gate's blocks in seconds: as long as the ear's backward masking is deep.
const GATE_SECONDS: f64 = 0.004;

/// The gains' profile over the marked bins.
pub(crate) fn profile() -> Vec<f32> {
    let log_place = |f: f32| (f / LOW_HZ).ln() / (HIGH_HZ / LOW_HZ).ln();
    (0..BINS)
        .map(|bin| {
            let frequency = (bin + FIRST_BIN) as f32 * RATE as f32 / FRAME as f32;
            LOW_GAIN + (HIGH_GAIN - LOW_GAIN) * log_place(frequency).clamp(0.0, 1.0)
        })
        .collect()
}

/// Turns the spectra of a sound into those of its change: each marked cell times its sign (from
/// `marks`, the block's cells frame by frame) and gain, everything else 0.
pub(crate) fn modulate(spectra: &mut [Complex32], marks: &[f32], profile: &[f32]) {
    let rows = spectra.len() / SPECTRUM;
    let energies: Vec<f32> = spectra.iter().map(Complex32::norm_sqr).collect();
    let smooth = smooth_over_bins(&energies);
    let blocks = marks.len() / BINS;
    for (k, spectrum) in spectra.chunks_exact_mut(SPECTRUM).enumerate() {
        let (before, after) = (k.saturating_sub(1), (k + 1).min(rows - 1));
        let [before, here, after] = [before, k, after].map(|row| &smooth[row * SPECTRUM..]);
        let signs = &marks[(k % blocks) * BINS..][..BINS];
        let energies = &energies[k * SPECTRUM..(k + 1) * SPECTRUM];
        spectrum[..FIRST_BIN].fill(Complex32::default());
        spectrum[FIRST_BIN + BINS..].fill(Complex32::default());
        for (bin, (sign, base)) in signs.iter().zip(profile).enumerate() {
            let i = bin + FIRST_BIN;
            let local = (before[i] + here[i] + after[i]) / 3.0;
            let contrast = (local / (energies[i] + f32::MIN_POSITIVE)).sqrt().sqrt();
            let gain = base * contrast.clamp(PROTECTION.0, PROTECTION.1);
            spectrum[i] *= sign * gain.min(LARGEST_GAIN);
        }
    }
}

/// Mean over seven bins, frame by frame; 0 at the three bins of each end, which carry no mark.
fn smooth_over_bins(energies: &[f32]) -> Vec<f32> {
    let mut smooth = vec![0.0; energies.len()];
    for (row, out) in energies
        .chunks_exact(SPECTRUM)
        .zip(smooth.chunks_exact_mut(SPECTRUM))
    {
        for (window, out) in row.windows(7).zip(&mut out[3..]) {
            *out = window.iter().sum::<f32>() / 7.0;
        }
    }
    smooth
}

/// The temporal gate and the peak guard of one channel.
pub(crate) struct Gate {
    block: usize,
}

impl Gate {
    /// The gate at a sampling rate.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            block: ((f64::from(rate) * GATE_SECONDS).round() as usize).max(1),
        }
    }

    /// `change` times `strength`, held down where it is not well below `sound` or would clip.
    pub(crate) fn apply(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        let gains = smooth_down(&self.block_gains(sound, change, strength));
        let mut gated = vec![0.0; change.len()];
        for (n, (out, change)) in gated.iter_mut().zip(change).enumerate() {
            let place = (n as f32 / self.block as f32 - 0.5).max(0.0);
            let (index, fraction) = (place as usize, place.fract());
            let here = gains.get(index).copied().unwrap_or(0.0);
            let next = gains.get(index + 1).copied().unwrap_or(here);
            *out = change * (here + (next - here) * fraction);
        }
        // Interpolation may leave a little over: what would still clip is cut off.
        for (out, sample) in gated.iter_mut().zip(sound) {
            let peak = FULL_SCALE.max(sample.abs());
            *out = (sample + *out).clamp(-peak, peak) - sample;
        }
        gated
    }

    fn block_gains(&self, sound: &[f32], change: &[f32], strength: f32) -> Vec<f32> {
        sound
            .chunks(self.block)
            .zip(change.chunks(self.block))
            .map(|(sound, change)| {
                let ratio = GATE_RATIO * energy(sound) / energy(change);
                let gate = if ratio.is_finite() { ratio.sqrt() as f32 } else { 0.0 };
                gate.min(strength).min(peak_gain(sound, change))
            })
            .collect()
    }
}

/// Largest gain under which no sample is driven over full scale.
fn peak_gain(sound: &[f32], change: &[f32]) -> f32 {
    sound
        .iter()
        .zip(change)
        .map(|(sample, change)| {
            let room = (FULL_SCALE - sample * change.signum()).max(0.0);
            room / change.abs().max(f32::MIN_POSITIVE)
        })
        .fold(f32::MAX, f32::min)
}

/// Pulls each gain down to the mean with either neighbour, so that the interpolated gain is low
/// early enough.
fn smooth_down(gains: &[f32]) -> Vec<f32> {
    (0..gains.len())
        .map(|i| {
            let here = gains[i];
            let before = if i > 0 { gains[i - 1] } else { here };
            let after = gains.get(i + 1).copied().unwrap_or(here);
            here.min(0.5 * (before + here)).min(0.5 * (here + after))
        })
        .collect()
}

/// Sum of squares.
pub(crate) fn energy(samples: &[f32]) -> f64 {
    samples
        .chunks(1024)
        .map(|chunk| f64::from(chunk.iter().map(|sample| sample * sample).sum::<f32>()))
        .sum()
}
