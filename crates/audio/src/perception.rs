//! How much each cell may change.
//!
//! A cell of spectrum `X` and sign `s` changes by `X · s · g`. The gain `g` is the product of
//!
//! - a profile over frequency: low where harmonics stand alone in their critical bands;
//! - a factor for level: loud surroundings change less. A cell's share of the change's energy grows
//!   with the level, what it tells the detector does not;
//! - a factor for contrast: peaks change less than the valleys beside them, which they mask.
//!
//! What the gain would make audible, the gates take back: [`BandGate`](crate::band_gate::BandGate) within
//! each band, [`Gate`](crate::gate::Gate) at each moment.

use multiversion::multiversion;
use realfft::num_complex::Complex32;

use crate::format::{BINS, FIRST_BIN, FRAME, RATE};
use crate::stft::SPECTRUM;

/// Gain at and below [`LOW_HZ`].
const LOW_GAIN: f32 = 0.65;
/// Gain at [`HIGH_HZ`].
const HIGH_GAIN: f32 = 1.0;
const LOW_HZ: f32 = 400.0;
const HIGH_HZ: f32 = 2_000.0;
/// Above [`HIGH_HZ`] the gain falls to this share of it at [`TOP_HZ`]: low bit rates keep nothing of a mark
/// up there, and in noise-like sounds it would cost a third of the change's energy. Against .7 this gives
/// noise-like sounds 1.5 dB where bit rates are low, and costs .3 dB under white noise.
const TOP_SHARE: f32 = 0.45;
const TOP_HZ: (f32, f32) = (3_200.0, 4_500.0);
/// Exponent of the peak protection, on energy over the local mean, and its limits.
const CONTRAST_EXPONENT: f32 = -0.45;
const CONTRAST_LIMITS: (f32, f32) = (0.3, 2.0);
/// Surroundings below this share of the sound's mean energy get the whole gain: −10 dB.
/// At −13 dB the signal-to-mark ratio is 1 dB better, and GSM's telephone loses that much of the mark.
const LEVEL_KNEE: f32 = 0.1;
/// Exponent, on energy over the knee, with which the gain falls above it.
///
/// Cells above the mean cost more than half of the change's energy at equal gains, and carry less
/// than a twentieth of what is left of the mark after any low bit rate or noise. Against a gain that
/// fell with the .4th power of the amplitude everywhere, this saves 2 to 3 dB of signal-to-mark ratio at
/// equal robustness.
const LEVEL_EXPONENT: f32 = -0.6;
/// Largest change of a cell: it vanishes or doubles.
const LARGEST_GAIN: f32 = 1.0;

/// The gains' profile over the marked bins.
pub(crate) fn profile() -> Vec<f32> {
    let share = |f: f32, from: f32, to: f32| ((f - from) / (to - from)).clamp(0.0, 1.0);
    (0..BINS)
        .map(|bin| {
            let frequency = (bin + FIRST_BIN) as f32 * RATE as f32 / FRAME as f32;
            let rise = share(frequency.ln(), LOW_HZ.ln(), HIGH_HZ.ln());
            let fall = share(frequency, TOP_HZ.0, TOP_HZ.1);
            (LOW_GAIN + (HIGH_GAIN - LOW_GAIN) * rise) * (1.0 + (TOP_SHARE - 1.0) * fall)
        })
        .collect()
}

/// Turns the spectra of a sound into those of its change: each marked cell times its sign (from
/// `marks`, the block's cells frame by frame) and gain, everything else 0. The first spectrum is that of
/// frame `first_frame`; `mean` is the sound's [mean level](LevelSum).
pub(crate) fn modulate(
    spectra: &mut [Complex32],
    first_frame: u64,
    marks: &[f32],
    profile: &[f32],
    mean: f32,
) {
    let rows = spectra.len() / SPECTRUM;
    let energies: Vec<f32> = spectra.iter().map(Complex32::norm_sqr).collect();
    let smooth = smooth_over_bins(&energies);
    let mean = mean + f32::MIN_POSITIVE;
    let blocks = marks.len() / BINS;
    let first = (first_frame % blocks.max(1) as u64) as usize;
    let mut gains = [0.0; BINS];
    for (k, spectrum) in spectra.chunks_exact_mut(SPECTRUM).enumerate() {
        let cells = |rows: &'_ [f32], row: usize| -> [f32; BINS] {
            let start = row * SPECTRUM + FIRST_BIN;
            let mut cells = [0.0; BINS];
            cells.copy_from_slice(&rows[start..start + BINS]);
            cells
        };
        let near = [k.saturating_sub(1), k, (k + 1).min(rows - 1)].map(|row| cells(&smooth, row));
        cell_gains(&cells(&energies, k), &near, profile, mean, &mut gains);
        let signs = &marks[((first + k) % blocks) * BINS..][..BINS];
        spectrum[..FIRST_BIN].fill(Complex32::default());
        spectrum[FIRST_BIN + BINS..].fill(Complex32::default());
        let cells = spectrum[FIRST_BIN..FIRST_BIN + BINS].iter_mut();
        for ((cell, sign), gain) in cells.zip(signs).zip(&gains) {
            *cell *= sign * gain;
        }
    }
}

