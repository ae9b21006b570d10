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

    /// The spectrum of a real square, columns 0 to `columns − 1` of it: with their conjugates these are all
    /// frequencies of a band, for a third of the work of a whole transform.
    pub(crate) fn band(&mut self, values: &[f32], columns: usize) -> Band {
        let side = self.side;
        let columns = columns.min(side / 2);
        let mut band = vec![Complex32::default(); columns * side];
        let pairs = side.div_ceil(2);
        let rows = &mut self.transposed[..pairs * side];
        // Two real rows go through one transform.
        for (pair, out) in rows.chunks_exact_mut(side).enumerate() {
            let row = |y: usize| values.get(y * side..(y + 1) * side).unwrap_or(&[]);
            let (first, second) = (row(2 * pair), row(2 * pair + 1));
            out.fill(Complex32::default());
            out.iter_mut().zip(first).for_each(|(out, v)| out.re = *v);
            out.iter_mut().zip(second).for_each(|(out, v)| out.im = *v);
        }
        self.forward.process_with_scratch(rows, &mut self.scratch);
        for (pair, row) in rows.chunks_exact(side).enumerate() {
            for kx in 0..columns {
                let (here, there) = (row[kx], row[(side - kx) % side].conj());
                let (sum, difference) = (0.5 * (here + there), 0.5 * (here - there));
                band[kx * side + 2 * pair] = sum;
                if 2 * pair + 1 < side {
                    band[kx * side + 2 * pair + 1] = Complex32::new(difference.im, -difference.re);
                }
            }
        }
        self.forward
            .process_with_scratch(&mut band, &mut self.scratch);
        Band { side, band }
    }

    /// `Re Σ v e^{−2πi(kx x + ky y)/side}` at all places, row by row, for few terms `((kx, ky), v)` with
    /// `|kx| < columns`.
    pub(crate) fn real_sum(
        &mut self,
        terms: impl Iterator<Item = ((i32, i32), Complex32)>,
        columns: usize,
    ) -> Vec<f32> {
        let side = self.side;
        let columns = columns.min(side / 2);
        let mut band = vec![Complex32::default(); columns * side];
        for ((kx, ky), value) in terms {
            // A term and its conjugate at the opposite frequency have the same real part.
            let (kx, ky, value) = if kx < 0 {
                (-kx, -ky, value.conj())
            } else {
                (kx, ky, value)
            };
            let place = kx as usize * side + ky.rem_euclid(side as i32) as usize;
            if let Some(sum) = band.get_mut(place) {
                *sum += value;
            }
        }
        self.forward
            .process_with_scratch(&mut band, &mut self.scratch);
        let pairs = side.div_ceil(2);
        let rows = &mut self.transposed[..pairs * side];
        rows.fill(Complex32::default());
        let turn = |value: Complex32| Complex32::new(-value.im, value.re);
        for (pair, row) in rows.chunks_exact_mut(side).enumerate() {
            for kx in 0..columns {
                let first = 0.5 * band[kx * side + 2 * pair];
                let second = 0.5 * band[kx * side + (2 * pair + 1) % side];
                // Made Hermitian, each gives real values: two of them fit one transform.
                row[kx] += first + turn(second);
                row[(side - kx) % side] += first.conj() + turn(second.conj());
            }
        }
        self.forward.process_with_scratch(rows, &mut self.scratch);
        let mut out = vec![0.0; side * side];
        for (rows, out) in rows.chunks_exact(side).zip(out.chunks_mut(2 * side)) {
            let (first, second) = out.split_at_mut(side);
            first.iter_mut().zip(rows).for_each(|(out, v)| *out = v.re);
            second.iter_mut().zip(rows).for_each(|(out, v)| *out = v.im);
        }
        out
    }

    fn run(&mut self, values: &mut [Complex32], transform: &dyn Fft<f32>) {
        transform.process_with_scratch(values, &mut self.scratch);
        transpose(values, &mut self.transposed, self.side);
        transform.process_with_scratch(&mut self.transposed, &mut self.scratch);
        transpose(&self.transposed, values, self.side);
    }
}

/// The spectrum of a real square at low horizontal frequencies.
pub(crate) struct Band {
    side: usize,
    band: Vec<Complex32>,
}

impl Band {
    /// The spectrum of the square turned by half a turn.
    pub(crate) fn conjugated(&self) -> Self {
        Self {
            side: self.side,
            band: self.band.iter().map(Complex32::conj).collect(),
        }
    }

    /// The value at a frequency; zero outside the band.
    pub(crate) fn at(&self, kx: i32, ky: i32) -> Complex32 {
        let place =
            |kx: i32, ky: i32| kx as usize * self.side + ky.rem_euclid(self.side as i32) as usize;
        let value = |kx, ky| self.band.get(place(kx, ky)).copied().unwrap_or_default();
        if kx < 0 {
            value(-kx, -ky).conj()
        } else {
            value(kx, ky)
        }
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
    fn bands_and_sums_equal_the_whole_transform() {
        let (side, columns) = (24, 7);
        let mut fourier = Fourier::new(side);
        let tile: Vec<f32> = (0..side * side)
            .map(|i| (i * i % 101) as f32 - 50.0)
            .collect();
        let mut whole: Vec<Complex32> = tile.iter().map(|&value| value.into()).collect();
        fourier.forward(&mut whole);
        let band = fourier.band(&tile, columns);
        let wrap = |k: i32| k.rem_euclid(side as i32) as usize;
        for ky in -12..12 {
            for kx in -6..=6 {
                let expected = whole[wrap(ky) * side + wrap(kx)];
                assert!((band.at(kx, ky) - expected).norm() < 0.02, "{kx} {ky}");
            }
        }
        let terms = [
            ((3, -5), Complex32::new(1.0, 2.0)),
            ((-4, 2), Complex32::new(0.5, -1.0)),
        ];
        let sum = fourier.real_sum(terms.into_iter(), columns);
        for (i, value) in sum.iter().enumerate() {
            let (x, y) = ((i % side) as f32, (i / side) as f32);
            let expected: f32 = terms
                .iter()
                .map(|&((kx, ky), value)| {
                    let cycles = (kx as f32 * x + ky as f32 * y) / side as f32;
                    (value * Complex32::from_polar(1.0, -std::f32::consts::TAU * cycles)).re
                })
                .sum();
            assert!((value - expected).abs() < 1e-3, "{i}: {value} {expected}");
        }
    }

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
