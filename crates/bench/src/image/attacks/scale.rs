//! Resampling to another size.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

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
    Attack::new(Group::Scale, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Extra,
        "scale-0.25",
        "to 0.25 of the sides, Lanczos",
        |p, _| by(p, 0.25, Filter::Lanczos),
    ),
    attack(
        List::Standard,
        "scale-0.35",
        "to 0.35 of the sides, Lanczos",
        |p, _| by(p, 0.35, Filter::Lanczos),
    ),
    attack(
        List::Quick,
        "scale-0.5",
        "to half the sides, bicubic",
        |p, _| by(p, 0.5, Filter::Bicubic),
    ),
    attack(
        List::Extra,
        "scale-0.5-bilinear",
        "to half the sides, bilinear",
        |p, _| by(p, 0.5, Filter::Bilinear),
    ),
    attack(
        List::Standard,
        "scale-0.75",
        "to 0.75 of the sides, bilinear",
        |p, _| by(p, 0.75, Filter::Bilinear),
    ),
    attack(
        List::Standard,
        "scale-1.5",
        "to 1.5 times the sides, bicubic",
        |p, _| by(p, 1.5, Filter::Bicubic),
    ),
    attack(
        List::Standard,
        "scale-2",
        "to twice the sides, Lanczos",
        |p, _| by(p, 2.0, Filter::Lanczos),
    ),
    attack(
        List::Extra,
        "scale-4",
        "to four times the sides, bicubic",
        |p, _| by(p, 4.0, Filter::Bicubic),
    ),
    attack(
        List::Quick,
        "scale-random",
        "to a random 0.35..2 of the sides (log-uniform), bicubic",
        |p, random| by(p, random_factor(random, 0.35, 2.0), Filter::Bicubic),
    ),
    attack(
        List::Extra,
        "scale-random-down",
        "to a random 0.35..1 of the sides (log-uniform), bilinear",
        |p, random| by(p, random_factor(random, 0.35, 1.0), Filter::Bilinear),
    ),
    attack(
        List::Extra,
        "scale-random-up",
        "to a random 1..2 times the sides (log-uniform), Lanczos",
        |p, random| by(p, random_factor(random, 1.0, 2.0), Filter::Lanczos),
    ),
    attack(
        List::Standard,
        "down-up-0.5",
        "to half the sides and back, bicubic",
        |p, _| {
            let small = by(p, 0.5, Filter::Bicubic)?;
            to(&small, p.width, p.height, Filter::Bicubic)
        },
    ),
    attack(
        List::Extra,
        "down-up-random",
        "to a random 0.4..0.8 of the sides and back, bilinear",
        |p, random| {
            let small = by(p, random_factor(random, 0.4, 0.8), Filter::Bilinear)?;
            to(&small, p.width, p.height, Filter::Bilinear)
        },
    ),
];

/// An interpolation that common software offers. All of them are widened when shrinking, so that
/// they do not alias.
#[derive(Debug, Clone, Copy)]
pub(super) enum Filter {
    /// Triangle.
    Bilinear,
    /// Catmull-Rom.
    Bicubic,
    /// Lanczos with three lobes.
    Lanczos,
}

/// A log-uniform factor in `low..high`.
pub(super) fn random_factor(random: &mut Random, low: f64, high: f64) -> f64 {
    random.range(low.ln(), high.ln()).exp()
}

/// Both sides times `factor`.
pub(super) fn by(picture: &Rgb, factor: f64, filter: Filter) -> Result<Rgb, BenchError> {
    let side = |length: usize| (length as f64 * factor).round() as usize;
    to(picture, side(picture.width), side(picture.height), filter)
}

/// To a long side of `length` pixels, larger or smaller than before.
pub(super) fn long_side(picture: &Rgb, length: usize, filter: Filter) -> Result<Rgb, BenchError> {
    let longest = picture.width.max(picture.height);
    by(picture, length as f64 / longest as f64, filter)
}

/// To `width × height` pixels, at least 1 each.
pub(super) fn to(
    picture: &Rgb,
    width: usize,
    height: usize,
    filter: Filter,
) -> Result<Rgb, BenchError> {
    let (width, height) = (width.max(1), height.max(1));
    let filter = match filter {
        Filter::Bilinear => FilterType::Bilinear,
        Filter::Bicubic => FilterType::CatmullRom,
        Filter::Lanczos => FilterType::Lanczos3,
    };
    let (source_width, source_height) = (side(picture.width)?, side(picture.height)?);
    let source = ImageRef::new(
        source_width,
        source_height,
        &picture.samples,
        PixelType::U8x3,
    )
    .map_err(|error| failed(&error))?;
    let mut target = Image::new(side(width)?, side(height)?, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|error| failed(&error))?;
    Rgb::new(width, height, target.into_vec()).ok_or_else(|| failed(&"another size came out"))
}

fn side(length: usize) -> Result<u32, BenchError> {
    u32::try_from(length).map_err(|error| failed(&error))
}

fn failed(reason: &dyn std::fmt::Display) -> BenchError {
    BenchError::Codec {
        codec: "resampling",
        reason: reason.to_string(),
    }
}
