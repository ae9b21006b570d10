//! Turning.

use super::warp::{Homography, warp};
use super::{Attack, Group, List};
use crate::image::rgb::Rgb;
use crate::random::Random;

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Rotation, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Standard,
        "rotate-2",
        "by 2°, canvas kept, black corners",
        |p, _| Ok(rotate(p, 2.0, Canvas::Kept)),
    ),
    attack(
        List::Quick,
        "rotate-5",
        "by 5°, canvas kept, black corners",
        |p, _| Ok(rotate(p, 5.0, Canvas::Kept)),
    ),
    attack(
        List::Extra,
        "rotate-5-inner",
        "by 5°, cut to the largest rectangle without corners",
        |p, _| Ok(rotate(p, 5.0, Canvas::Inner)),
    ),
    attack(
        List::Standard,
        "rotate-15-inner",
        "by 15°, cut to the largest rectangle without corners",
        |p, _| Ok(rotate(p, 15.0, Canvas::Inner)),
    ),
    attack(
        List::Extra,
        "rotate-15",
        "by 15°, canvas kept, black corners",
        |p, _| Ok(rotate(p, 15.0, Canvas::Kept)),
    ),
    attack(
        List::Standard,
        "rotate-33-expand",
        "by 33°, canvas grown, black corners",
        |p, _| Ok(rotate(p, 33.0, Canvas::Grown)),
    ),
    attack(
        List::Standard,
        "rotate-45",
        "by 45°, canvas kept, black corners",
        |p, _| Ok(rotate(p, 45.0, Canvas::Kept)),
    ),
    attack(List::Quick, "rotate-90", "by 90°, exact", |p, _| {
        Ok(quarter_turns(p, 1))
    }),
    attack(List::Extra, "rotate-180", "by 180°, exact", |p, _| {
        Ok(quarter_turns(p, 2))
    }),
    attack(List::Extra, "rotate-270", "by 270°, exact", |p, _| {
        Ok(quarter_turns(p, 3))
    }),
    attack(
        List::Standard,
        "rotate-random",
        "by a random angle, canvas kept, black corners",
        |p, random| Ok(rotate(p, random_angle(random), Canvas::Kept)),
    ),
    attack(
        List::Standard,
        "rotate-random-expand",
        "by a random angle, canvas grown, white corners",
        |p, random| {
            let angle = random_angle(random);
            Ok(rotate_over(p, angle, Canvas::Grown, [255; 3]))
        },
    ),
    attack(
        List::Extra,
        "rotate-random-inner",
        "by a random angle within ±30°, cut to the largest rectangle without corners",
        |p, random| Ok(rotate(p, random.range(-30.0, 30.0), Canvas::Inner)),
    ),
];

/// What becomes of the corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canvas {
    /// The size stays: picture corners are lost, empty corners are filled.
    Kept,
    /// All of the picture stays: the size grows, empty corners are filled.
    Grown,
    /// The largest rectangle of picture alone.
    Inner,
}

fn random_angle(random: &mut Random) -> f64 {
    random.range(-180.0, 180.0)
}

/// Turned counter-clockwise by `degrees` over black.
pub(super) fn rotate(picture: &Rgb, degrees: f64, canvas: Canvas) -> Rgb {
    rotate_over(picture, degrees, canvas, [0; 3])
}

fn rotate_over(picture: &Rgb, degrees: f64, canvas: Canvas, fill: [u8; 3]) -> Rgb {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (width, height) = (picture.width as f64, picture.height as f64);
    let (new_width, new_height) = match canvas {
        Canvas::Kept => (width, height),
        Canvas::Grown => (
            (width * cosine.abs() + height * sine.abs()).round(),
            (width * sine.abs() + height * cosine.abs()).round(),
        ),
        Canvas::Inner => {
            let (width, height) = inner_rectangle(width, height, sine.abs(), cosine.abs());
            (width.floor(), height.floor())
        }
    };
    // From the new picture to the old: around the centres, with y downwards.
    let (x, y) = (new_width / 2.0, new_height / 2.0);
    let map = Homography::affine(
        cosine,
        -sine,
        width / 2.0 - cosine * x + sine * y,
        sine,
        cosine,
        height / 2.0 - sine * x - cosine * y,
    );
    warp(picture, new_width as usize, new_height as usize, fill, &map)
}

/// Sides of the largest upright rectangle inside a `width × height` one that is turned by an angle
/// with this absolute sine and cosine.
fn inner_rectangle(width: f64, height: f64, sine: f64, cosine: f64) -> (f64, f64) {
    let (long, short) = (width.max(height), width.min(height));
    if short <= 2.0 * sine * cosine * long {
        // Two of its corners touch the long sides and the other two lie on their middle line.
        let half = short / 2.0;
        if width >= height {
            (half / sine, half / cosine)
        } else {
            (half / cosine, half / sine)
        }
    } else {
        // All four corners touch.
        let double = cosine * cosine - sine * sine;
        (
            (width * cosine - height * sine) / double,
            (height * cosine - width * sine) / double,
        )
    }
}

/// Turned counter-clockwise by `turns` times 90°, pixel by pixel.
fn quarter_turns(picture: &Rgb, turns: usize) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    match turns % 4 {
        1 => Rgb::from_fn(height, width, |x, y| picture.pixel(width - 1 - y, x)),
        2 => Rgb::from_fn(width, height, |x, y| {
            picture.pixel(width - 1 - x, height - 1 - y)
        }),
        3 => Rgb::from_fn(height, width, |x, y| picture.pixel(y, height - 1 - x)),
        _ => picture.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::quality::psnr;

    fn picture() -> Rgb {
        Rgb::from_fn(96, 64, |x, y| {
            let wave = |a: f32, b: f32| 127.0 + 120.0 * (a * x as f32 + b * y as f32).sin();
            [wave(0.2, 0.1), wave(0.05, 0.3), wave(0.11, -0.2)].map(|v| v as u8)
        })
    }

    #[test]
    fn full_turn_changes_nothing() {
        let picture = picture();
        let turned = rotate(&picture, 360.0, Canvas::Kept);
        assert!(psnr(&picture, &turned) > 60.0);
    }

    #[test]
    fn right_angles_agree_with_the_exact_ones() {
        let picture = picture();
        for (turns, angle) in [(1, 90.0), (2, 180.0), (3, 270.0)] {
            let exact = quarter_turns(&picture, turns);
            let turned = rotate(&picture, angle, Canvas::Grown);
            assert_eq!((turned.width, turned.height), (exact.width, exact.height));
            assert!(psnr(&exact, &turned) > 50.0, "{angle}");
        }
    }

    #[test]
    fn there_and_back_gives_the_picture() {
        let picture = picture();
        let there = rotate(&picture, 10.0, Canvas::Grown);
        let back = rotate(&there, -10.0, Canvas::Kept);
        let (left, top) = ((back.width - 96) / 2, (back.height - 64) / 2);
        let middle = back.crop(left + 8, top + 8, 80, 48);
        assert!(psnr(&picture.crop(8, 8, 80, 48), &middle) > 30.0);
    }

    #[test]
    fn inner_rectangle_has_no_corners() {
        let white = Rgb::filled(300, 200, [255; 3]);
        for angle in [3.0, 15.0, 45.0, 80.0, -30.0, 135.0] {
            let inner = rotate(&white, angle, Canvas::Inner);
            assert!(inner.samples.iter().all(|sample| *sample == 255), "{angle}");
            assert!(inner.width.min(inner.height) > 100, "{angle}");
        }
    }
}
