//! Denoisers, which take a mark for noise.

use super::{Attack, Group, List};
use crate::image::rgb::{Rgb, luma, to_sample};
use crate::statistics::quantile;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Denoise, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Quick,
        "nlm-10",
        "non-local means on luma, h = 10, 7×7 patches in 21×21",
        |p, _| Ok(non_local_means(p, 10.0)),
    ),
    attack(
        List::Extra,
        "nlm-5",
        "non-local means on luma, h = 5, 7×7 patches in 21×21",
        |p, _| Ok(non_local_means(p, 5.0)),
    ),
    attack(
        List::Standard,
        "bilateral",
        "bilateral filter, 9×9, deviations 3 pixels and 30 levels",
        |p, _| Ok(bilateral(p, 4, 3.0, 30.0)),
    ),
    attack(
        List::Standard,
        "wavelet",
        "wavelet soft thresholding for noise of deviation 5",
        |p, _| Ok(wavelet(p, Some(5.0))),
    ),
    attack(
        List::Extra,
        "wavelet-10",
        "wavelet soft thresholding for noise of deviation 10",
        |p, _| Ok(wavelet(p, Some(10.0))),
    ),
    attack(
        List::Extra,
        "wavelet-estimated",
        "wavelet soft thresholding at the estimated noise",
        |p, _| Ok(wavelet(p, None)),
    ),
];

/// Non-local means (Buades, Coll and Morel, IPOL 2011) with patches of 7×7 and a window of 21×21:
/// every pixel becomes the mean of the pixels around it, weighted by `exp(-d²/h²)` where `d²` is
/// the mean squared difference of luma between their patches.
///
/// For each of the window's offsets the differences of all patches come from running sums, and
/// each pair of pixels is weighed once for both.
fn non_local_means(picture: &Rgb, h: f32) -> Rgb {
    const PATCH: usize = 3;
    const WINDOW: isize = 10;
    let (width, height) = (picture.width, picture.height);
    let luma = picture.luma();
    let planes = picture.planes();
    // The pixel itself has weight 1.
    let mut sums = planes.clone();
    let mut weights = vec![1.0_f32; width * height];
    let mut distances = Distances::new(width, height);
    let offsets = (0..=WINDOW).flat_map(|dy| (-WINDOW..=WINDOW).map(move |dx| (dx, dy)));
    for (dx, dy) in offsets.filter(|(dx, dy)| *dy > 0 || *dx > 0) {
        let down = dy.unsigned_abs();
        if down >= height || dx.unsigned_abs() >= width {
            continue;
        }
        let left = (-dx).max(0) as usize;
        let length = width - dx.unsigned_abs();
        distances.measure(&luma, dx, down, left, length, PATCH);
        for y in 0..height - down {
            let near = y * width + left;
            let far = ((y + down) * width + left).wrapping_add_signed(dx);
            let weight = &mut distances.rows[y * width..][..length];
            for value in weight.iter_mut() {
                *value = exp_negative(*value / (h * h));
            }
            add(&mut weights, near, weight);
            add(&mut weights, far, weight);
            for (sum, plane) in sums.iter_mut().zip(&planes) {
                add_product(sum, near, weight, &plane[far..]);
                add_product(sum, far, weight, &plane[near..]);
            }
        }
    }
    for sum in &mut sums {
        for (value, weight) in sum.iter_mut().zip(&weights) {
            *value /= weight;
        }
    }
    Rgb::from_planes(width, height, &sums)
}

fn add(sums: &mut [f32], from: usize, weights: &[f32]) {
    for (sum, weight) in sums[from..].iter_mut().zip(weights) {
        *sum += weight;
    }
}

fn add_product(sums: &mut [f32], from: usize, weights: &[f32], values: &[f32]) {
    for ((sum, weight), value) in sums[from..].iter_mut().zip(weights).zip(values) {
        *sum += weight * value;
    }
}

/// `exp(-x)` for `x ≥ 0` as `(1 - x/256)^256`, without branches: 1 % low at x = 2, 3 % at x = 4. Weights of a
/// mean need no more, and a library call per pair of pixels would be most of the work.
fn exp_negative(x: f32) -> f32 {
    let mut power = (1.0 - x * (1.0 / 256.0)).max(0.0);
    for _ in 0..8 {
        power *= power;
    }
    power
}

/// Mean squared differences between the patches of pixels that lie one offset apart.
struct Distances {
    width: usize,
    height: usize,
    /// Row `y` holds the pixels `left..left + length` of the picture's row `y`, from its start.
    rows: Vec<f32>,
    squares: Vec<f32>,
    column: Vec<f32>,
}

