//! Two-dimensional Fourier transforms of squares.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Forward and inverse transforms of `side × side` values, both without scaling.
pub(crate) struct Fourier {
    side: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    transposed: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Fourier {
    pub(crate) fn new(side: usize) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(side),
            planner.plan_fft_inverse(side),
        );
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        let zeros = |count| vec![Complex32::default(); count];
        Self {
            side,
            forward,
            inverse,
            transposed: zeros(side * side),
            scratch: zeros(scratch),
        }
    }

    /// Replaces the rows in `values` by their spectrum `Σ v e^{−2πi(kx x + ky y)/side}`.
    pub(crate) fn forward(&mut self, values: &mut [Complex32]) {
        let transform = Arc::clone(&self.forward);
        self.run(values, &*transform);
    }

    /// Replaces a spectrum by `Σ V e^{+2πi(kx x + ky y)/side}`.
    pub(crate) fn inverse(&mut self, values: &mut [Complex32]) {
        let transform = Arc::clone(&self.inverse);
        self.run(values, &*transform);
    }

    fn run(&mut self, values: &mut [Complex32], transform: &dyn Fft<f32>) {
        transform.process_with_scratch(values, &mut self.scratch);
        transpose(values, &mut self.transposed, self.side);
        transform.process_with_scratch(&mut self.transposed, &mut self.scratch);
        transpose(&self.transposed, values, self.side);
    }
}

/// In blocks that fit the cache.
fn transpose(from: &[Complex32], to: &mut [Complex32], side: usize) {
    const BLOCK: usize = 16;
    for by in (0..side).step_by(BLOCK) {
        for bx in (0..side).step_by(BLOCK) {
            for y in by..(by + BLOCK).min(side) {
                for x in bx..(bx + BLOCK).min(side) {
                    to[x * side + y] = from[y * side + x];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_one_line_and_comes_back() {
        let side = 24;
        let mut fourier = Fourier::new(side);
        let phase =
            |x: usize, y: usize| std::f32::consts::TAU * (3 * x + 5 * y) as f32 / side as f32;
        let wave: Vec<Complex32> = (0..side * side)
            .map(|i| Complex32::from_polar(1.0, phase(i % side, i / side)))
            .collect();
        let mut values = wave.clone();
        fourier.forward(&mut values);
        for (i, value) in values.iter().enumerate() {
            let expected = if i == 5 * side + 3 {
                (side * side) as f32
            } else {
                0.0
            };
            assert!(
                (value.re - expected).abs() < 0.01 && value.im.abs() < 0.01,
                "{i}: {value}"
            );
        }
        fourier.inverse(&mut values);
        for (a, b) in values.iter().zip(&wave) {
            assert!((a / (side * side) as f32 - b).norm() < 1e-4);
        }
    }
}
