//! What can be learnt of a periodic mark without its key.
//!
//! The design is public: a tile of 128 × 128 that repeats, larger in pictures above one megapixel, in
//! a known band of frequencies. High-pass, division by the local deviation and folding add up the
//! mark and average the picture away (Kutter, Voloshynovskiy and Herrigel, "The watermark copy
//! attack", 2000; Voloshynovskiy et al., "Attack modelling: towards a second generation watermarking
//! benchmark", 2001).

use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

use crate::image::quality::psnr;
use crate::image::rgb::{Rgb, to_sample};

/// Side of the tile in pattern pixels.
const TILE: usize = 128;
/// The mark's band in periods per tile, and the least distance from the axes.
const BAND: std::ops::RangeInclusive<f32> = 9.0..=24.0;
const AXIS: i32 = 2;
/// Radius of the neighbourhoods for high-pass and local deviation.
const RADIUS: usize = 4;
/// A Gaussian's standard deviation over its mean absolute value.
const DEVIATION: f32 = 1.2533;
/// Residuals beyond this many deviations are edges and count no more.
const CLIP: f32 = 2.0;

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Residual {
    /// High-pass over the local deviation.
    Whitened,
    /// The luma as it is, less its mean.
    Luma,
}

/// The sum over all tiles of one or more pictures.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    sums: Vec<f32>,
    counts: Vec<f32>,
}

impl Fold {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        Self {
            sums: vec![0.0; TILE * TILE],
            counts: vec![0.0; TILE * TILE],
        }
    }

    /// All tiles of a picture.
    pub(super) fn of(picture: &Rgb, residual: Residual) -> Self {
        let luma = picture.luma();
        let width = picture.width;
        let values = match residual {
            Residual::Whitened => whitened(&luma, width),
            Residual::Luma => {
                let mean = luma.iter().sum::<f32>() / luma.len() as f32;
                luma.iter().map(|value| value - mean).collect()
            }
        };
        let mut fold = Self::empty();
        let scale = pattern_scale(picture);
        let place = |at: usize| (at as f64 / scale).round() as usize % TILE;
        let columns: Vec<usize> = (0..width).map(place).collect();
        for (y, row) in values.chunks_exact(width).enumerate() {
            let start = place(y) * TILE;
            for (value, column) in row.iter().zip(&columns) {
                fold.sums[start + column] += value;
                fold.counts[start + column] += 1.0;
            }
        }
        fold
    }

    /// Adds another sum.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// The mean tile inside the mark's band, of variance 1.
    pub(super) fn estimate(&self) -> Estimate {
        let means = self.sums.iter().zip(&self.counts);
        let mut grid: Vec<Complex32> = means
            .map(|(sum, count)| Complex32::new(sum / count.max(1.0), 0.0))
            .collect();
        transform(&mut grid, false);
        for (index, value) in grid.iter_mut().enumerate() {
            let (kx, ky) = (signed(index % TILE), signed(index / TILE));
            let radius = (kx as f32).hypot(ky as f32);
            if !BAND.contains(&radius) || kx.abs() < AXIS || ky.abs() < AXIS {
                *value = Complex32::ZERO;
            }
        }
        transform(&mut grid, true);
        let power = grid.iter().map(|value| value.re * value.re).sum::<f32>();
        let unit = (power / grid.len() as f32).sqrt().max(f32::MIN_POSITIVE);
        Estimate {
            tile: grid.iter().map(|value| value.re / unit).collect(),
        }
    }
}

/// An estimated tile.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    tile: Vec<f32>,
}

impl Estimate {
    /// Adds the estimate to a picture, or subtracts it when `sign` is -1, as strongly as leaves `target`
    /// dB of PSNR to that picture. It is shaped by the local activity, as the mark itself is.
    pub(super) fn applied(&self, picture: &Rgb, sign: f32, target: f64) -> Rgb {
        let change = self.shaped(picture);
        let power = change.iter().map(|value| value * value).sum::<f32>() / change.len() as f32;
        // Of the colour changes that change luma by 1, `COLOUR` is the smallest; its squares sum to
        // 1/0.447, a third of that per sample.
        let wanted = 255.0 * 255.0 / 10_f64.powf(target / 10.0);
        let mut gain = (wanted / f64::from(power * 2.237 / 3.0).max(1e-12)).sqrt();
        let mut result = add(picture, &change, sign * gain as f32);
        // Rounding and clipping move the PSNR a little.
        for _ in 0..3 {
            let reached = psnr(picture, &result);
            if !reached.is_finite() || (reached - target).abs() < 0.02 {
                break;
            }
            gain *= 10_f64.powf((reached - target) / 20.0);
            result = add(picture, &change, sign * gain as f32);
        }
        result
    }

