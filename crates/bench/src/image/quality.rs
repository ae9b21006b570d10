//! How far a picture is from the original: PSNR and SSIM.

use super::rgb::Rgb;

/// Peak signal-to-noise ratio over the samples of all three channels, in dB; infinite for equal
/// pictures, NaN for different sizes.
#[must_use]
pub fn psnr(original: &Rgb, changed: &Rgb) -> f64 {
    if (original.width, original.height) != (changed.width, changed.height) {
        return f64::NAN;
    }
    let pairs = original.samples.iter().zip(&changed.samples);
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    let mean = sum as f64 / original.samples.len() as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

/// Structural similarity (Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13,
/// 2004): Gaussian window of 11×11 with deviation 1.5, K1 = 0.01, K2 = 0.03, averaged over all
/// positions where the window lies inside and over the three channels. 1 for equal pictures; NaN
/// for different sizes or sides below 11.
#[must_use]
pub fn ssim(original: &Rgb, changed: &Rgb) -> f64 {
    let size = (original.width, original.height);
    if size != (changed.width, changed.height) || size.0.min(size.1) < WINDOW {
        return f64::NAN;
    }
    let (first, second) = (original.planes(), changed.planes());
    let channels = first.iter().zip(&second);
    channels
        .map(|(a, b)| channel_ssim(a, b, size.0))
        .sum::<f64>()
        / 3.0
}

/// Side of the window.
const WINDOW: usize = 11;

fn channel_ssim(a: &[f32], b: &[f32], width: usize) -> f64 {
    const C1: f32 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f32 = (0.03 * 255.0) * (0.03 * 255.0);
    let kernel = kernel();
    let inner = width + 1 - WINDOW;
    let rows = a.len() / width;
    // Moments of the last rows, each already smoothed along its row: a, b, a², b², ab.
    let mut smoothed: [Vec<f32>; 5] = std::array::from_fn(|_| vec![0.0; inner * WINDOW]);
    let mut product = vec![0.0; width];
    let mut total = 0.0;
    let mut sums: [Vec<f32>; 5] = std::array::from_fn(|_| vec![0.0; inner]);
    for y in 0..rows {
        let (a, b) = (&a[y * width..][..width], &b[y * width..][..width]);
        let slot = y % WINDOW * inner;
        for (moment, target) in smoothed.iter_mut().enumerate() {
            for ((value, a), b) in product.iter_mut().zip(a).zip(b) {
                *value = match moment {
                    0 => *a,
                    1 => *b,
                    2 => a * a,
                    3 => b * b,
                    _ => a * b,
                };
            }
            let target = &mut target[slot..slot + inner];
            target.fill(0.0);
            for (tap, weight) in kernel.iter().enumerate() {
                for (sum, value) in target.iter_mut().zip(&product[tap..]) {
                    *sum += weight * value;
                }
            }
        }
        if y + 1 < WINDOW {
            continue;
        }
        for (sum, moment) in sums.iter_mut().zip(&smoothed) {
            sum.fill(0.0);
            for (tap, weight) in kernel.iter().enumerate() {
                let slot = (y + 1 + tap) % WINDOW * inner;
                for (sum, value) in sum.iter_mut().zip(&moment[slot..slot + inner]) {
                    *sum += weight * value;
                }
            }
        }
        let [mean_a, mean_b, square_a, square_b, both] = &sums;
        for x in 0..inner {
            let (ma, mb) = (mean_a[x], mean_b[x]);
            let variance = square_a[x] - ma * ma + square_b[x] - mb * mb;
            let covariance = both[x] - ma * mb;
            let similarity = (2.0 * ma * mb + C1) * (2.0 * covariance + C2)
                / ((ma * ma + mb * mb + C1) * (variance + C2));
            total += f64::from(similarity);
        }
    }
    total / (inner * (rows + 1 - WINDOW)) as f64
}

/// The window's profile, of sum 1.
fn kernel() -> [f32; WINDOW] {
    let weight = |at: usize| {
        let distance = at as f64 - (WINDOW / 2) as f64;
        (-0.5 * (distance / 1.5).powi(2)).exp()
    };
    let sum: f64 = (0..WINDOW).map(weight).sum();
    std::array::from_fn(|at| (weight(at) / sum) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn ramp() -> Rgb {
        Rgb::from_fn(48, 40, |x, y| {
            [(x * 5) as u8, (y * 6) as u8, (x + y) as u8 * 2]
        })
    }

    #[test]
    fn equal_pictures() {
        assert_eq!(psnr(&ramp(), &ramp()), f64::INFINITY);
        assert!((ssim(&ramp(), &ramp()) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn known_psnr() {
        let grey = Rgb::filled(8, 8, [100; 3]);
        let off_by_one = Rgb::filled(8, 8, [101; 3]);
        assert!((psnr(&grey, &off_by_one) - 48.130_803_608_7).abs() < 1e-9);
        // One channel of three, off by 3: mean square error 3.
        let red = Rgb::filled(8, 8, [103, 100, 100]);
        assert!((psnr(&grey, &red) - 43.359_591_061_5).abs() < 1e-9);
        assert!(psnr(&grey, &Rgb::filled(8, 9, [0; 3])).is_nan());
    }

    #[test]
    fn known_ssim_of_constants() {
        // Without structure only the luminance term is left.
        let (a, b) = (Rgb::filled(16, 16, [100; 3]), Rgb::filled(16, 16, [120; 3]));
        let c1 = 6.5025;
        let expected = (2.0 * 100.0 * 120.0 + c1) / (100.0 * 100.0 + 120.0 * 120.0 + c1);
        assert!((ssim(&a, &b) - expected).abs() < 1e-4);
        assert!(ssim(&a, &Rgb::filled(9, 9, [0; 3])).is_nan());
    }

    #[test]
    fn agrees_with_the_definition() {
        let a = ramp();
        let mut random = Random::new(2, &["ssim"]);
        let b = a.map(|p| p.map(|v| v.saturating_add(random.below(30) as u8)));
        let kernel = kernel().map(f64::from);
        let mut total = 0.0;
        let mut count = 0.0;
        for c in 0..3 {
            for y in 5..35 {
                for x in 5..43 {
                    let (mut ma, mut mb, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
                    for j in 0..11 {
                        for i in 0..11 {
                            let weight = kernel[i] * kernel[j];
                            let u = f64::from(a.pixel(x + i - 5, y + j - 5)[c]);
                            let v = f64::from(b.pixel(x + i - 5, y + j - 5)[c]);
                            ma += weight * u;
                            mb += weight * v;
                            aa += weight * u * u;
                            bb += weight * v * v;
                            ab += weight * u * v;
                        }
                    }
                    let (c1, c2) = (6.5025, 58.5225);
                    total += (2.0 * ma * mb + c1) * (2.0 * (ab - ma * mb) + c2)
                        / ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2));
                    count += 1.0;
                }
            }
        }
        assert!((ssim(&a, &b) - total / count).abs() < 1e-4);
    }
}
