//! What services and people do: several things in a row.

use super::coding::{jpeg, webp};
use super::rotation::{Canvas, rotate};
use super::scale::{self, Filter};
use super::{Attack, Group, List, crop, denoise, filter, geometry, noise, tone};
use crate::error::BenchError;
use crate::image::rgb::Rgb;
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Chain, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Quick,
        "messenger-1080",
        "long side to 1080 either way, bilinear, JPEG 75",
        |p, _| jpeg(&scale::long_side(p, 1080, Filter::Bilinear)?, 75),
    ),
    attack(
        List::Standard,
        "social-2048",
        "long side to 2048 when larger, bicubic, JPEG 70",
        |p, _| {
            let longest = p.width.max(p.height).min(2048);
            jpeg(&scale::long_side(p, longest, Filter::Bicubic)?, 70)
        },
    ),
    attack(
        List::Quick,
        "half-jpeg-50",
        "half size, bicubic, JPEG 50",
        |p, _| jpeg(&scale::by(p, 0.5, Filter::Bicubic)?, 50),
    ),
    attack(
        List::Standard,
        "scale-random-jpeg-60",
        "a random 0.5..1.5 of the sides, bicubic, JPEG 60",
        |p, random| {
            let factor = scale::random_factor(random, 0.5, 1.5);
            jpeg(&scale::by(p, factor, Filter::Bicubic)?, 60)
        },
    ),
    attack(
        List::Extra,
        "thumbnail-webp",
        "long side to 512 when larger, Lanczos, WebP 75",
        |p, _| {
            let longest = p.width.max(p.height).min(512);
            webp(&scale::long_side(p, longest, Filter::Lanczos)?, 75.0)
        },
    ),
    attack(
        List::Standard,
        "rotate-5-crop-50-jpeg-70",
        "by 5° without corners, half the area, JPEG 70",
        |p, random| {
            let turned = rotate(p, 5.0, Canvas::Inner);
            jpeg(&crop::crop(&turned, 0.5, random), 70)
        },
    ),
    attack(
        List::Standard,
        "flip-crop-50-jpeg-60",
        "mirrored, half the area, JPEG 60",
        |p, random| jpeg(&crop::crop(&geometry::flip(p), 0.5, random), 60),
    ),
    attack(
        List::Standard,
        "crop-25-jpeg-50",
        "a quarter of the area, JPEG 50",
        |p, random| jpeg(&crop::crop(p, 0.25, random), 50),
    ),
    attack(
        List::Standard,
        "crop-scale-random-jpeg-70",
        "a random 40..90 % of the area, a random 0.6..1.5 of the sides, JPEG 70",
        |p, random| {
            let area = random.range(0.4, 0.9);
            let part = crop::crop(p, area, random);
            let factor = scale::random_factor(random, 0.6, 1.5);
            jpeg(&scale::by(&part, factor, Filter::Bicubic)?, 70)
        },
    ),
    attack(
        List::Standard,
        "perspective-2-jpeg-70",
        "each corner moved by up to ±2 % of the sides, JPEG 70",
        |p, random| jpeg(&geometry::perspective(p, 0.02, random), 70),
    ),
    attack(
        List::Standard,
        "denoise-resample-jpeg-60",
        "bilateral filter, to 0.7 of the sides and back, JPEG 60",
        |p, _| {
            let smooth = denoise::bilateral(p, 4, 2.0, 30.0);
            let small = scale::by(&smooth, 0.7, Filter::Lanczos)?;
            jpeg(&scale::to(&small, p.width, p.height, Filter::Bicubic)?, 60)
        },
    ),
    attack(
        List::Extra,
        "chain-random",
        "two to four of turn ±10°, scale 0.6..1.5, crop 50..95 %, mirror, power 0.8..1.25, noise 1..8, \
         blur 0.3..1, at random and in random order, then JPEG 60..95",
        random_chain,
    ),
    attack(
        List::Standard,
        "print-scan",
        "blur, print tones, slight turn and perspective, noise, JPEG 75",
        print_scan,
    ),
];

/// Different mild changes in a row, as a picture meets them on its way around.
fn random_chain(picture: &Rgb, random: &mut Random) -> Result<Rgb, BenchError> {
    let mut left: Vec<usize> = (0..7).collect();
    let mut result = picture.clone();
    for _ in 0..2 + random.below(3) {
        let choice = left.swap_remove(random.below(left.len()));
        result = match choice {
            0 => rotate(&result, random.range(-10.0, 10.0), Canvas::Inner),
            1 => {
                let factor = scale::random_factor(random, 0.6, 1.5);
                scale::by(&result, factor, Filter::Bicubic)?
            }
            2 => {
                let area = random.range(0.5, 0.95);
                crop::crop(&result, area, random)
            }
            3 => geometry::flip(&result),
            4 => tone::gamma(&result, scale::random_factor(random, 0.8, 1.25) as f32),
            5 => {
                let deviation = random.range(1.0, 8.0) as f32;
                noise::gaussian(&result, deviation, random)
            }
            _ => filter::blur(&result, random.range(0.3, 1.0) as f32),
        };
    }
    jpeg(&result, 60 + random.below(36) as u8)
}

/// A model of printing and scanning: dots and optics blur, ink and paper narrow the tones, the sheet
/// lies a little askew, the sensor adds noise, the scanner writes a JPEG.
fn print_scan(picture: &Rgb, random: &mut Random) -> Result<Rgb, BenchError> {
    let printed = tone::gamma(&filter::blur(picture, 0.8), 1.1);
    // Black ink reflects some light, white paper not all of it.
    let printed = printed.map_samples(|value| 18.0 + value * (242.0 - 18.0) / 255.0);
    let askew = rotate(&printed, random.range(-1.0, 1.0), Canvas::Inner);
    let askew = geometry::perspective(&askew, 0.005, random);
    let factor = random.range(0.9, 1.1);
    let scanned = scale::by(&askew, factor, Filter::Bicubic)?;
    let scanned = filter::blur(&scanned, 0.6);
    jpeg(&noise::gaussian(&scanned, 4.0, random), 75)
}