    fn shaped(&self, picture: &Rgb) -> Vec<f32> {
        let luma = picture.luma();
        let (_, deviation) = residual(&luma, picture.width);
        let scale = pattern_scale(picture);
        let mut change = Vec::with_capacity(luma.len());
        for (index, deviation) in deviation.iter().enumerate() {
            let (x, y) = (index % picture.width, index / picture.width);
            let tile = self.at(x as f64 / scale, y as f64 / scale);
            change.push(tile * (0.8 + 0.8 * deviation).min(8.0));
        }
        change
    }

    /// Bilinear; the band ends far below the tile's sampling rate.
    fn at(&self, x: f64, y: f64) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = ((x - left) as f32, (y - top) as f32);
        let (left, top) = (left as usize % TILE, top as usize % TILE);
        let (right, below) = ((left + 1) % TILE, (top + 1) % TILE);
        let row = |y: usize| {
            let (a, b) = (self.tile[y * TILE + left], self.tile[y * TILE + right]);
            a + across * (b - a)
        };
        let (a, b) = (row(top), row(below));
        a + down * (b - a)
    }
}

/// Pictures above one megapixel carry a proportionally larger pattern.
fn pattern_scale(picture: &Rgb) -> f64 {
    ((picture.area() as f64).sqrt() / 1024.0).max(1.0)
}

/// The change of red, green and blue of least norm that changes luma by 1.
const COLOUR: [f32; 3] = [0.299 / 0.447, 0.587 / 0.447, 0.114 / 0.447];

fn add(picture: &Rgb, change: &[f32], gain: f32) -> Rgb {
    let mut result = picture.clone();
    for (pixel, change) in result.samples.chunks_exact_mut(3).zip(change) {
        for (sample, share) in pixel.iter_mut().zip(COLOUR) {
            *sample = to_sample(f32::from(*sample) + gain * share * change);
        }
    }
    result
}

fn whitened(luma: &[f32], width: usize) -> Vec<f32> {
    let (high, deviation) = residual(luma, width);
    let pairs = high.iter().zip(&deviation);
    pairs
        .map(|(high, deviation)| (high / (deviation + 1.0)).clamp(-CLIP, CLIP))
        .collect()
}

/// High-pass, and its local deviation.
fn residual(luma: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let low = box_mean(luma, width);
    let high: Vec<f32> = luma.iter().zip(&low).map(|(a, b)| a - b).collect();
    let sizes: Vec<f32> = high.iter().map(|value| value.abs()).collect();
    let mut deviation = box_mean(&sizes, width);
    for value in &mut deviation {
        *value *= DEVIATION;
    }
    (high, deviation)
}

/// Mean over the square of side `2 · RADIUS + 1`, of which only the part inside the picture counts.
fn box_mean(values: &[f32], width: usize) -> Vec<f32> {
    let height = values.len() / width;
    let mut across = vec![0.0; values.len()];
    for (row, out) in values
        .chunks_exact(width)
        .zip(across.chunks_exact_mut(width))
    {
        running_mean(width, |at| row[at], |at, mean| out[at] = mean);
    }
    let mut result = vec![0.0; values.len()];
    for x in 0..width {
        running_mean(
            height,
            |at| across[at * width + x],
            |at, mean| result[at * width + x] = mean,
        );
    }
    result
}

fn running_mean(length: usize, value: impl Fn(usize) -> f32, mut put: impl FnMut(usize, f32)) {
    let mut sum: f64 = (0..RADIUS.min(length)).map(|at| f64::from(value(at))).sum();
    for at in 0..length {
        if at + RADIUS < length {
            sum += f64::from(value(at + RADIUS));
        }
        if let Some(left) = at.checked_sub(RADIUS + 1) {
            sum -= f64::from(value(left));
        }
        let count = (at + RADIUS).min(length - 1) + 1 - at.saturating_sub(RADIUS);
        put(at, (sum / count as f64) as f32);
    }
}