/// Gains of a frame's cells of these energies, in surroundings of these energies in the frame before, here, and
/// after.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn cell_gains(
    energies: &[f32; BINS],
    near: &[[f32; BINS]; 3],
    profile: &[f32],
    mean: f32,
    gains: &mut [f32; BINS],
) {
    let [before, here, after] = near;
    let profile = &profile[..BINS];
    let lowest = CONTRAST_LIMITS.0.log2();
    let highest = CONTRAST_LIMITS.1.log2();
    let knee = 1.0 / (mean * LEVEL_KNEE);
    for i in 0..BINS {
        let local = (before[i] + here[i] + after[i]) / 3.0;
        let contrast = CONTRAST_EXPONENT * log2(energies[i] / local + f32::MIN_POSITIVE);
        let level = LEVEL_EXPONENT * log2(1.0 + local * knee);
        let gain = profile[i] * exp2(contrast.max(lowest).min(highest) + level);
        gains[i] = gain.min(LARGEST_GAIN);
    }
}

/// Base-2 logarithm of a positive normal number to within 2 · 10⁻⁵: a polynomial fitted to `log2(1 + x)` in
/// [0, 1) for the mantissa. Every operation is one of IEEE 754, so that all machines agree.
#[inline(always)]
fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let x = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000) - 1.0;
    let tail = (0.043_928_63 * x - 0.189_832_45) * x + 0.411_561_5;
    let fraction = ((tail * x - 0.707_253_4) * x + 1.441_592_1) * x + 1.439e-5;
    exponent as f32 + fraction
}

/// 2 to a power between −126 and 126, to within 4 · 10⁻⁶ of it: a polynomial fitted to `exp2` in [0, 1).
#[inline(always)]
fn exp2(power: f32) -> f32 {
    let power = power.clamp(-126.0, 126.0);
    let whole = power.floor();
    let x = power - whole;
    let tail = (0.013_683_98 * x + 0.051_717_74) * x + 0.241_621_3;
    let fraction = (tail * x + 0.692_969_56) * x + 1.000_003_6;
    fraction * f32::from_bits(((whole as i32 + 127) << 23) as u32)
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

/// The mean energy of a sound's marked cells, added up piece by piece.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelSum {
    sum: f64,
    cells: f64,
}

impl LevelSum {
    /// Adds some rows of spectra.
    pub(crate) fn add(&mut self, spectra: &[Complex32], rows: std::ops::Range<usize>) {
        let start = rows.start.min(spectra.len() / SPECTRUM);
        for spectrum in spectra.chunks_exact(SPECTRUM).take(rows.end).skip(start) {
            let cells = &spectrum[FIRST_BIN..FIRST_BIN + BINS];
            self.sum += f64::from(cells.iter().map(Complex32::norm_sqr).sum::<f32>());
            self.cells += BINS as f64;
        }
    }

    /// The mean so far in decibels; minus infinity for silence.
    pub(crate) fn decibels(&self) -> f64 {
        10.0 * (self.sum / self.cells.max(1.0)).log10()
    }
}

/// The energy of a level in decibels.
pub(crate) fn from_decibels(decibels: f64) -> f32 {
    10.0_f64.powf(decibels / 10.0) as f32
}

/// Sum of squares.
pub(crate) fn energy(samples: &[f32]) -> f64 {
    samples
        .chunks(1024)
        .map(|chunk| f64::from(energy_of_chunk(chunk)))
        .sum()
}

/// In sixteen partial sums: a single one would wait for itself at every sample.
fn energy_of_chunk(samples: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let mut chunks = samples.chunks_exact(16);
    for chunk in &mut chunks {
        for (sum, sample) in sums.iter_mut().zip(chunk) {
            *sum += sample * sample;
        }
    }
    for (sum, sample) in sums.iter_mut().zip(chunks.remainder()) {
        *sum += sample * sample;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_and_powers_are_close() {
        for i in 0..4_000 {
            let value = 10.0_f32.powf(i as f32 / 100.0 - 20.0);
            assert!((log2(value) - value.log2()).abs() < 4e-5, "{value}");
            let power = i as f32 / 20.0 - 100.0;
            let ratio = f64::from(exp2(power)) / 2.0_f64.powf(f64::from(power));
            assert!((ratio - 1.0).abs() < 1e-5, "{power}");
        }
        assert!(exp2(-1e9) > 0.0 && exp2(1e9).is_finite());
    }
}
