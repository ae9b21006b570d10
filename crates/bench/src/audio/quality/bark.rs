//! How far a change stands above what the original masks: a noise-to-mask ratio in Bark bands.
//!
//! The ratio is that of Brandenburg and Sporer ("NMR and masking flag: evaluation of quality using
//! perceptual criteria", AES 11th conference, 1992) with Johnston's masking threshold ("Transform
//! coding of audio signals using perceptual noise criteria", IEEE JSAC 6(2), 1988):
//!
//! 1. Hann frames of 21 to 32 ms, half overlapped; power per band of one Bark,
//!    z = 7·asinh(f/650 Hz) (Schroeder, Atal and Hall, JASA 66, 1979).
//! 2. The original's bands are spread by Schroeder's function and scaled to unit gain.
//! 3. The threshold lies 14.5 + z dB below that where the frame is tonal and 5.5 dB where it is
//!    noise; between them by the spectral flatness, −60 dB being a tone (Johnston).
//! 4. It is nowhere below the threshold in quiet (Terhardt, Hearing Research 1, 1979), a full-scale
//!    sine playing at 92 dB SPL as in ITU-R BS.1387.
//!
//! It knows no masking in time, so that noise before an attack in the same frame counts as masked,
//! and it has not been fitted to listening tests: it compares strengths of one kind of mark.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use serde::Serialize;

use crate::audio::sound::Sound;
use crate::statistics::quantile;

/// Level of a full-scale sine, dB SPL.
const FULL_SCALE_DB: f64 = 92.0;
/// The highest band ends here or at the Nyquist frequency, as in ITU-R BS.1387.
const HIGHEST_HZ: f64 = 18_000.0;

/// What the measure found over all frames and channels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Disturbance {
    /// Mean over frames and bands of noise power over threshold, dB.
    pub total_db: f64,
    /// The 95 % quantile over frames of their mean over bands, dB.
    pub high_db: f64,
    /// The part of the frames with a band above its threshold.
    pub audible_frames: f64,
}

/// Noise-to-mask ratio of the difference between two sounds of the same shape.
#[must_use]
pub fn noise_to_mask(original: &Sound, changed: &Sound) -> Disturbance {
    let model = Model::new(f64::from(original.rate));
    let pairs = original.channels.iter().zip(&changed.channels);
    let frames: Vec<Frame> = pairs
        .flat_map(|(before, after)| model.frames(before, after))
        .collect();
    let means: Vec<f64> = frames.iter().map(|frame| frame.mean).collect();
    let audible = frames.iter().filter(|frame| frame.highest > 1.0).count();
    Disturbance {
        total_db: decibels(crate::statistics::mean(&means)),
        high_db: decibels(quantile(&means, 0.95)),
        audible_frames: audible as f64 / frames.len() as f64,
    }
}

fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// Noise power over threshold in one frame.
struct Frame {
    /// Over the bands.
    mean: f64,
    highest: f64,
}

struct Model {
    size: usize,
    fft: std::sync::Arc<dyn rustfft::Fft<f64>>,
    window: Vec<f64>,
    /// Per bin up to the Nyquist frequency, its band; bins outside of all bands are missing.
    band_of_bin: Vec<usize>,
    /// How much of band i's power arrives in band j, by j − i + bands.
    spreading: Vec<f64>,
    /// Power at the threshold in quiet per band.
    quiet: Vec<f64>,
}

impl Model {
    fn new(rate: f64) -> Self {
        let size = ((rate * 0.02).ceil() as usize).next_power_of_two().max(64);
        let highest = HIGHEST_HZ.min(rate / 2.0);
        let bands = bark(highest).ceil() as usize;
        let bins = (highest / rate * size as f64).floor() as usize + 1;
        let band_of_bin = (0..bins)
            .map(|bin| (bark(bin as f64 * rate / size as f64) as usize).min(bands - 1))
            .collect();
        let window: Vec<f64> = (0..size)
            .map(|index| {
                let angle = std::f64::consts::TAU * (index as f64 + 0.5) / size as f64;
                0.5 - 0.5 * angle.cos()
            })
            .collect();
        Self {
            fft: FftPlanner::new().plan_fft_forward(size),
            band_of_bin,
            spreading: (0..=2 * bands)
                .map(|step| spread(step as f64 - bands as f64))
                .collect(),
            quiet: (0..bands)
                .map(|band| quiet_power(band as f64 + 0.5))
                .collect(),
            size,
            window,
        }
    }

    fn frames(&self, before: &[f32], after: &[f32]) -> Vec<Frame> {
        let count = before.len().min(after.len());
        let last = count.saturating_sub(self.size);
        let starts = (0..=last).step_by(self.size / 2);
        starts
            .filter(|start| start + self.size <= count)
            .map(|start| {
                let range = start..start + self.size;
                self.frame(&before[range.clone()], &after[range])
            })
            .collect()
    }

    fn frame(&self, before: &[f32], after: &[f32]) -> Frame {
        let (original, noise) = self.powers(before, after);
        let threshold = self.threshold(&original);
        let noise = self.in_bands(&noise);
        let ratios = noise
            .iter()
            .zip(&threshold)
            .map(|(noise, threshold)| noise / threshold);
        let (sum, highest) = ratios.fold((0.0, 0.0), |(sum, highest): (f64, f64), ratio| {
            (sum + ratio, highest.max(ratio))
        });
        Frame {
            mean: sum / threshold.len() as f64,
            highest,
        }
    }

