//! Convolution by way of the frequency domain.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

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
        let (first, second) = ((here + there) * 0.5, (here - there) * Complex::new(0.0, -0.5));
        first * second
    };
    let mut spectrum: Vec<Complex<f32>> = (0..size).map(product).collect();
    planner.plan_fft_inverse(size).process(&mut spectrum);
    let scale = 1.0 / size as f32;
    let samples = spectrum.iter().take(signal.len());
    samples.map(|value| value.re * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolution_matches_its_definition() {
        let found = convolve(&[1.0, 2.0, 3.0, 0.0, -1.0], &[0.5, 0.0, -1.0]);
        for (found, expected) in found.iter().zip([0.5, 1.0, 0.5, -2.0, -3.5]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