impl Distances {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            rows: vec![0.0; width * height],
            squares: vec![0.0; width * height],
            column: vec![0.0; width],
        }
    }

    /// For the offset of `dx` columns and `down` rows; patches are cut at the borders.
    fn measure(
        &mut self,
        plane: &[f32],
        dx: isize,
        down: usize,
        left: usize,
        length: usize,
        patch: usize,
    ) {
        let (width, height) = (self.width, self.height - down);
        for y in 0..height {
            let near = &plane[y * width + left..][..length];
            let far = ((y + down) * width + left).wrapping_add_signed(dx);
            let far = &plane[far..][..length];
            let target = &mut self.squares[y * width..][..length];
            for ((square, a), b) in target.iter_mut().zip(near).zip(far) {
                *square = (a - b) * (a - b);
            }
        }
        let column = &mut self.column[..length];
        column.fill(0.0);
        for y in 0..patch.min(height) {
            add(column, 0, &self.squares[y * width..][..length]);
        }
        for y in 0..height {
            if y + patch < height {
                add(column, 0, &self.squares[(y + patch) * width..][..length]);
            }
            if y > patch {
                let leaving = &self.squares[(y - patch - 1) * width..][..length];
                for (sum, value) in column.iter_mut().zip(leaving) {
                    // Rounding must not make a distance negative.
                    *sum = (*sum - value).max(0.0);
                }
            }
            let rows = (y + patch).min(height - 1) - y.saturating_sub(patch) + 1;
            let target = &mut self.rows[y * width..][..length];
            running_mean(column, patch, rows, target);
        }
    }
}

/// Sums of `2 · radius + 1` neighbours divided by the number of samples that they stand for.
fn running_mean(values: &[f32], radius: usize, rows: usize, target: &mut [f32]) {
    let length = values.len();
    let full = 2 * radius + 1;
    if length > 2 * radius {
        let scale = 1.0 / (full * rows) as f32;
        let inner = &mut target[radius..length - radius];
        inner.fill(0.0);
        for shift in 0..full {
            add(inner, 0, &values[shift..]);
        }
        inner.iter_mut().for_each(|value| *value *= scale);
    }
    let edge = |x: &usize| *x < radius || *x + radius >= length;
    for x in (0..radius.min(length))
        .chain(length.saturating_sub(radius)..length)
        .filter(edge)
    {
        let window = &values[x.saturating_sub(radius)..(x + radius + 1).min(length)];
        target[x] = window.iter().sum::<f32>() / (window.len() * rows) as f32;
    }
}

/// Bilateral filter (Tomasi and Manduchi, ICCV 1998): the mean of the disc of this `radius` with
/// Gaussian weights of the distance in pixels and of the distance in luma. Edge pixels repeat.
pub(super) fn bilateral(picture: &Rgb, radius: usize, space: f32, range: f32) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let bell = |distance: f32, deviation: f32| (-0.5 * (distance / deviation).powi(2)).exp();
    let by_level: [f32; 256] = std::array::from_fn(|level| bell(level as f32, range));
    let reach = -(radius as isize)..=radius as isize;
    let disc: Vec<(isize, isize, f32)> = reach
        .clone()
        .flat_map(|dy| reach.clone().map(move |dx| (dx, dy)))
        .map(|(dx, dy)| (dx, dy, (dx as f32).hypot(dy as f32)))
        .filter(|(_, _, distance)| *distance <= radius as f32 + 0.5)
        .map(|(dx, dy, distance)| (dx, dy, bell(distance, space)))
        .collect();
    let column = |x: usize, dx: isize| x.saturating_add_signed(dx).min(width - 1);
    let row = |y: usize, dy: isize| y.saturating_add_signed(dy).min(height - 1);
    Rgb::from_fn(width, height, |x, y| {
        let own = to_sample(luma(picture.pixel(x, y)));
        let mut sums = [0.0_f32; 3];
        let mut total = 0.0;
        for (dx, dy, near) in &disc {
            let pixel = picture.pixel(column(x, *dx), row(y, *dy));
            let difference = to_sample(luma(pixel)).abs_diff(own);
            let weight = near * by_level[usize::from(difference)];
            total += weight;
            for (sum, sample) in sums.iter_mut().zip(pixel) {
                *sum += weight * f32::from(sample);
            }
        }
        sums.map(|sum| to_sample(sum / total))
    })
}

/// Soft thresholding of the details of a four-level Haar transform, per channel, with the threshold
/// of BayesShrink per band (Chang, Yu and Vetterli, IEEE Trans. Image Processing 9, 2000). Without
/// a noise deviation it is estimated from the finest diagonal band (Donoho and Johnstone 1994), as
/// denoising tools do.
fn wavelet(picture: &Rgb, noise: Option<f32>) -> Rgb {
    const LEVELS: u32 = 4;
    // A multiple of 16 on both sides; edge pixels repeat.
    let pad = |length: usize| length.next_multiple_of(1 << LEVELS);
    let (width, height) = (pad(picture.width), pad(picture.height));
    let padded = Rgb::from_fn(width, height, |x, y| {
        picture.pixel(x.min(picture.width - 1), y.min(picture.height - 1))
    });
    let mut planes = padded.planes();
    for plane in &mut planes {
        shrink(plane, width, width, height, LEVELS, noise);
    }
    let result = Rgb::from_planes(width, height, &planes);
    result.crop(0, 0, picture.width, picture.height)
}

