//! Mirroring, stretching, perspective.

use super::scale::{self, Filter};
use super::warp::{Homography, warp};
use super::{Attack, Group, List};
use crate::error::BenchError;
use crate::image::rgb::Rgb;
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Geometry, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(List::Quick, "flip", "mirrored left to right", |p, _| {
        Ok(flip(p))
    }),
    attack(
        List::Extra,
        "flip-vertical",
        "mirrored top to bottom",
        |p, _| {
            Ok(Rgb::from_fn(p.width, p.height, |x, y| {
                p.pixel(x, p.height - 1 - y)
            }))
        },
    ),
    attack(
        List::Standard,
        "aspect-0.8",
        "0.8 of the width, bicubic",
        |p, _| stretch(p, 0.8, 1.0),
    ),
    attack(
        List::Extra,
        "aspect-1.25",
        "0.8 of the height, bicubic",
        |p, _| stretch(p, 1.0, 0.8),
    ),
    attack(
        List::Standard,
        "aspect-random",
        "aspect times a random 0.7..1.4 (log-uniform) at the same area, bicubic",
        |p, random| {
            let side = scale::random_factor(random, 0.7, 1.4).sqrt();
            stretch(p, side, 1.0 / side)
        },
    ),
    attack(
        List::Standard,
        "perspective-2",
        "each corner moved by up to ±2 % of the sides, over black",
        |p, r| Ok(perspective(p, 0.02, r)),
    ),
    attack(
        List::Standard,
        "perspective-4",
        "each corner moved by up to ±4 % of the sides, over black",
        |p, r| Ok(perspective(p, 0.04, r)),
    ),
    attack(
        List::Extra,
        "perspective-6",
        "each corner moved by up to ±6 % of the sides, over black",
        |p, r| Ok(perspective(p, 0.06, r)),
    ),
    attack(
        List::Extra,
        "perspective-random",
        "each corner moved by up to a random 0..4 % of the sides, over black",
        |p, random| {
            let amount = random.range(0.0, 0.04);
            Ok(perspective(p, amount, random))
        },
    ),
    attack(
        List::Extra,
        "shear-random",
        "sheared by a random ±10 % horizontally, over black",
        |p, random| {
            let shear = random.range(-0.1, 0.1);
            let centre = -shear * p.height as f64 / 2.0;
            let map = Homography::affine(1.0, shear, centre, 0.0, 1.0, 0.0);
            Ok(warp(p, p.width, p.height, [0; 3], &map))
        },
    ),
];

/// Mirrored left to right.
pub(super) fn flip(picture: &Rgb) -> Rgb {
    let last = picture.width - 1;
    Rgb::from_fn(picture.width, picture.height, |x, y| {
        picture.pixel(last - x, y)
    })
}

fn stretch(picture: &Rgb, across: f64, down: f64) -> Result<Rgb, BenchError> {
    let side = |length: usize, factor: f64| (length as f64 * factor).round() as usize;
    let (width, height) = (side(picture.width, across), side(picture.height, down));
    scale::to(picture, width, height, Filter::Bicubic)
}

/// Each corner of the picture moved by a random vector, uniform in ±`amount` of each side; the
/// canvas stays, what is empty becomes black.
pub(super) fn perspective(picture: &Rgb, amount: f64, random: &mut Random) -> Rgb {
    let (width, height) = (picture.width as f64, picture.height as f64);
    let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
    let moved = corners.map(|(x, y)| {
        (
            x + width * random.range(-amount, amount),
            y + height * random.range(-amount, amount),
        )
    });
    // With `amount` below a quarter no three corners can fall on a line.
    match Homography::between(moved, corners) {
        Some(map) => warp(picture, picture.width, picture.height, [0; 3], &map),
        None => picture.clone(),
    }
}
