//! Band-limited interpolation: resampling, change of speed, wow and flutter, jitter.
//!
//! Samples between samples come from a windowed sinc (Smith and Gossett, "A flexible sampling-rate
//! conversion method", ICASSP 1984): a table of the kernel, linear interpolation between its
//! entries, and a kernel stretched in time where the new rate is lower, so that nothing aliases.

/// Zero crossings of the sinc on each side.
const ZERO_CROSSINGS: usize = 32;
/// Table entries per zero crossing. Linear interpolation errs by at most (π/512)²/8 of full scale,
/// −107 dB.
const RESOLUTION: usize = 512;
/// Kaiser's shape parameter for side lobes below −90 dB (Kaiser and Schafer 1980: β = 0.1102(A − 8.7)).
const KAISER_BETA: f64 = 9.0;
/// Pass-band edge as a part of the lower Nyquist frequency; the transition ends a little above
/// that frequency.
const PASS_BAND: f64 = 0.95;

/// A windowed sinc, tabulated.
#[derive(Debug, Clone)]
pub struct Interpolator {
    table: Vec<f32>,
    /// Cut-off as a part of the input's Nyquist frequency, in (0, 1].
    cut: f64,
}

impl Interpolator {
    /// For reading a signal at `ratio` times its rate: 0.5 halves the sampling rate. Ratios above 1
    /// keep the whole band.
    #[must_use]
    pub fn new(ratio: f64) -> Self {
        let entries = ZERO_CROSSINGS * RESOLUTION;
        let table = (0..=entries + 1).map(|entry| {
            let offset = entry as f64 / RESOLUTION as f64;
            let edge = offset / ZERO_CROSSINGS as f64;
            (sinc(offset) * kaiser(edge)) as f32
        });
        Self {
            table: table.collect(),
            cut: PASS_BAND * ratio.clamp(1e-3, 1.0),
        }
    }

    /// The signal at `position` samples; zero outside of it.
    #[must_use]
    pub fn at(&self, samples: &[f32], position: f64) -> f32 {
        let reach = ZERO_CROSSINGS as f64 / self.cut;
        let first = (position - reach).ceil().max(0.0);
        let last = (position + reach).floor().min(samples.len() as f64 - 1.0);
        if last < first {
            return 0.0;
        }
        let scale = self.cut * RESOLUTION as f64;
        let mut sum = 0.0_f32;
        for (index, sample) in samples[first as usize..=last as usize].iter().enumerate() {
            let place = ((first + index as f64 - position) * scale).abs();
            let entry = place as usize;
            let part = (place - entry as f64) as f32;
            let (low, high) = (self.table[entry], self.table[entry + 1]);
            sum += sample * (low + part * (high - low));
        }
        sum * self.cut as f32
    }
}

/// Resamples from one rate to another, in any unit.
#[must_use]
pub fn resample(samples: &[f32], from: f64, to: f64) -> Vec<f32> {
    if from == to {
        return samples.to_vec();
    }
    let ratio = to / from;
    let interpolator = Interpolator::new(ratio);
    let frames = (samples.len() as f64 * ratio).round() as usize;
    let at = |index: usize| interpolator.at(samples, index as f64 / ratio);
    (0..frames).map(at).collect()
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-12 {
        1.0
    } else {
        angle.sin() / angle
    }
}

/// Kaiser's window at `edge` of its half width.
fn kaiser(edge: f64) -> f64 {
    if edge >= 1.0 {
        return 0.0;
    }
    bessel_i0(KAISER_BETA * (1.0 - edge * edge).sqrt()) / bessel_i0(KAISER_BETA)
}

/// The modified Bessel function of the first kind of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..60 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::testing::{level_db, tone};

    #[test]
    fn a_tone_keeps_its_frequency_and_level() {
        for (from, to) in [
            (44_100.0, 16_000.0),
            (16_000.0, 48_000.0),
            (48_000.0, 44_100.0),
        ] {
            let sound = resample(&tone(from, 1_000.0, 1.0), from, to);
            assert_eq!(sound.len(), to as usize);
            let expected = tone(to, 1_000.0, 1.0);
            let middle = sound.len() / 4..sound.len() * 3 / 4;
            let error: Vec<f32> = sound[middle.clone()]
                .iter()
                .zip(&expected[middle])
                .map(|(found, wanted)| found - wanted)
                .collect();
            assert!(
                level_db(&error) < -75.0,
                "{from} {to}: {}",
                level_db(&error)
            );
        }
    }

    #[test]
    fn what_would_alias_is_removed() {
        let sound = resample(&tone(48_000.0, 9_000.0, 1.0), 48_000.0, 16_000.0);
        let middle = &sound[sound.len() / 4..sound.len() * 3 / 4];
        assert!(level_db(middle) < -70.0, "{}", level_db(middle));
    }

    #[test]
    fn nothing_is_nothing() {
        assert!(resample(&[], 8_000.0, 16_000.0).is_empty());
        assert_eq!(Interpolator::new(1.0).at(&[], 3.0), 0.0);
        assert_eq!(Interpolator::new(1.0).at(&[1.0], 1e9), 0.0);
    }
}
