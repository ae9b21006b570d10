//! Smoothing and sharpening.

use super::{Attack, Group, List};
use crate::image::rgb::{Rgb, to_sample};

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Filter, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Extra,
        "blur-1",
        "Gaussian, standard deviation 1",
        |p, _| Ok(blur(p, 1.0)),
    ),
    attack(
        List::Quick,
        "blur-2",
        "Gaussian, standard deviation 2",
        |p, _| Ok(blur(p, 2.0)),
    ),
    attack(
        List::Extra,
        "blur-3",
        "Gaussian, standard deviation 3",
        |p, _| Ok(blur(p, 3.0)),
    ),
    attack(List::Extra, "box-5", "mean of 5×5", |p, _| {
        Ok(convolve(p, &[0.2; 5]))
    }),
    attack(
        List::Extra,
        "median-3",
        "median of 3×3 per channel",
        |p, _| Ok(median(p, 1)),
    ),
    attack(
        List::Standard,
        "median-5",
        "median of 5×5 per channel",
        |p, _| Ok(median(p, 2)),
    ),
    attack(
        List::Standard,
        "sharpen",
        "unsharp mask: Gaussian of deviation 1.5, amount 1",
        |p, _| {
            let smooth = blur(p, 1.5);
            let mut result = p.clone();
            for (sample, smooth) in result.samples.iter_mut().zip(&smooth.samples) {
                *sample = to_sample(2.0 * f32::from(*sample) - f32::from(*smooth));
            }
            Ok(result)
        },
    ),
];

/// Gaussian blur with this standard deviation, cut off at three of them; edge pixels repeat.
pub(super) fn blur(picture: &Rgb, deviation: f32) -> Rgb {
    convolve(picture, &gaussian_kernel(deviation))
}

/// A sampled Gaussian of sum 1 out to three standard deviations.
fn gaussian_kernel(deviation: f32) -> Vec<f32> {
    let radius = (3.0 * deviation).ceil() as i32;
    let weight = |at: i32| (-0.5 * (at as f32 / deviation).powi(2)).exp();
    let sum: f32 = (-radius..=radius).map(weight).sum();
    (-radius..=radius).map(|at| weight(at) / sum).collect()
}

/// Convolution with an odd symmetric kernel along rows and then columns; edge pixels repeat.
fn convolve(picture: &Rgb, kernel: &[f32]) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let radius = kernel.len() / 2;
    let stride = 3 * width;
    let mut across = vec![0.0_f32; stride * height];
    let mut padded = vec![0.0_f32; 3 * (width + 2 * radius)];
    for (row, target) in picture
        .samples
        .chunks_exact(stride)
        .zip(across.chunks_exact_mut(stride))
    {
        for (index, pixel) in padded.chunks_exact_mut(3).enumerate() {
            let from = 3 * index.saturating_sub(radius).min(width - 1);
            for (value, sample) in pixel.iter_mut().zip(&row[from..from + 3]) {
                *value = f32::from(*sample);
            }
        }
        for (tap, weight) in kernel.iter().enumerate() {
            for (sum, value) in target.iter_mut().zip(&padded[3 * tap..]) {
                *sum += weight * value;
            }
        }
    }
    let mut result = picture.clone();
    let mut sums = vec![0.0_f32; stride];
    for (y, target) in result.samples.chunks_exact_mut(stride).enumerate() {
        sums.fill(0.0);
        for (tap, weight) in kernel.iter().enumerate() {
            let from = (y + tap).saturating_sub(radius).min(height - 1);
            let row = &across[from * stride..(from + 1) * stride];
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
        for (sample, sum) in target.iter_mut().zip(&sums) {
            *sample = to_sample(*sum);
        }
    }
    result
}