    /// Power per bin of the original and of the change: a full-scale sine adds up to 1.
    fn powers(&self, before: &[f32], after: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let samples = before.iter().zip(after).zip(&self.window);
        let mut spectrum: Vec<Complex<f64>> = samples
            .map(|((before, after), weight)| {
                let (before, after) = (f64::from(*before), f64::from(*after));
                Complex::new(before * weight, (after - before) * weight)
            })
            .collect();
        self.fft.process(&mut spectrum);
        // Σ|X|² over one half is N·Σw²/4 for a full-scale sine; Σw² of a Hann window is 3N/8.
        let scale = 32.0 / (3.0 * (self.size * self.size) as f64);
        (0..self.band_of_bin.len())
            .map(|bin| {
                let here = spectrum[bin];
                let there = spectrum[(self.size - bin) % self.size].conj();
                let power = |value: Complex<f64>| value.norm_sqr() / 4.0 * scale;
                (power(here + there), power(here - there))
            })
            .unzip()
    }

    fn in_bands(&self, powers: &[f64]) -> Vec<f64> {
        let mut bands = vec![0.0; self.quiet.len()];
        for (band, power) in self.band_of_bin.iter().zip(powers) {
            bands[*band] += power;
        }
        bands
    }

    fn threshold(&self, original: &[f64]) -> Vec<f64> {
        let bands = self.in_bands(original);
        let tonality = tonality(original);
        let count = bands.len();
        (0..count)
            .map(|band| {
                let arrives = |from: usize| self.spreading[band + count - from];
                let gain: f64 = (0..count).map(arrives).sum();
                let spread: f64 = (0..count).map(|from| bands[from] * arrives(from)).sum();
                let bark = band as f64 + 0.5;
                let offset = tonality * (14.5 + bark) + (1.0 - tonality) * 5.5;
                let masked = spread / gain * 10.0_f64.powf(-offset / 10.0);
                masked.max(self.quiet[band])
            })
            .collect()
    }
}

fn bark(frequency: f64) -> f64 {
    7.0 * (frequency / 650.0).asinh()
}

/// Schroeder's spreading function over a distance in Bark, as power.
fn spread(distance: f64) -> f64 {
    let shifted = distance + 0.474;
    let decibels = 15.81 + 7.5 * shifted - 17.5 * (1.0 + shifted * shifted).sqrt();
    10.0_f64.powf(decibels / 10.0)
}

/// Terhardt's threshold in quiet at a place in Bark, as power with a full-scale sine at 1.
fn quiet_power(bark: f64) -> f64 {
    let kilohertz = 0.65 * (bark / 7.0).sinh();
    let level = 3.64 * kilohertz.powf(-0.8) - 6.5 * (-0.6 * (kilohertz - 3.3).powi(2)).exp()
        + 1e-3 * kilohertz.powi(4);
    10.0_f64.powf((level - FULL_SCALE_DB) / 10.0)
}

/// Johnston's tonality: 0 for a flat spectrum, 1 from a flatness of −60 dB on.
fn tonality(powers: &[f64]) -> f64 {
    // Far below 16-bit resolution: silence is flat rather than undefined.
    const FLOOR: f64 = 1e-14;
    let count = powers.len() as f64;
    let arithmetic = powers.iter().map(|power| power + FLOOR).sum::<f64>() / count;
    let logarithm = powers.iter().map(|power| (power + FLOOR).ln()).sum::<f64>() / count;
    let flatness = decibels(logarithm.exp() / arithmetic);
    (flatness / -60.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::tone;
    use crate::random::Random;

    fn noise(level: f32) -> Sound {
        let mut random = Random::new(1, &["nmr"]);
        let samples = (0..44_100)
            .map(|_| level * random.normal() as f32)
            .collect();
        Sound::new(44_100, vec![samples])
    }

    #[test]
    fn a_copy_of_noise_is_masked_by_what_the_model_says() {
        let original = noise(0.1);
        let changed = original.map_samples(|sample| 1.1 * sample);
        let found = noise_to_mask(&original, &changed);
        // 20 dB below the masker, whose threshold is 5.5 dB down, and a little more because a
        // periodogram of white noise has a flatness of −2.5 dB.
        assert!((-14.5..-13.0).contains(&found.total_db), "{found:?}");
        assert!(found.audible_frames < 0.01);
    }

    #[test]
    fn tones_mask_less_than_noise() {
        let original = Sound::new(44_100, vec![tone(44_100.0, 1_000.0, 1.0)]);
        let noise = noise(0.002);
        let pairs = original.channels[0].iter().zip(&noise.channels[0]);
        let hiss = pairs.map(|(tone, noise)| tone + noise).collect();
        let found = noise_to_mask(&original, &Sound::new(44_100, vec![hiss]));
        assert!(
            found.audible_frames > 0.99 && found.total_db > 10.0,
            "{found:?}"
        );
    }

    #[test]
    fn what_is_too_quiet_is_not_heard() {
        let silence = Sound::new(44_100, vec![vec![0.0; 44_100]]);
        let sine = |level: f32| {
            let samples = tone(44_100.0, 3_300.0, 1.0);
            Sound::new(
                44_100,
                vec![samples.iter().map(|s| 2.0 * level * s).collect()],
            )
        };
        // −90 dB of full scale is 2 dB SPL, just above the threshold of about −5 dB at 3.3 kHz.
        let loud = noise_to_mask(&silence, &sine(10.0_f32.powf(-90.0 / 20.0)));
        assert_eq!(loud.audible_frames, 1.0);
        let quiet = noise_to_mask(&silence, &sine(10.0_f32.powf(-102.0 / 20.0)));
        assert_eq!(quiet.audible_frames, 0.0, "{quiet:?}");
        let same = noise_to_mask(&silence, &silence);
        assert_eq!(
            (same.total_db, same.audible_frames),
            (f64::NEG_INFINITY, 0.0)
        );
    }
}