/// Thresholds the details of the `width × height` corner of a plane with rows of `stride`.
fn shrink(
    plane: &mut [f32],
    stride: usize,
    width: usize,
    height: usize,
    levels: u32,
    noise: Option<f32>,
) {
    if levels == 0 {
        return;
    }
    let (half_width, half_height) = (width / 2, height / 2);
    let mut bands: [Vec<f32>; 4] =
        std::array::from_fn(|_| Vec::with_capacity(half_width * half_height));
    for y in 0..half_height {
        for x in 0..half_width {
            let at = 2 * y * stride + 2 * x;
            let [a, b] = [plane[at], plane[at + 1]];
            let [c, d] = [plane[at + stride], plane[at + stride + 1]];
            let values = [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d];
            for (band, value) in bands.iter_mut().zip(values) {
                band.push(value / 2.0);
            }
        }
    }
    let [mut coarse, details @ ..] = bands;
    let noise = noise.unwrap_or_else(|| deviation_of_noise(&details[2]));
    let details = details.map(|band| soften(band, noise));
    shrink(
        &mut coarse,
        half_width,
        half_width,
        half_height,
        levels - 1,
        Some(noise),
    );
    for y in 0..half_height {
        for x in 0..half_width {
            let index = y * half_width + x;
            let [s, h, v, d] = [
                coarse[index],
                details[0][index],
                details[1][index],
                details[2][index],
            ];
            let at = 2 * y * stride + 2 * x;
            plane[at] = (s + h + v + d) / 2.0;
            plane[at + 1] = (s - h + v - d) / 2.0;
            plane[at + stride] = (s + h - v - d) / 2.0;
            plane[at + stride + 1] = (s - h - v + d) / 2.0;
        }
    }
}

/// The median of the magnitudes over that of a standard normal distribution.
fn deviation_of_noise(diagonal: &[f32]) -> f32 {
    let magnitudes: Vec<f64> = diagonal
        .iter()
        .map(|value| f64::from(value.abs()))
        .collect();
    (quantile(&magnitudes, 0.5) / 0.674_489_75) as f32
}

/// Moves every value towards 0 by the noise's variance over the signal's deviation.
fn soften(mut band: Vec<f32>, noise: f32) -> Vec<f32> {
    let variance = band.iter().map(|value| value * value).sum::<f32>() / band.len() as f32;
    let signal = (variance - noise * noise).max(0.0).sqrt();
    let threshold = noise * noise / signal;
    for value in &mut band {
        // An infinite threshold leaves nothing; 0/0 leaves the 0 that is there.
        let kept = (value.abs() - threshold).max(0.0);
        *value = kept.copysign(*value);
    }
    band
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::quality::psnr;
    use crate::random::Random;

    fn noisy() -> (Rgb, Rgb) {
        let clean = Rgb::from_fn(97, 83, |x, y| {
            if (x / 24 + y / 24) % 2 == 0 {
                [60, 90, 120]
            } else {
                [180, 160, 140]
            }
        });
        let mut random = Random::new(5, &["denoise"]);
        let noisy =
            clean.map(|p| p.map(|v| to_sample(f32::from(v) + 6.0 * random.normal() as f32)));
        (clean, noisy)
    }

    #[test]
    fn denoisers_denoise() {
        let (clean, noisy) = noisy();
        let before = psnr(&clean, &noisy);
        for (gain, result) in [
            (6.0, non_local_means(&noisy, 10.0)),
            (4.0, bilateral(&noisy, 4, 3.0, 30.0)),
            (2.0, wavelet(&noisy, None)),
        ] {
            let after = psnr(&clean, &result);
            assert!(after > before + gain, "{before} {after}");
        }
    }

    #[test]
    fn non_local_means_follows_its_definition() {
        let (_, noisy) = noisy();
        let noisy = noisy.crop(0, 0, 24, 19);
        let result = non_local_means(&noisy, 10.0);
        let luma = noisy.luma();
        let (width, height) = (24_isize, 19_isize);
        for (x, y) in [(12_isize, 9_isize), (0, 0), (23, 18), (2, 16)] {
            let (mut sum, mut total) = (0.0, 0.0);
            for v in (y - 10).max(0)..=(y + 10).min(height - 1) {
                for u in (x - 10).max(0)..=(x + 10).min(width - 1) {
                    let (mut square, mut count) = (0.0, 0.0);
                    for j in -3..=3 {
                        for i in -3..=3 {
                            let inside = |x: isize, y: isize| {
                                (0..width).contains(&x) && (0..height).contains(&y)
                            };
                            if inside(x + i, y + j) && inside(u + i, v + j) {
                                let at = |x: isize, y: isize| luma[(y * width + x) as usize];
                                square += (at(x + i, y + j) - at(u + i, v + j)).powi(2);
                                count += 1.0;
                            }
                        }
                    }
                    let weight = (-square / count / 100.0_f32).exp();
                    total += weight;
                    sum += weight * f32::from(noisy.pixel(u as usize, v as usize)[1]);
                }
            }
            let found = result.pixel(x as usize, y as usize)[1];
            assert!((f32::from(found) - sum / total).abs() < 1.0);
        }
    }

    #[test]
    fn haar_without_noise_is_the_identity() {
        let (clean, _) = noisy();
        assert_eq!(wavelet(&clean, Some(0.0)), clean);
    }
}
