//! Sampling-rate conversion for encoders that take one rate only.
//!
//! A windowed sinc evaluated at the exact time of every output sample (J. O. Smith, *Digital Audio
//! Resampling*, CCRMA). The filter is symmetric, so that nothing moves in time.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side, at the lower of the two rates.
const ZERO_CROSSINGS: usize = 32;

/// Shape of the Kaiser window. β = 8.6 puts the stopband at −90 dB (Oppenheim and Schafer,
/// *Discrete-Time Signal Processing*, 7.5.3: β = 0.1102 (A − 8.7)), below 16-bit rounding.
const KAISER_BETA: f64 = 8.96;

/// The transition band reaches from here to 1, in units of the lower Nyquist frequency. With 64
/// crossings the Kaiser formula gives a width of (90 − 8) / (2.285 · 64 π) ≈ 0.18 around the cutoff,
/// which at 48 kHz to either side of 20 kHz goes unheard.
const CUTOFF: f64 = 0.93;

/// Ratios in lowest terms with a numerator up to this keep their filters in a table; 44.1 to 48 kHz
/// needs 160, 11.025 to 48 kHz 640.
const MAX_TABLE_PHASES: u64 = 1024;

/// Converts every channel from `from` to `to` Hz. The length becomes `frames · to / from`, rounded
/// up; both rates are greater than 0.
pub(super) fn to_rate(channels: &[Vec<f32>], from: u32, to: u32) -> Vec<Vec<f32>> {
    if from == to {
        return channels.to_vec();
    }
    let divisor = gcd(u64::from(from), u64::from(to)).max(1);
    let resampler = Resampler::new(u64::from(from) / divisor, u64::from(to) / divisor);
    channels
        .iter()
        .map(|channel| resampler.convert(channel))
        .collect()
}

struct Resampler {
    /// Input samples per `up` output samples.
    down: u64,
    up: u64,
    /// Cutoff as a fraction of the input's Nyquist frequency.
    cutoff: f64,
    /// Input samples on each side that a filter reaches over.
    reach: usize,
    /// The filter for each of the `up` positions between two input samples; empty if too many.
    phases: Vec<Vec<f32>>,
}

impl Resampler {
    fn new(down: u64, up: u64) -> Self {
        let lower = (up as f64 / down as f64).min(1.0);
        let reach = (ZERO_CROSSINGS as f64 / lower).ceil() as usize;
        let mut resampler = Self {
            down,
            up,
            cutoff: CUTOFF * lower,
            reach,
            phases: Vec::new(),
        };
        if up <= MAX_TABLE_PHASES {
            resampler.phases = (0..up).map(|phase| resampler.filter(phase)).collect();
        }
        resampler
    }

    /// Weights of the input samples `reach − 1` before to `reach` after the one at or before the
    /// output sample, which lies `phase / up` behind that one. Their sum is 1: silence and constants
    /// stay what they are.
    fn filter(&self, phase: u64) -> Vec<f32> {
        let fraction = phase as f64 / self.up as f64;
        let reach = self.reach as f64;
        let weights: Vec<f64> = (0..2 * self.reach)
            .map(|tap| {
                let time = tap as f64 - (reach - 1.0) - fraction;
                sinc(self.cutoff * time) * kaiser(time / reach)
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| (weight / sum) as f32).collect()
    }

    fn convert(&self, input: &[f32]) -> Vec<f32> {
        let frames = (input.len() as u64 * self.up).div_ceil(self.down);
        (0..frames)
            .map(|frame| {
                let position = frame * self.down;
                let centre = (position / self.up) as usize;
                let phase = position % self.up;
                match self.phases.get(phase as usize) {
                    Some(filter) => self.apply(filter, input, centre),
                    None => self.apply(&self.filter(phase), input, centre),
                }
            })
            .collect()
    }

    /// The weighted sum around `centre`; beyond its ends, `input` is silent.
    fn apply(&self, filter: &[f32], input: &[f32], centre: usize) -> f32 {
        let before = self.reach - 1;
        let cut = before.saturating_sub(centre);
        let filter = filter.get(cut..).unwrap_or(&[]);
        let input = input
            .get((centre + cut).saturating_sub(before)..)
            .unwrap_or(&[]);
        filter
            .iter()
            .zip(input)
            .map(|(weight, sample)| weight * sample)
            .sum()
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-12 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// The Kaiser window over −1 to 1.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    bessel_i0(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel_i0(KAISER_BETA)
}

/// The modified Bessel function of order 0, by its power series (Abramowitz and Stegun, 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hertz: f64, frames: usize) -> Vec<f32> {
        (0..frames)
            .map(|n| (0.5 * (2.0 * PI * hertz * n as f64 / f64::from(rate)).sin()) as f32)
            .collect()
    }

    /// Signal-to-noise ratio in dB away from the ends, where the filter sees silence.
    fn snr(found: &[f32], expected: &[f32]) -> f64 {
        let inner = 400..found.len() - 400;
        let (mut signal, mut noise) = (0.0, 0.0);
        for (a, b) in found[inner.clone()].iter().zip(&expected[inner]) {
            signal += f64::from(*b).powi(2);
            noise += f64::from(a - b).powi(2);
        }
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_stay_in_place_and_in_tune() {
        for from in [
            8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 96_000, 192_000,
        ] {
            let frames = from as usize / 4;
            let hertz = 0.35 * f64::from(from.min(48_000));
            let found = to_rate(&[tone(from, hertz, frames)], from, 48_000).remove(0);
            assert_eq!(found.len(), (frames * 48_000).div_ceil(from as usize));
            let ratio = snr(&found, &tone(48_000, hertz, found.len()));
            assert!(ratio > 80.0, "{from} Hz: {ratio:.1} dB");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let found = to_rate(&[tone(96_000, 30_000.0, 9_600)], 96_000, 48_000).remove(0);
        let loudest = found[400..found.len() - 400]
            .iter()
            .fold(0f32, |most, x| most.max(x.abs()));
        assert!(loudest < 5e-5, "{loudest}");
    }

    #[test]
    fn short_and_empty_channels_keep_their_length() {
        assert!(to_rate(&[vec![]], 44_100, 48_000)[0].is_empty());
        assert_eq!(to_rate(&[vec![0.5]], 24_000, 48_000)[0].len(), 2);
        assert_eq!(to_rate(&[vec![0.25; 3]], 48_000, 48_000)[0], [0.25; 3]);
    }
}
