//! Convolution and coloured noise by way of the frequency domain.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use crate::random::Random;

/// The first `signal.len()` samples of `signal` convolved with `response`.
#[must_use]
pub fn convolve(signal: &[f32], response: &[f32]) -> Vec<f32> {
    let size = (signal.len() + response.len()).next_power_of_two();
    let mut planner = FftPlanner::<f32>::new();
    let forward = planner.plan_fft_forward(size);
    // Both signals are real, so one transform carries both: s + i·r. Its spectrum's even and odd
    // parts are theirs.
    let mut buffer: Vec<Complex<f32>> = (0..size)
        .map(|index| {
            let at = |samples: &[f32]| samples.get(index).copied().unwrap_or(0.0);
            Complex::new(at(signal), at(response))
        })
        .collect();
    forward.process(&mut buffer);
    let product = |index: usize| {
        let (here, there) = (buffer[index], buffer[(size - index) % size].conj());
        let (first, second) = (
            (here + there) * 0.5,
            (here - there) * Complex::new(0.0, -0.5),
        );
        first * second
    };
    let mut spectrum: Vec<Complex<f32>> = (0..size).map(product).collect();
    planner.plan_fft_inverse(size).process(&mut spectrum);
    let scale = 1.0 / size as f32;
    let samples = spectrum.iter().take(signal.len());
    samples.map(|value| value.re * scale).collect()
}

/// Gaussian noise whose power falls by 3 dB per octave above 20 Hz and which has none below, of any
/// level.
#[must_use]
pub fn pink_noise(count: usize, rate: f64, random: &mut Random) -> Vec<f32> {
    const LOWEST_HZ: f64 = 20.0;
    let size = count.next_power_of_two();
    let mut spectrum = vec![Complex::new(0.0_f32, 0.0); size];
    // The real part of a transform of one-sided noise is noise with that spectrum.
    for (bin, value) in spectrum.iter_mut().enumerate().take(size / 2).skip(1) {
        let frequency = bin as f64 * rate / size as f64;
        if frequency >= LOWEST_HZ {
            let amplitude = 1.0 / frequency.sqrt();
            let (re, im) = (amplitude * random.normal(), amplitude * random.normal());
            *value = Complex::new(re as f32, im as f32);
        }
    }
    FftPlanner::<f32>::new()
        .plan_fft_inverse(size)
        .process(&mut spectrum);
    spectrum.iter().take(count).map(|value| value.re).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::dsp::filter::{high_pass, low_pass};
    use crate::audio::testing::level_db;

    #[test]
    fn pink_noise_has_equal_power_in_every_octave() {
        let noise = pink_noise(65_536, 16_000.0, &mut Random::new(3, &["pink"]));
        let octave = |low: f64| {
            level_db(&low_pass(
                &high_pass(&noise, 16_000.0, low, 8),
                16_000.0,
                2.0 * low,
                8,
            ))
        };
        assert!((octave(200.0) - octave(1_600.0)).abs() < 1.0);
        assert!((octave(800.0) - octave(3_200.0)).abs() < 1.0);
        assert!(pink_noise(0, 8_000.0, &mut Random::new(3, &[])).is_empty());
    }

    #[test]
    fn convolution_matches_its_definition() {
        let found = convolve(&[1.0, 2.0, 3.0, 0.0, -1.0], &[0.5, 0.0, -1.0]);
        for (found, expected) in found.iter().zip([0.5, 1.0, 0.5, -2.0, -3.5]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
