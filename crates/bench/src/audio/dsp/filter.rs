//! Second-order recursive filters.
//!
//! Coefficients are those of R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter
//! coefficients" (W3C Audio Working Group note, 2021); steeper filters are Butterworth cascades.

use std::f64::consts::PI;

/// One second-order section in transposed direct form II, which is benign in double precision.
#[derive(Debug, Clone, Copy)]
pub struct Biquad {
    numerator: [f64; 3],
    /// Without the leading 1.
    denominator: [f64; 2],
}

impl Biquad {
    /// A low-pass with quality `q`; 3 dB down at `frequency` when q = 1/√2.
    #[must_use]
    pub fn low_pass(rate: f64, frequency: f64, q: f64) -> Self {
        let (cosine, alpha) = prototype(rate, frequency, q);
        let edge = (1.0 - cosine) / 2.0;
        Self::normalised(
            [edge, 1.0 - cosine, edge],
            [1.0 + alpha, -2.0 * cosine, 1.0 - alpha],
        )
    }

    /// A high-pass with quality `q`.
    #[must_use]
    pub fn high_pass(rate: f64, frequency: f64, q: f64) -> Self {
        let (cosine, alpha) = prototype(rate, frequency, q);
        let edge = (1.0 + cosine) / 2.0;
        let numerator = [edge, -(1.0 + cosine), edge];
        Self::normalised(numerator, [1.0 + alpha, -2.0 * cosine, 1.0 - alpha])
    }

    /// A bell that raises or lowers the surroundings of `frequency` by `gain_db`.
    #[must_use]
    pub fn peak(rate: f64, frequency: f64, q: f64, gain_db: f64) -> Self {
        let (cosine, alpha) = prototype(rate, frequency, q);
        let amplitude = 10.0_f64.powf(gain_db / 40.0);
        let (up, down) = (alpha * amplitude, alpha / amplitude);
        Self::normalised(
            [1.0 + up, -2.0 * cosine, 1.0 - up],
            [1.0 + down, -2.0 * cosine, 1.0 - down],
        )
    }

    fn normalised(numerator: [f64; 3], denominator: [f64; 3]) -> Self {
        let [first, second, third] = denominator;
        Self {
            numerator: numerator.map(|value| value / first),
            denominator: [second / first, third / first],
        }
    }

    /// Filters from rest.
    #[must_use]
    pub fn filter(&self, samples: &[f32]) -> Vec<f32> {
        let ([b0, b1, b2], [a1, a2]) = (self.numerator, self.denominator);
        let (mut first, mut second) = (0.0, 0.0);
        let step = |sample: &f32| {
            let input = f64::from(*sample);
            let output = b0 * input + first;
            first = b1 * input - a1 * output + second;
            second = b2 * input - a2 * output;
            output as f32
        };
        samples.iter().map(step).collect()
    }
}

/// Cosine and half width of the pole pair at `frequency`, kept below the Nyquist frequency.
fn prototype(rate: f64, frequency: f64, q: f64) -> (f64, f64) {
    let angle = 2.0 * PI * (frequency / rate).clamp(1e-6, 0.499);
    (angle.cos(), angle.sin() / (2.0 * q))
}

/// Qualities of the second-order sections of a Butterworth filter of even `order`.
fn butterworth_qualities(order: usize) -> impl Iterator<Item = f64> {
    let angle = move |section: usize| PI * (2 * section + 1) as f64 / (2 * order) as f64;
    (0..order / 2).map(move |section| 1.0 / (2.0 * angle(section).cos()))
}

/// Butterworth low-pass of even `order`, 3 dB down at `frequency`. Does nothing at and above the
/// Nyquist frequency.
#[must_use]
pub fn low_pass(samples: &[f32], rate: f64, frequency: f64, order: usize) -> Vec<f32> {
    if frequency >= rate / 2.0 {
        return samples.to_vec();
    }
    butterworth_qualities(order).fold(samples.to_vec(), |samples, q| {
        Biquad::low_pass(rate, frequency, q).filter(&samples)
    })
}

/// Butterworth high-pass of even `order`, 3 dB down at `frequency`.
#[must_use]
pub fn high_pass(samples: &[f32], rate: f64, frequency: f64, order: usize) -> Vec<f32> {
    butterworth_qualities(order).fold(samples.to_vec(), |samples, q| {
        Biquad::high_pass(rate, frequency, q).filter(&samples)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{level_db, tone};

    /// Gain at a frequency, dB, after the filter has settled.
    fn gain(frequency: f64, filter: impl Fn(&[f32]) -> Vec<f32>) -> f64 {
        let input = tone(48_000.0, frequency, 1.0);
        let output = filter(&input);
        level_db(&output[24_000..]) - level_db(&input[24_000..])
    }

    #[test]
    fn butterworth_gains_are_those_of_the_formula() {
        let low = |samples: &[f32]| low_pass(samples, 48_000.0, 4_000.0, 8);
        assert!((gain(4_000.0, low) + 3.01).abs() < 0.05);
        assert!(gain(1_000.0, low).abs() < 0.05);
        assert!(gain(8_000.0, low) < -48.0);
        let high = |samples: &[f32]| high_pass(samples, 48_000.0, 1_000.0, 8);
        assert!((gain(1_000.0, high) + 3.01).abs() < 0.05);
        assert!(gain(4_000.0, high).abs() < 0.05);
        assert!((gain(500.0, high) + 48.2).abs() < 1.0);
        assert_eq!(low_pass(&[1.0, 2.0], 8_000.0, 4_000.0, 8), [1.0, 2.0]);
    }

    #[test]
    fn a_bell_has_its_gain_in_the_middle() {
        let bell = |samples: &[f32]| Biquad::peak(48_000.0, 2_000.0, 1.0, 6.0).filter(samples);
        assert!((gain(2_000.0, bell) - 6.0).abs() < 0.02);
        assert!(gain(100.0, bell).abs() < 0.1);
    }
}