/// Median of the square of `2 · radius + 1` around each sample, by a sliding histogram (Huang,
/// Yang and Tang 1979); edge pixels repeat.
pub(super) fn median(picture: &Rgb, radius: usize) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let mut result = picture.clone();
    let half = ((2 * radius + 1).pow(2) / 2) as u16;
    let row_of = |y: usize, step: usize| (y + step).saturating_sub(radius).min(height - 1);
    for channel in 0..3 {
        for y in 0..height {
            let rows: Vec<&[u8]> = (0..=2 * radius)
                .map(|step| &picture.samples[3 * width * row_of(y, step)..][..3 * width])
                .collect();
            let mut window = Window::new(half);
            for column in 0..=2 * radius {
                let from = 3 * column.saturating_sub(radius).min(width - 1) + channel;
                rows.iter().for_each(|row| window.add(row[from]));
            }
            for x in 0..width {
                result.samples[3 * (y * width + x) + channel] = window.median();
                let leaving = 3 * x.saturating_sub(radius) + channel;
                let coming = 3 * (x + radius + 1).min(width - 1) + channel;
                for row in &rows {
                    window.remove(row[leaving]);
                    window.add(row[coming]);
                }
            }
        }
    }
    result
}

/// A histogram that follows its median.
struct Window {
    counts: [u16; 256],
    half: u16,
    middle: u8,
    /// Samples below `middle`.
    below: u16,
}

impl Window {
    fn new(half: u16) -> Self {
        Self {
            counts: [0; 256],
            half,
            middle: 0,
            below: 0,
        }
    }

    fn add(&mut self, sample: u8) {
        self.counts[usize::from(sample)] += 1;
        self.below += u16::from(sample < self.middle);
    }

    fn remove(&mut self, sample: u8) {
        self.counts[usize::from(sample)] -= 1;
        self.below -= u16::from(sample < self.middle);
    }

    fn median(&mut self) -> u8 {
        while self.below > self.half {
            self.middle -= 1;
            self.below -= self.counts[usize::from(self.middle)];
        }
        while self.below + self.counts[usize::from(self.middle)] <= self.half {
            self.below += self.counts[usize::from(self.middle)];
            self.middle += 1;
        }
        self.middle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Rgb {
        let mut random = crate::random::Random::new(3, &["filter"]);
        Rgb::from_fn(23, 17, |_, _| {
            std::array::from_fn(|_| random.below(256) as u8)
        })
    }

    #[test]
    fn median_agrees_with_sorting() {
        let picture = picture();
        for radius in [1_usize, 2] {
            let filtered = median(&picture, radius);
            for (x, y) in [(0, 0), (22, 16), (5, 0), (11, 8), (22, 3)] {
                for channel in 0..3 {
                    let reach = -(radius as isize)..=radius as isize;
                    let mut values: Vec<u8> = reach
                        .clone()
                        .flat_map(|dy| reach.clone().map(move |dx| (dx, dy)))
                        .map(|(dx, dy)| {
                            let column = (x as isize + dx).clamp(0, 22) as usize;
                            let row = (y as isize + dy).clamp(0, 16) as usize;
                            picture.pixel(column, row)[channel]
                        })
                        .collect();
                    values.sort_unstable();
                    assert_eq!(filtered.pixel(x, y)[channel], values[values.len() / 2]);
                }
            }
        }
    }

    #[test]
    fn blur_keeps_constants_and_the_mean() {
        let flat = Rgb::filled(20, 11, [3, 128, 250]);
        assert_eq!(blur(&flat, 2.0), flat);
        let mut dot = Rgb::filled(31, 31, [0; 3]);
        dot.set(15, 15, [250; 3]);
        let spread = blur(&dot, 1.0);
        // The kernel's peak is 1/(2 pi) of the sum.
        assert!(spread.pixel(15, 15)[1].abs_diff(40) <= 1);
        assert_eq!(spread.pixel(14, 15), spread.pixel(15, 16));
    }

    #[test]
    fn box_is_a_mean() {
        let picture = picture();
        let smooth = convolve(&picture, &[0.2; 5]);
        let mut sum = 0.0;
        for y in 6..11 {
            for x in 9..14 {
                sum += f32::from(picture.pixel(x, y)[2]);
            }
        }
        assert_eq!(smooth.pixel(11, 8)[2], to_sample(sum / 25.0));
    }
}
