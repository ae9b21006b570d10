//! The residual's power spectrum, in which the carriers stand out whatever the shift.

use rustfft::num_complex::Complex32;

use multiversion::multiversion;

use crate::filters::box_mean;
use crate::fold::WHOLE;
use crate::fourier::Fourier;
use crate::pattern::TILE;
use crate::plane::Plane;

/// Side of the blocks whose spectra are averaged.
pub(crate) const SIDE: usize = 512;
/// Bins per cycle of the tile where the pattern has its own size.
pub(crate) const BINS_PER_CYCLE: f64 = (SIDE / TILE) as f64;
/// Blocks advance by this share of their side.
const ADVANCE: f32 = 0.62;
/// Radius of the neighbourhood that a bin is compared with.
const BACKGROUND: usize = 6;
/// A line counts at most this many times its background there.
const BACKGROUND_CLIP: f32 = 3.0;
/// A line counts at most this many times its background in the result.
const LINE_CLIP: f32 = 6.0;

/// Power over its surroundings, `SIDE × SIDE` bins, the zero frequency first.
pub(crate) struct Spectrum {
    values: Vec<f32>,
    pub(crate) mean: f32,
    pub(crate) variance: f32,
}

impl Spectrum {
    pub(crate) fn new(residual: &Plane) -> Self {
        let mut values = flattened(&averaged_power(residual));
        values[0] = 0.0;
        let count = values.len() as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f32>()
            / count;
        Self {
            values,
            mean,
            variance,
        }
    }

    /// The bin nearest to a frequency in bins; both may be negative.
    #[cfg(test)]
    fn nearest(&self, fx: f32, fy: f32) -> f32 {
        const OFFSET: f32 = 16.0 * SIDE as f32 + 0.5;
        let wrap = |f: f32| (f + OFFSET) as usize & (SIDE - 1);
        self.values[wrap(fy) * SIDE + wrap(fx)]
    }

    /// The sum of the bins nearest to where a matrix sends pattern frequencies; what falls outside counts as
    /// the mean.
    pub(crate) fn sum(&self, matrix: [f32; 4], frequencies: &[(f32, f32)]) -> f32 {
        let mut sum = 0.0;
        for frequencies in frequencies.chunks(GATHERED) {
            let mut values = [0.0; GATHERED];
            gather(&self.values, self.mean, matrix, frequencies, &mut values);
            sum += values.iter().sum::<f32>();
        }
        sum
    }

    /// The value between bins.
    pub(crate) fn interpolated(&self, fx: f32, fy: f32) -> f32 {
        const OFFSET: f32 = 16.0 * SIDE as f32;
        let (x, y) = (fx + OFFSET, fy + OFFSET);
        let (i, j) = (x as usize, y as usize);
        let (u, v) = (x - i as f32, y - j as f32);
        let at = |i: usize, j: usize| self.values[(j & (SIDE - 1)) * SIDE + (i & (SIDE - 1))];
        (at(i, j) * (1.0 - u) + at(i + 1, j) * u) * (1.0 - v)
            + (at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u) * v
    }
}

/// Bins that are looked up together.
const GATHERED: usize = 16;
/// Beyond this share of the side a frequency is outside the spectrum.
const USABLE: f32 = 0.47 * SIDE as f32;

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn gather(
    values: &[f32],
    mean: f32,
    matrix: [f32; 4],
    frequencies: &[(f32, f32)],
    out: &mut [f32; GATHERED],
) {
    let mut bins = [0_u32; GATHERED];
    for (bin, &frequency) in bins.iter_mut().zip(frequencies) {
        let (fx, fy) = received(matrix, frequency);
        let wrap = |f: f32| (f + WHOLE).to_bits() & (SIDE as u32 - 1);
        let bin_there = wrap(fy) * SIDE as u32 + wrap(fx);
        *bin = if is_outside(fx, fy) {
            u32::MAX
        } else {
            bin_there
        };
    }
    for (out, &bin) in out.iter_mut().zip(&bins[..frequencies.len()]) {
        *out = values.get(bin as usize).copied().unwrap_or(mean);
    }
}

/// A pattern frequency k stands at the frequency `Mᵀ k` of the received picture.
#[inline(always)]
pub(crate) fn received([a, b, c, d]: [f32; 4], (kx, ky): (f32, f32)) -> (f32, f32) {
    (a * kx + c * ky, b * kx + d * ky)
}

#[inline(always)]
pub(crate) fn is_outside(fx: f32, fy: f32) -> bool {
    // Written so that NaN is outside.
    !(fx.abs() <= USABLE && fy.abs() <= USABLE)
}

