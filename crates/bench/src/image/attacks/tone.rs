//! Brightness, contrast and colour.

use super::{Attack, Group, List};
use crate::image::rgb::{Rgb, luma, to_sample};

const fn attack(
    list: List,
    name: &'static str,
    description: &'static str,
    operation: super::Operation,
) -> Attack {
    Attack::new(Group::Tone, list, name, description, operation)
}

pub(super) const ATTACKS: &[Attack] = &[
    attack(
        List::Extra,
        "brightness-0.7",
        "samples times 0.7",
        |p, _| Ok(p.map_samples(|v| 0.7 * v)),
    ),
    attack(
        List::Standard,
        "brightness-1.3",
        "samples times 1.3, clipped",
        |p, _| Ok(p.map_samples(|v| 1.3 * v)),
    ),
    attack(
        List::Extra,
        "contrast-0.6",
        "contrast times 0.6 around 128",
        |p, _| Ok(contrast(p, 0.6)),
    ),
    attack(
        List::Standard,
        "contrast-1.4",
        "contrast times 1.4 around 128, clipped",
        |p, _| Ok(contrast(p, 1.4)),
    ),
    attack(List::Standard, "gamma-0.7", "power 0.7: lighter", |p, _| {
        Ok(gamma(p, 0.7))
    }),
    attack(List::Quick, "gamma-1.5", "power 1.5: darker", |p, _| {
        Ok(gamma(p, 1.5))
    }),
    attack(
        List::Standard,
        "saturation-1.5",
        "saturation times 1.5",
        |p, _| Ok(saturation(p, 1.5)),
    ),
    attack(
        List::Extra,
        "saturation-0.4",
        "saturation times 0.4",
        |p, _| Ok(saturation(p, 0.4)),
    ),
    attack(
        List::Standard,
        "hue-30",
        "hue turned by 30° at constant luma",
        |p, _| Ok(hue(p, 30.0)),
    ),
    attack(
        List::Standard,
        "grey",
        "luma in all three channels",
        |p, _| Ok(saturation(p, 0.0)),
    ),
    attack(
        List::Standard,
        "clahe",
        "contrast-limited adaptive histogram equalisation, 8×8 tiles, limit 2",
        |p, _| Ok(adaptive_equalisation(p, 8, 2.0)),
    ),
    attack(
        List::Standard,
        "equalise",
        "histogram equalisation of luma",
        |p, _| Ok(adaptive_equalisation(p, 1, f32::INFINITY)),
    ),
    attack(
        List::Extra,
        "white-balance",
        "red times 1.15, blue times 0.8: a warmer light",
        |p, _| Ok(p.map(|[r, g, b]| [scaled(r, 1.15), g, scaled(b, 0.8)])),
    ),
    attack(List::Extra, "invert", "negative", |p, _| {
        Ok(p.map_samples(|v| 255.0 - v))
    }),
    attack(
        List::Standard,
        "posterise-4",
        "4 bits per channel",
        |p, _| Ok(p.map_samples(|v| (v / 255.0 * 15.0).round() / 15.0 * 255.0)),
    ),
];

fn scaled(sample: u8, factor: f32) -> u8 {
    to_sample(f32::from(sample) * factor)
}

/// Contrast times `factor` around 128.
pub(super) fn contrast(picture: &Rgb, factor: f32) -> Rgb {
    picture.map_samples(|value| 128.0 + factor * (value - 128.0))
}

/// Samples to a power, black and white kept.
pub(super) fn gamma(picture: &Rgb, power: f32) -> Rgb {
    picture.map_samples(|value| 255.0 * (value / 255.0).powf(power))
}

/// Distance from grey times `factor`.
fn saturation(picture: &Rgb, factor: f32) -> Rgb {
    picture.map(|pixel| {
        let grey = luma(pixel);
        pixel.map(|sample| to_sample(grey + factor * (f32::from(sample) - grey)))
    })
}

/// The colour differences of BT.601 turned by an angle.
fn hue(picture: &Rgb, degrees: f32) -> Rgb {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    picture.map(|pixel| {
        let grey = luma(pixel);
        // Cb and Cr, scaled so that a turn keeps them comparable.
        let blue = (f32::from(pixel[2]) - grey) / 1.772;
        let red = (f32::from(pixel[0]) - grey) / 1.402;
        let (blue, red) = (cosine * blue - sine * red, sine * blue + cosine * red);
        let (red, blue) = (grey + 1.402 * red, grey + 1.772 * blue);
        let green = (grey - 0.299 * red - 0.114 * blue) / 0.587;
        [red, green, blue].map(to_sample)
    })
}

/// Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994) of luma:
/// `tiles × tiles` histograms, cut at `limit` times their mean, interpolated between the tiles'
/// centres; colour differences stay. One tile without limit is plain equalisation.
fn adaptive_equalisation(picture: &Rgb, tiles: usize, limit: f32) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let tiles = tiles.min(width).min(height);
    let curves: Vec<[f32; 256]> = (0..tiles * tiles)
        .map(|tile| {
            let (column, row) = (tile % tiles, tile / tiles);
            let (left, right) = (column * width / tiles, (column + 1) * width / tiles);
            let (top, bottom) = (row * height / tiles, (row + 1) * height / tiles);
            let part = picture.crop(left, top, right - left, bottom - top);
            equalising_curve(&part, limit)
        })
        .collect();
    // Which two tiles a coordinate lies between, and how far.
    let between = |position: usize, length: usize| {
        let place = (position as f32 + 0.5) / length as f32 * tiles as f32 - 0.5;
        let place = place.clamp(0.0, (tiles - 1) as f32);
        let first = place as usize;
        (first, (first + 1).min(tiles - 1), place - first as f32)
    };
    Rgb::from_fn(width, height, |x, y| {
        let (left, right, across) = between(x, width);
        let (top, bottom, down) = between(y, height);
        let pixel = picture.pixel(x, y);
        let grey = luma(pixel);
        let level = usize::from(to_sample(grey));
        let at = |row: usize, column: usize| curves[row * tiles + column][level];
        let mix = |a: f32, b: f32, t: f32| a + t * (b - a);
        let new = mix(
            mix(at(top, left), at(top, right), across),
            mix(at(bottom, left), at(bottom, right), across),
            down,
        );
        pixel.map(|sample| to_sample(f32::from(sample) + new - grey))
    })
}

/// The curve that spreads the luma of `part` evenly over 0..=255.
fn equalising_curve(part: &Rgb, limit: f32) -> [f32; 256] {
    let mut histogram = [0.0_f32; 256];
    for value in part.luma() {
        histogram[usize::from(to_sample(value))] += 1.0;
    }
    let area = part.area() as f32;
    let most = limit * area / 256.0;
    let excess: f32 = histogram.iter().map(|count| (count - most).max(0.0)).sum();
    let mut sum = 0.0;
    histogram.map(|count| {
        sum += count.min(most) + excess / 256.0;
        255.0 * sum / area
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalisation_spreads_levels() {
        let dull = Rgb::from_fn(256, 64, |x, _| [100 + (x / 8) as u8; 3]);
        let spread = adaptive_equalisation(&dull, 1, f32::INFINITY);
        let (low, high) = (spread.pixel(0, 0)[0], spread.pixel(255, 0)[0]);
        assert!(low < 10 && high == 255, "{low} {high}");
    }

    #[test]
    fn limited_equalisation_leaves_noise_levels_small() {
        let flat = Rgb::from_fn(128, 128, |x, y| [120 + ((x + y) % 2) as u8; 3]);
        let limited = adaptive_equalisation(&flat, 8, 2.0);
        let (a, b) = (limited.pixel(60, 60)[0], limited.pixel(61, 60)[0]);
        assert!(a.abs_diff(b) <= 3, "{a} {b}");
    }

    #[test]
    fn hue_keeps_luma_and_comes_back() {
        let picture = Rgb::filled(2, 2, [140, 110, 90]);
        let turned = hue(&picture, 30.0);
        assert_ne!(turned, picture);
        assert!((turned.luma()[0] - picture.luma()[0]).abs() < 0.7);
        let back = hue(&turned, -30.0).pixel(0, 0);
        assert!(
            back.iter()
                .zip([140_u8, 110, 90])
                .all(|(a, b)| a.abs_diff(b) <= 1)
        );
    }

    #[test]
    fn grey_is_grey() {
        let picture = saturation(&Rgb::filled(1, 1, [200, 10, 60]), 0.0).pixel(0, 0);
        assert!(picture.iter().all(|sample| *sample == picture[0]));
    }
}
