//! What services do to the photos of cameras: much smaller, then coded. Only for pictures of two
//! megapixels or more; the others are skipped.

use super::coding::jpeg;
use super::scale::{self, Filter};
use super::{Attack, Group, List, crop};
use crate::error::BenchError;
use crate::image::rgb::Rgb;

const fn attack(
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Large, List::Extra, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        "large-1080",
        "2 megapixels or more: long side to 1080, Lanczos",
        |p, _| shrunk(p, 1080, Filter::Lanczos),
    ),
    attack(
        "large-2048",
        "2 megapixels or more: long side to 2048 when larger, Lanczos",
        |p, _| shrunk(p, 2048, Filter::Lanczos),
    ),
    attack(
        "large-1080-jpeg-75",
        "2 megapixels or more: long side to 1080, bilinear, JPEG 75",
        |p, _| jpeg(&shrunk(p, 1080, Filter::Bilinear)?, 75),
    ),
    attack(
        "large-2048-jpeg-70",
        "2 megapixels or more: long side to 2048 when larger, bicubic, JPEG 70",
        |p, _| jpeg(&shrunk(p, 2048, Filter::Bicubic)?, 70),
    ),
    attack(
        "large-random-jpeg-70",
        "2 megapixels or more: long side to a random 800..2048, bicubic, JPEG 70",
        |p, random| {
            let side = random.range(800.0, 2048.0) as usize;
            jpeg(&shrunk(p, side, Filter::Bicubic)?, 70)
        },
    ),
    attack(
        "large-crop-50-1080-jpeg-75",
        "2 megapixels or more: half the area, long side to 1080, Lanczos, JPEG 75",
        |p, random| {
            large(p)?;
            let part = crop::crop(p, 0.5, random);
            let side = part.width.max(part.height).min(1080);
            jpeg(&scale::long_side(&part, side, Filter::Lanczos)?, 75)
        },
    ),
];

/// Pixels from which a picture counts as large: above it the pattern is scaled up.
const LEAST: usize = 2_000_000;

fn large(picture: &Rgb) -> Result<(), BenchError> {
    if picture.area() < LEAST {
        return Err(BenchError::NotApplicable {
            reason: "the picture has less than 2 megapixels",
        });
    }
    Ok(())
}

/// A large picture with a long side of at most `length`.
fn shrunk(picture: &Rgb, length: usize, filter: Filter) -> Result<Rgb, BenchError> {
    large(picture)?;
    let longest = picture.width.max(picture.height).min(length);
    scale::long_side(picture, longest, filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn only_large_pictures_are_taken() {
        let small = Rgb::filled(1000, 1000, [9; 3]);
        let large = Rgb::filled(2500, 1000, [9; 3]);
        for attack in ATTACKS {
            let apply = |picture| (attack.operation)(picture, &mut Random::new(1, &["large"]));
            let refused = apply(&small);
            assert!(matches!(refused, Err(BenchError::NotApplicable { .. })));
            let shrunk = apply(&large).unwrap();
            assert!(
                shrunk.width <= 2048 && shrunk.width > 700,
                "{}",
                attack.name
            );
        }
    }
}
