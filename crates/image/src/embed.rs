//! Adding the mark.

use crate::binding::{CELL, FEATURES};
use crate::geometry::Homography;
use crate::pattern::{Pattern, TILE};
use crate::pixels::{Depth, LUMA, PixelsMut, SamplesMut};
use crate::plane::Plane;
use multiversion::multiversion;

/// No picture is taken below this PSNR.
pub(crate) const PSNR_FLOOR_DB: f64 = 42.0;
/// The mark is no stronger than this, in the mask's units, however busy the place: what it adds to the
/// energy over noise falls with the noise there, what it costs in PSNR does not. With 6 instead of the
/// mask's own ceiling of 8, PSNR grows by 0.8 dB and what is recovered hardly changes.
const CEILING: f32 = 6.0;
/// Grey levels at full scale.
const PEAK: f64 = 255.0;
/// Pictures up to one megapixel use the pattern as it is, larger ones scale it up.
const CANONICAL_SIDE: f64 = 1024.0;
/// Points per pattern pixel from which a scaled-up pattern is taken.
const OVERSAMPLING: usize = 4;
/// The estimate on a part of the pixels may be off by this much.
const ESTIMATE_MARGIN_DB: f64 = 0.05;
/// Pixels on which the PSNR is estimated while the strength is chosen.
const ESTIMATE_PIXELS: usize = 40_000;

/// Change of R, G and B that raises the luma by one with the least energy: along the luma's own
/// direction. It costs 1.3 dB less than raising all three alike.
pub(crate) fn color_direction(colors: usize) -> [f32; 3] {
    if colors == 1 {
        return [1.0, 0.0, 0.0];
    }
    let energy: f32 = LUMA.iter().map(|weight| weight * weight).sum();
    LUMA.map(|weight| weight / energy)
}

/// Picture pixels per pattern pixel at which a picture of this size is marked: 1 up to a megapixel.
pub(crate) fn pattern_scale(width: usize, height: usize) -> f64 {
    ((width as f64 * height as f64).sqrt() / CANONICAL_SIDE).max(1.0)
}

/// The change of luma, in grey levels at a strength of one, that carries the symbols.
pub(crate) fn change(luma: &Plane, mask: &Plane, pattern: &Pattern, symbols: &[f32]) -> Plane {
    let mut change = mask.clone();
    for value in &mut change.data {
        *value = value.min(CEILING);
    }
    let scale = pattern_scale(luma.width, luma.height);
    let oversampling = if scale > 1.0 { OVERSAMPLING } else { 1 };
    let tile = pattern.tile(symbols, oversampling);
    let bound = pattern.bound_tiles(oversampling);
    let mapping = Homography::linear([1.0 / scale, 0.0, 0.0, 1.0 / scale]);
    let cells = pattern.binding.features(luma, &mapping).hardened();
    let side = TILE * oversampling;
    let place = |i: usize| ((i as f64 * oversampling as f64 / scale).round() as usize) % side;
    let columns: Vec<usize> = (0..luma.width).map(place).collect();
    let runs = runs(luma.width, |x| (x as f64 / scale) as usize / CELL);
    for (y, row) in change.data.chunks_exact_mut(luma.width).enumerate() {
        let line = place(y) * side..(place(y) + 1) * side;
        let (tile, bound) = (&tile[line.clone()], &bound[line]);
        for &(start, end) in &runs {
            let signs = cells.signs(mapping.apply(start as f64, y as f64));
            multiply(
                &mut row[start..end],
                &columns[start..end],
                tile,
                bound,
                &signs,
            );
        }
    }
    change
}

/// First and one-past-last columns of the cells along a row.
fn runs(width: usize, cell: impl Fn(usize) -> usize) -> Vec<(usize, usize)> {
    let starts = (0..width).filter(|&x| x == 0 || cell(x) != cell(x - 1));
    let starts: Vec<usize> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([width]);
    starts.iter().copied().zip(ends).collect()
}

/// Multiplies values by the tile's line and what the signs make of the bound parts.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn multiply(
    values: &mut [f32],
    columns: &[usize],
    tile: &[f32],
    bound: &[[f32; FEATURES]],
    signs: &[f32; FEATURES],
) {
    for (value, &column) in values.iter_mut().zip(columns) {
        let mut sum = tile[column];
        for (sign, bound) in signs.iter().zip(&bound[column]) {
            sum += sign * bound;
        }
        *value *= sum;
    }
}

