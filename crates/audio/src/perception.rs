//! How much each cell may change.
//!
//! A cell of spectrum `X` and sign `s` changes by `X · s · g`. The gain `g` is the product of
//!
//! - a profile over frequency: low where harmonics stand alone in their critical bands;
//! - a factor for level: loud surroundings change less. A cell's share of the change's energy grows
//!   with the level, what it tells the detector does not, so that at equal signal-to-mark ratio
//!   this gives the detector three times the energy (4 to 5 dB) of a gain without it;
//! - a factor for contrast: peaks change less than the valleys beside them, which they mask.

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
/// The gain falls with the .4th power of the surroundings' amplitude over the sound's mean, within
/// these limits. At .2 the mark has 1.3 dB less energy at equal signal-to-mark ratio; at .6 no more,
/// and more of it in passages that are quiet enough for it to be heard.
const LEVEL_EXPONENT: f32 = 0.4;
const LEVEL_LIMITS: (f32, f32) = (0.4, 2.5);
/// Largest change of a cell, whatever the strength.
const LARGEST_GAIN: f32 = 0.5;
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
    let mean = mean_marked_energy(&smooth);
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
            let level = (local / mean + f32::MIN_POSITIVE).powf(-0.5 * LEVEL_EXPONENT);
            let gain = base
                * contrast.clamp(PROTECTION.0, PROTECTION.1)
                * level.clamp(LEVEL_LIMITS.0, LEVEL_LIMITS.1);
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

/// Mean over all marked cells, never 0.
fn mean_marked_energy(smooth: &[f32]) -> f32 {
    let rows = smooth.len() / SPECTRUM;
    let sum: f64 = smooth
        .chunks_exact(SPECTRUM)
        .map(|row| f64::from(row[FIRST_BIN..FIRST_BIN + BINS].iter().sum::<f32>()))
        .sum();
    (sum / (rows * BINS).max(1) as f64) as f32 + f32::MIN_POSITIVE
}

/// Sum of squares.
pub(crate) fn energy(samples: &[f32]) -> f64 {
    samples
        .chunks(1024)
        .map(|chunk| f64::from(chunk.iter().map(|sample| sample * sample).sum::<f32>()))
        .sum()
}
