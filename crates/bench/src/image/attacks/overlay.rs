//! Things put on or around the picture.

use super::draw::{stroke, text};
use super::scale::{self, Filter};
use super::{Attack, Group, List, coding};
use crate::error::BenchError;
use crate::image::rgb::Rgb;
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Overlay, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Standard,
        "text",
        "three lines of white text with black edges",
        |p, r| Ok(captions(p, r)),
    ),
    attack(
        List::Standard,
        "logo",
        "an opaque logo over 10 % of the picture",
        |p, r| Ok(logo(p, r)),
    ),
    attack(
        List::Standard,
        "occlusion-16",
        "a grey rectangle over 16 % of the picture",
        |p, random| {
            let (width, height) = (p.width * 2 / 5, p.height * 2 / 5);
            let block = Rgb::filled(width, height, [128; 3]);
            let mut result = p.clone();
            let left = random.below(p.width - width + 1);
            result.paste(&block, left, random.below(p.height - height + 1));
            Ok(result)
        },
    ),
    attack(
        List::Standard,
        "border-10",
        "a white border of 10 % of the sides around it",
        |p, _| Ok(border(p, p.width / 10, p.height / 10, [255; 3])),
    ),
    attack(
        List::Extra,
        "pad-square",
        "black bars that make it square",
        |p, _| {
            let side = p.width.max(p.height);
            Ok(border(
                p,
                (side - p.width) / 2,
                (side - p.height) / 2,
                [0; 3],
            ))
        },
    ),
    attack(
        List::Quick,
        "screenshot",
        "shown at 0.6 of its sides inside a page with text",
        screenshot,
    ),
    attack(
        List::Standard,
        "screenshot-jpeg-75",
        "shown at 0.6 of its sides inside a page with text, JPEG 75",
        |p, random| coding::jpeg(&screenshot(p, random)?, 75),
    ),
    attack(
        List::Extra,
        "screenshot-random",
        "shown at a random 0.5..1.2 of its sides inside a page with text",
        |p, random| {
            let factor = scale::random_factor(random, 0.5, 1.2);
            page(&scale::by(p, factor, Filter::Bilinear)?, random)
        },
    ),
];

fn captions(picture: &Rgb, random: &mut Random) -> Rgb {
    let mut result = picture.clone();
    let (width, height) = (picture.width as f64, picture.height as f64);
    let size = (height / 14.0).max(8.0);
    for line in 0..3 {
        let base = height * (0.35 + 0.22 * f64::from(line));
        let across = (0.05 * width, 0.95 * width);
        // The same letters twice: a black shadow and the white text over it.
        let mut same = random.clone();
        let shadow = (across.0 + 1.5, across.1 + 1.5);
        text(&mut result, shadow, base + 1.5, size, [0; 3], &mut same);
        text(&mut result, across, base, size, [255; 3], random);
    }
    result
}

/// A red plate with a white ring and bar, at a random position.
fn logo(picture: &Rgb, random: &mut Random) -> Rgb {
    let share = 0.1_f64.sqrt();
    let side = |length: usize| ((length as f64 * share).round() as usize).max(1);
    let (width, height) = (side(picture.width), side(picture.height));
    let mut plate = Rgb::filled(width, height, [190, 30, 45]);
    let (x, y) = (width as f64 / 2.0, height as f64 / 2.0);
    let radius = 0.36 * x.min(y) * 2.0;
    for step in 0..48 {
        let point = |step: i32| {
            let (sine, cosine) = (f64::from(step) / 48.0 * std::f64::consts::TAU).sin_cos();
            (x + radius * cosine, y + radius * sine)
        };
        let thickness = 0.2 * radius;
        stroke(
            &mut plate,
            point(step),
            point(step + 1),
            thickness,
            [255; 3],
        );
    }
    let bar = (x - 0.6 * radius, x + 0.6 * radius);
    stroke(&mut plate, (bar.0, y), (bar.1, y), 0.3 * radius, [255; 3]);
    let mut result = picture.clone();
    let left = random.below(picture.width - plate.width + 1);
    result.paste(
        &plate,
        left,
        random.below(picture.height - plate.height + 1),
    );
    result
}

fn border(picture: &Rgb, across: usize, down: usize, colour: [u8; 3]) -> Rgb {
    let (width, height) = (picture.width + 2 * across, picture.height + 2 * down);
    let mut result = Rgb::filled(width, height, colour);
    result.paste(picture, across, down);
    result
}

/// The picture at 0.6 of its sides in a page.
pub(super) fn screenshot(picture: &Rgb, random: &mut Random) -> Result<Rgb, BenchError> {
    page(&scale::by(picture, 0.6, Filter::Bilinear)?, random)
}

/// A white page, 1.6 times as wide and as high as the picture, with a bar at the top, text above,
/// below and beside the picture, and the picture at a random place in the middle.
fn page(picture: &Rgb, random: &mut Random) -> Result<Rgb, BenchError> {
    let side = |length: usize| length + length * 3 / 5;
    let (width, height) = (side(picture.width), side(picture.height));
    let mut page = Rgb::filled(width, height, [255; 3]);
    let bar = (height / 20).max(4);
    page.paste(&Rgb::filled(width, bar, [236, 238, 241]), 0, 0);

    let size = (height as f64 / 44.0).max(7.0);
    let margin = width as f64 * 0.04;
    let mut base = bar as f64 + 2.0 * size;
    while base < height as f64 - size {
        let end = width as f64 * random.range(0.8, 0.96);
        text(&mut page, (margin, end), base, size, [40, 42, 46], random);
        base += 1.9 * size;
    }

    let free = |outer: usize, inner: usize, random: &mut Random| {
        let room = outer - inner;
        room / 4 + random.below(room / 2 + 1)
    };
    let left = free(width, picture.width, random);
    let top = free(height, picture.height, random);
    // White space around the picture, as a page would leave.
    let gap = (size * 0.8) as usize;
    let ground = Rgb::filled(picture.width + 2 * gap, picture.height + 2 * gap, [255; 3]);
    page.paste(&ground, left.saturating_sub(gap), top.saturating_sub(gap));
    page.paste(picture, left, top);
    Ok(page)
}
