//! Added noise.

use super::{Attack, Group, List};
use crate::image::rgb::{Rgb, to_sample};
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Noise, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Extra,
        "noise-5",
        "Gaussian, standard deviation 5",
        |p, r| Ok(gaussian(p, 5.0, r)),
    ),
    attack(
        List::Standard,
        "noise-10",
        "Gaussian, standard deviation 10",
        |p, r| Ok(gaussian(p, 10.0, r)),
    ),
    attack(
        List::Quick,
        "noise-15",
        "Gaussian, standard deviation 15",
        |p, r| Ok(gaussian(p, 15.0, r)),
    ),
    attack(
        List::Extra,
        "noise-25",
        "Gaussian, standard deviation 25",
        |p, r| Ok(gaussian(p, 25.0, r)),
    ),
    attack(
        List::Standard,
        "salt-pepper-1",
        "one pixel in a hundred black or white",
        |p, random| {
            Ok(p.map(|pixel| match random.below(200) {
                0 => [0; 3],
                1 => [255; 3],
                _ => pixel,
            }))
        },
    ),
    attack(
        List::Extra,
        "speckle",
        "samples times 1 plus Gaussian noise of deviation 0.1",
        |p, random| {
            Ok(p.map(|pixel| {
                pixel.map(|v| to_sample(f32::from(v) * (1.0 + 0.1 * random.normal() as f32)))
            }))
        },
    ),
];

/// Independent Gaussian noise on every sample.
pub(super) fn gaussian(picture: &Rgb, deviation: f32, random: &mut Random) -> Rgb {
    picture.map(|pixel| {
        pixel.map(|sample| to_sample(f32::from(sample) + deviation * random.normal() as f32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::quality::psnr;

    #[test]
    fn noise_has_its_deviation() {
        let grey = Rgb::filled(256, 256, [128; 3]);
        let noisy = gaussian(&grey, 10.0, &mut Random::new(1, &["noise"]));
        // 20 log10(255/10), plus rounding's 1/12.
        let expected = 10.0 * (255.0_f64.powi(2) / (100.0 + 1.0 / 12.0)).log10();
        assert!((psnr(&grey, &noisy) - expected).abs() < 0.05);
    }
}