/// Where blocks begin along a side; a side shorter than a block gets one that overlaps it evenly.
fn starts(length: usize) -> Vec<isize> {
    if length <= SIDE {
        return vec![(length as isize - SIDE as isize) / 2];
    }
    let spare = length - SIDE;
    let count = (spare as f32 / (SIDE as f32 * ADVANCE)).ceil() as usize + 1;
    (0..count)
        .map(|i| (spare * i / (count - 1)) as isize)
        .collect()
}

/// A sine over the part of a block that lies inside the picture.
fn window(length: usize) -> Vec<f32> {
    let inside = length.min(SIDE);
    let first = (SIDE - inside) / 2;
    let mut window = vec![0.0; SIDE];
    for (i, value) in window[first..first + inside].iter_mut().enumerate() {
        *value = ((i as f32 + 0.5) / inside as f32 * std::f32::consts::PI).sin();
    }
    window
}

/// Power spectra of overlapping blocks, added. Two real blocks go through one complex transform.
fn averaged_power(residual: &Plane) -> Vec<f32> {
    let (columns, rows) = (starts(residual.width), starts(residual.height));
    let windows = (window(residual.width), window(residual.height));
    let corners: Vec<(isize, isize)> = rows
        .iter()
        .flat_map(|&y| columns.iter().map(move |&x| (x, y)))
        .collect();
    let mut fourier = Fourier::new(SIDE);
    let mut block = vec![Complex32::default(); SIDE * SIDE];
    let mut power = vec![0.0; SIDE * SIDE];
    for pair in corners.chunks(2) {
        block.fill(Complex32::default());
        for (index, &corner) in pair.iter().enumerate() {
            fill(&mut block, residual, corner, &windows, index == 1);
        }
        fourier.forward(&mut block);
        for j in 0..SIDE {
            for i in 0..SIDE {
                let (value, mirror) = (
                    block[j * SIDE + i],
                    block[(SIDE - j) % SIDE * SIDE + (SIDE - i) % SIDE],
                );
                // |A|² + |B|² of the two real blocks in one spectrum.
                power[j * SIDE + i] += 0.5 * (value.norm_sqr() + mirror.norm_sqr());
            }
        }
    }
    power
}

fn fill(
    block: &mut [Complex32],
    residual: &Plane,
    corner: (isize, isize),
    windows: &(Vec<f32>, Vec<f32>),
    second: bool,
) {
    for (j, row) in block.chunks_exact_mut(SIDE).enumerate() {
        let Some(y) = (corner.1 + j as isize)
            .try_into()
            .ok()
            .filter(|&y: &usize| y < residual.height)
        else {
            continue;
        };
        let source = residual.row(y);
        let first = (-corner.0).max(0) as usize;
        let last = (residual.width as isize - corner.0).clamp(0, SIDE as isize) as usize;
        for i in first..last {
            let value = source[(corner.0 + i as isize) as usize] * windows.0[i] * windows.1[j];
            if second {
                row[i].im = value;
            } else {
                row[i].re = value;
            }
        }
    }
}

/// Each bin over the mean of its surroundings, which strong lines do not raise; the spectrum wraps around.
fn flattened(power: &[f32]) -> Vec<f32> {
    const MARGIN: usize = 2 * BACKGROUND + 4;
    const WIDE: usize = SIDE + 2 * MARGIN;
    let wrapped = |i: usize| (i + SIDE - MARGIN) % SIDE;
    let data = (0..WIDE * WIDE)
        .map(|i| power[wrapped(i / WIDE) * SIDE + wrapped(i % WIDE)])
        .collect();
    let mut plane = Plane {
        width: WIDE,
        height: WIDE,
        data,
    };
    let rough = box_mean(&plane, BACKGROUND);
    plane
        .data
        .iter_mut()
        .zip(&rough.data)
        .for_each(|(value, rough)| *value = value.min(BACKGROUND_CLIP * rough));
    let background = box_mean(&plane, BACKGROUND);
    (0..SIDE * SIDE)
        .map(|i| {
            let around = background.row(i / SIDE + MARGIN)[i % SIDE + MARGIN];
            (power[i] / (around + f32::MIN_POSITIVE)).min(LINE_CLIP)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_out_wherever_the_blocks_lie() {
        for (width, height) in [(300, 200), (512, 512), (900, 700)] {
            let wave = |x: usize, y: usize| {
                (std::f32::consts::TAU * (60 * x + 37 * y) as f32 / SIDE as f32).cos()
            };
            let mut state = 5_u32;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            };
            let data = (0..width * height)
                .map(|i| wave(i % width, i / width) + noise())
                .collect();
            let spectrum = Spectrum::new(&Plane {
                width,
                height,
                data,
            });
            assert!(spectrum.nearest(60.0, 37.0) > 5.0 && spectrum.nearest(-60.0, -37.0) > 5.0);
            assert!(spectrum.interpolated(60.3, 36.8) > 2.0);
            assert!((0.5..1.5).contains(&spectrum.mean), "{}", spectrum.mean);
        }
    }
}
