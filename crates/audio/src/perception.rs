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
    for (k, spectrum) in spectra.chunks_exact_mut(SPECTRUM).enumerate() {
        let (before, after) = (k.saturating_sub(1), (k + 1).min(rows - 1));
        let [before, here, after] = [before, k, after].map(|row| &smooth[row * SPECTRUM..]);
        let signs = &marks[((first + k) % blocks) * BINS..][..BINS];
        let energies = &energies[k * SPECTRUM..(k + 1) * SPECTRUM];
        spectrum[..FIRST_BIN].fill(Complex32::default());
        spectrum[FIRST_BIN + BINS..].fill(Complex32::default());
        for (bin, (sign, base)) in signs.iter().zip(profile).enumerate() {
            let i = bin + FIRST_BIN;
            let local = (before[i] + here[i] + after[i]) / 3.0;
            let contrast = (energies[i] / local + f32::MIN_POSITIVE).powf(CONTRAST_EXPONENT);
            let level = (1.0 + local / mean / LEVEL_KNEE).powf(LEVEL_EXPONENT);
            let gain = base * contrast.clamp(CONTRAST_LIMITS.0, CONTRAST_LIMITS.1) * level;
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
        .map(|chunk| f64::from(chunk.iter().map(|sample| sample * sample).sum::<f32>()))
        .sum()
}