/// A frequency index with its sign.
fn signed(index: usize) -> i32 {
    let index = index as i32;
    if index > TILE as i32 / 2 {
        index - TILE as i32
    } else {
        index
    }
}

/// Two-dimensional Fourier transform, without scaling.
fn transform(grid: &mut [Complex32], inverse: bool) {
    let mut planner = FftPlanner::new();
    let plan = match inverse {
        true => planner.plan_fft_inverse(TILE),
        false => planner.plan_fft_forward(TILE),
    };
    for _ in 0..2 {
        plan.process(grid);
        for y in 0..TILE {
            for x in 0..y {
                grid.swap(y * TILE + x, x * TILE + y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// A tile with one wave inside the band, at `k`.
    fn wave(kx: f64, ky: f64, x: f64, y: f64) -> f64 {
        (std::f64::consts::TAU * (kx * x + ky * y) / TILE as f64).cos()
    }

    fn textured(width: usize, height: usize, seed: u64, amplitude: f64) -> Rgb {
        let mut random = Random::new(seed, &["texture"]);
        let scale = ((width * height) as f64).sqrt() / 1024.0;
        let scale = scale.max(1.0);
        Rgb::from_fn(width, height, |x, y| {
            let host = 120.0 + 20.0 * (x as f64 / 37.0).sin() + 4.0 * random.normal();
            let mark = wave(11.0, 7.0, x as f64 / scale, y as f64 / scale);
            [to_sample((host + amplitude * mark) as f32); 3]
        })
    }

    /// Correlation of an estimate with the wave.
    fn agreement(estimate: &Estimate) -> f64 {
        let sum: f64 = (0..TILE * TILE)
            .map(|at| {
                let (x, y) = ((at % TILE) as f64, (at / TILE) as f64);
                f64::from(estimate.tile[at]) * wave(11.0, 7.0, x, y) * 2_f64.sqrt()
            })
            .sum();
        sum / (TILE * TILE) as f64
    }

    #[test]
    fn finds_what_repeats() {
        let marked = Fold::of(&textured(512, 384, 1, 2.0), Residual::Whitened);
        assert!(agreement(&marked.estimate()) > 0.9);
        let plain = Fold::of(&textured(512, 384, 1, 0.0), Residual::Whitened);
        assert!(agreement(&plain.estimate()).abs() < 0.3);
        let large = Fold::of(&textured(1400, 1100, 1, 2.0), Residual::Whitened);
        assert!(agreement(&large.estimate()) > 0.9);
    }

    #[test]
    fn many_pictures_tell_more() {
        let one = Fold::of(&textured(256, 256, 1, 0.4), Residual::Whitened);
        let mut many = Fold::empty();
        for seed in 1..9 {
            many.add(&Fold::of(
                &textured(256, 256, seed, 0.4),
                Residual::Whitened,
            ));
        }
        let (one, many) = (agreement(&one.estimate()), agreement(&many.estimate()));
        assert!(many > one + 0.1, "{many} {one}");
    }

    #[test]
    fn strength_is_what_was_asked_for() {
        let picture = textured(300, 200, 3, 0.0);
        let estimate = Fold::of(&textured(512, 384, 1, 2.0), Residual::Whitened).estimate();
        for target in [44.0, 38.0] {
            let added = estimate.applied(&picture, 1.0, target);
            assert!((psnr(&picture, &added) - target).abs() < 0.1);
            let removed = estimate.applied(&added, -1.0, target);
            // What was added is taken away again, but for rounding.
            assert!(psnr(&picture, &removed) > target + 5.0);
        }
    }

    #[test]
    fn mean_of_a_constant_is_the_constant() {
        let mean = box_mean(&[3.0; 35], 7);
        assert!(mean.iter().all(|value| (value - 3.0).abs() < 1e-6));
        let mut one = vec![0.0; 400];
        one[10 * 20 + 10] = 81.0;
        let mean = box_mean(&one, 20);
        assert!((mean[14 * 20 + 6] - 1.0).abs() < 1e-5 && mean[15 * 20 + 10].abs() < 1e-5);
    }
}
