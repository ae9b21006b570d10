//! Simple drawing: strokes and lines of something that looks like text.

use crate::image::rgb::Rgb;
use crate::random::Random;

/// A straight stroke with round ends and soft edges.
pub(super) fn stroke(
    picture: &mut Rgb,
    from: (f64, f64),
    to: (f64, f64),
    thickness: f64,
    colour: [u8; 3],
) {
    let reach = thickness / 2.0 + 1.0;
    let span = |a: f64, b: f64, length: usize| {
        let low = (a.min(b) - reach).floor().max(0.0) as usize;
        let high = (a.max(b) + reach).ceil().max(0.0) as usize;
        low..high.min(length)
    };
    for y in span(from.1, to.1, picture.height) {
        for x in span(from.0, to.0, picture.width) {
            let distance = distance((x as f64 + 0.5, y as f64 + 0.5), from, to);
            let cover = (thickness / 2.0 - distance + 0.5).clamp(0.0, 1.0);
            picture.blend(x, y, colour, cover as f32);
        }
    }
}

/// From a point to the segment between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let along = if length > 0.0 {
        ((px * dx + py * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * dx).hypot(py - along * dy)
}

/// A line of random letters from `left` to `right` with capitals of `size` pixels standing on row
/// `base`: letters of two or three strokes between the points of a grid, in words of two to nine.
pub(super) fn text(
    picture: &mut Rgb,
    (left, right): (f64, f64),
    base: f64,
    size: f64,
    colour: [u8; 3],
    random: &mut Random,
) {
    let advance = 0.62 * size;
    let mut x = left;
    let mut word = 2 + random.below(8);
    while x + advance <= right {
        if word == 0 {
            word = 2 + random.below(8);
        } else {
            word -= 1;
            letter(picture, x, base, size, colour, random);
        }
        x += advance;
    }
}

fn letter(picture: &mut Rgb, x: f64, base: f64, size: f64, colour: [u8; 3], random: &mut Random) {
    let mut point = || {
        (
            x + 0.22 * size * random.below(3) as f64,
            base - 0.36 * size * random.below(3) as f64,
        )
    };
    let mut from = point();
    for _ in 0..3 {
        let to = point();
        stroke(picture, from, to, 0.12 * size, colour);
        from = to;
    }
}
