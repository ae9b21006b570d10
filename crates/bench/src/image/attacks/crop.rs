//! Cutting parts away.

use super::{Attack, Group, List, scale};
use crate::error::BenchError;
use crate::image::rgb::Rgb;
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Crop, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(List::Extra, "crop-90", "90 % of the area", |p, r| {
        Ok(crop(p, 0.9, r))
    }),
    attack(List::Standard, "crop-50", "half the area", |p, r| {
        Ok(crop(p, 0.5, r))
    }),
    attack(List::Quick, "crop-25", "a quarter of the area", |p, r| {
        Ok(crop(p, 0.25, r))
    }),
    attack(List::Quick, "crop-10", "a tenth of the area", |p, r| {
        Ok(crop(p, 0.1, r))
    }),
    attack(List::Extra, "crop-5", "a twentieth of the area", |p, r| {
        Ok(crop(p, 0.05, r))
    }),
    attack(
        List::Standard,
        "crop-50-rescaled",
        "half the area, enlarged to the original size",
        |p, r| rescaled(p, 0.5, r),
    ),
    attack(
        List::Standard,
        "crop-25-rescaled",
        "a quarter of the area, enlarged to the original size",
        |p, r| rescaled(p, 0.25, r),
    ),
    attack(
        List::Standard,
        "crop-10-rescaled",
        "a tenth of the area, enlarged to the original size",
        |p, r| rescaled(p, 0.1, r),
    ),
    attack(
        List::Extra,
        "crop-5-rescaled",
        "a twentieth of the area, enlarged to the original size",
        |p, r| rescaled(p, 0.05, r),
    ),
    attack(
        List::Extra,
        "crop-random",
        "a random 25..90 % of the area with a random aspect",
        |p, random| {
            let area = random.range(0.25, 0.9);
            // Both sides keep at least sqrt(area) of theirs to within 20 %.
            let skew = random.range(-0.2, 0.2).exp();
            let width = (area.sqrt() * skew).min(1.0);
            let height = (area / width).min(1.0);
            Ok(part(p, width, height, random))
        },
    ),
    attack(
        List::Extra,
        "crop-random-rescaled",
        "a random 25..90 % of the area, enlarged to the original size",
        |p, random| {
            let area = random.range(0.25, 0.9);
            rescaled(p, area, random)
        },
    ),
    attack(
        List::Standard,
        "cut-3x5",
        "3 columns cut off on the left and 5 rows at the top",
        |p, _| Ok(cut_3x5(p)),
    ),
];

/// Without the first 3 columns and 5 rows.
pub(super) fn cut_3x5(picture: &Rgb) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    picture.crop(3, 5, width.saturating_sub(3), height.saturating_sub(5))
}

/// The part with this share of the `area` and the picture's aspect, at a random position.
pub(super) fn crop(picture: &Rgb, area: f64, random: &mut Random) -> Rgb {
    part(picture, area.sqrt(), area.sqrt(), random)
}

/// The part with these shares of the sides at a random position.
fn part(picture: &Rgb, width: f64, height: f64, random: &mut Random) -> Rgb {
    let side = |length: usize, share: f64| (length as f64 * share).round() as usize;
    let (width, height) = (side(picture.width, width), side(picture.height, height));
    let left = random.below(picture.width.saturating_sub(width) + 1);
    let top = random.below(picture.height.saturating_sub(height) + 1);
    picture.crop(left, top, width, height)
}

fn rescaled(picture: &Rgb, area: f64, random: &mut Random) -> Result<Rgb, BenchError> {
    let part = crop(picture, area, random);
    scale::to(&part, picture.width, picture.height, scale::Filter::Bicubic)
}