/// The largest strength, at most `cap`, that keeps the picture above a PSNR in dB with the rounding and
/// clipping that the samples will really get.
pub(crate) fn strength(pixels: &mut PixelsMut<'_>, change: &Plane, cap: f32, floor_db: f64) -> f32 {
    let channels = pixels.channels();
    let worst = PEAK * PEAK / 10f64.powf((floor_db + ESTIMATE_MARGIN_DB) / 10.0);
    let error = |strength: f32| match &*pixels.samples_mut() {
        SamplesMut::U8(samples) => sampled_error(
            samples,
            channels.count(),
            channels.colors(),
            change,
            strength,
        ),
        SamplesMut::U16(samples) => sampled_error(
            samples,
            channels.count(),
            channels.colors(),
            change,
            strength,
        ),
    };
    let error = std::cell::RefCell::new(error);
    let is_allowed = |strength: f32| (error.borrow_mut())(strength) <= worst;
    if is_allowed(cap) {
        return cap;
    }
    let (mut low, mut high) = (0.0, cap);
    for _ in 0..14 {
        let middle = 0.5 * (low + high);
        if is_allowed(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Mean squared error per sample in squared 8-bit grey levels, on a sparse grid of pixels.
fn sampled_error<T: Depth>(
    samples: &[T],
    count: usize,
    colors: usize,
    change: &Plane,
    strength: f32,
) -> f64 {
    let step = (change.pixels() / ESTIMATE_PIXELS).max(1) | 1;
    let direction = color_direction(colors);
    let (mut sum, mut measured) = (0.0, 0);
    for (pixel, &change) in samples.chunks_exact(count).zip(&change.data).step_by(step) {
        for (&sample, direction) in pixel.iter().take(colors).zip(direction) {
            let new: f32 =
                T::from_value(sample.into() + strength * change * direction * T::LEVEL).into();
            sum += f64::from((new - sample.into()) / T::LEVEL).powi(2);
            measured += 1;
        }
    }
    sum / f64::from(measured.max(1))
}

/// Adds the change at a strength and returns the PSNR in dB over all colour samples. Opacity stays.
pub(crate) fn apply(pixels: &mut PixelsMut<'_>, change: &Plane, strength: f32) -> f64 {
    let (count, colors) = (pixels.channels().count(), pixels.channels().colors());
    let error = match pixels.samples_mut() {
        SamplesMut::U8(samples) => add(samples, count, colors, change, strength),
        SamplesMut::U16(samples) => add(samples, count, colors, change, strength),
    };
    10.0 * (PEAK * PEAK / error.max(1e-10)).log10()
}

fn add<T: Depth>(
    samples: &mut [T],
    count: usize,
    colors: usize,
    change: &Plane,
    strength: f32,
) -> f64 {
    let direction = color_direction(colors).map(|weight| weight * strength * T::LEVEL);
    let mut total = 0.0;
    let rows = samples
        .chunks_exact_mut(count * change.width)
        .zip(change.data.chunks_exact(change.width));
    for (row, change) in rows {
        let error = match count {
            1 => add_row::<T, 1>(row, change, direction, colors),
            2 => add_row::<T, 2>(row, change, direction, colors),
            3 => add_row::<T, 3>(row, change, direction, colors),
            _ => add_row::<T, 4>(row, change, direction, colors),
        };
        total += f64::from(error / (T::LEVEL * T::LEVEL));
    }
    total / (change.pixels() * colors) as f64
}

/// Adds to the colours of a row and returns the sum of squared errors in squared sample steps.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn add_row<T: Depth, const COUNT: usize>(
    row: &mut [T],
    change: &[f32],
    direction: [f32; 3],
    colors: usize,
) -> f32 {
    let mut sums = [0.0_f32; 3];
    for (pixel, &change) in row.chunks_exact_mut(COUNT).zip(change) {
        let colors = pixel.iter_mut().take(colors).zip(direction).zip(&mut sums);
        for ((sample, direction), sum) in colors {
            let old: f32 = (*sample).into();
            *sample = T::from_value(old + change * direction);
            let error = (*sample).into() - old;
            *sum += error * error;
        }
    }
    sums.iter().sum()
}
