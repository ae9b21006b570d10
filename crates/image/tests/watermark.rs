//! Mark, change, find again: the scheme as its users see it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use filigrane_image::{
    Channels, Geometry, ImageError, ImagePlan, ImageWatermark, PixelsMut, PixelsRef, Quality,
    Samples, SamplesMut,
};
use filigrane_payload::{Detection, Key, Keystream, MarkId, Origin, Payload, Watermark};
use proptest::prelude::*;

/// A picture of `channels` 8-bit samples a pixel.
#[derive(Clone)]
struct Picture {
    width: usize,
    height: usize,
    channels: Channels,
    samples: Vec<u8>,
}

impl Picture {
    /// Smooth shapes with texture of several sizes, like a photograph to the mask.
    fn textured(width: usize, height: usize, channels: Channels) -> Self {
        let mut random = Keystream::new(&Key::public().derive("test picture"));
        let waves: Vec<[f64; 5]> = (0..40)
            .map(|i| {
                let frequency = 0.004 * 1.12_f64.powi(i) * (0.7 + 0.6 * random.uniform());
                let (sin, cos) = (std::f64::consts::TAU * random.uniform()).sin_cos();
                [
                    frequency * cos,
                    frequency * sin,
                    random.uniform(),
                    0.08 / frequency.powf(0.8),
                    random.uniform(),
                ]
            })
            .collect();
        let mut samples = Vec::with_capacity(width * height * channels.count());
        for y in 0..height {
            for x in 0..width {
                let noise = 10.0 * (random.uniform() - 0.5);
                for channel in 0..channels.colors() {
                    let tint = channel as f64 * 0.11;
                    let wave = |w: &[f64; 5]| {
                        w[3] * (std::f64::consts::TAU
                            * (w[0] * x as f64 + w[1] * y as f64 + w[2] + tint * w[4]))
                            .sin()
                    };
                    let value = 120.0 + waves.iter().map(wave).sum::<f64>() + noise;
                    samples.push(value.clamp(0.0, 255.0) as u8);
                }
                if matches!(channels, Channels::GrayAlpha | Channels::Rgba) {
                    samples.push((x * 255 / width) as u8);
                }
            }
        }
        Self {
            width,
            height,
            channels,
            samples,
        }
    }

    fn view(&self) -> PixelsRef<'_> {
        PixelsRef::new(
            self.width as u32,
            self.height as u32,
            self.channels,
            Samples::U8(&self.samples),
        )
        .unwrap()
    }

    fn mark(&mut self, plan: &ImagePlan) -> Result<Quality, ImageError> {
        let samples = SamplesMut::U8(&mut self.samples);
        let pixels = PixelsMut::new(
            self.width as u32,
            self.height as u32,
            self.channels,
            samples,
        )?;
        ImageWatermark.embed(pixels, plan, &payload())
    }

    /// The picture of another size whose pixel (x, y) is this one's at `source(x, y)`, between pixels.
    fn mapped(&self, width: usize, height: usize, source: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let count = self.channels.count();
        let mut samples = Vec::with_capacity(width * height * count);
        for y in 0..height {
            for x in 0..width {
                let (sx, sy) = source(x as f64, y as f64);
                let (sx, sy) = (
                    sx.clamp(0.0, self.width as f64 - 1.001),
                    sy.clamp(0.0, self.height as f64 - 1.001),
                );
                let (i, j) = (sx as usize, sy as usize);
                let (u, v) = (sx - i as f64, sy - j as f64);
                for channel in 0..count {
                    let at = |i: usize, j: usize| {
                        f64::from(self.samples[(j * self.width + i) * count + channel])
                    };
                    let value = (at(i, j) * (1.0 - u) + at(i + 1, j) * u) * (1.0 - v)
                        + (at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u) * v;
                    samples.push((value + 0.5) as u8);
                }
            }
        }
        Self {
            width,
            height,
            channels: self.channels,
            samples,
        }
    }

    fn cropped(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        self.mapped(width, height, |i, j| (i + x as f64, j + y as f64))
    }
}

fn payload() -> Payload {
    Payload::new(
        Origin::Generated,
        "00c0ffee00c0ffee00c0ff".parse::<MarkId>().unwrap(),
    )
}

fn plan() -> ImagePlan {
    ImageWatermark.plan(&Key::public()).unwrap()
}

/// A marked colour picture of 640 × 512 pixels.
fn marked(plan: &ImagePlan) -> Picture {
    let mut picture = Picture::textured(640, 512, Channels::Rgb);
    picture.mark(plan).unwrap();
    picture
}

#[track_caller]
fn found(picture: &Picture, plan: &ImagePlan) -> Geometry {
    match ImageWatermark.detect(picture.view(), &[plan]).unwrap() {
        Detection::Found { mark, others } => {
            assert_eq!(mark.payload, payload());
            assert!(mark.p_value <= 1e-12 && others.is_empty());
            mark.place
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_layout_and_depth_carries_the_mark() {
    let plan = plan();
    for channels in [
        Channels::Gray,
        Channels::GrayAlpha,
        Channels::Rgb,
        Channels::Rgba,
    ] {
        let original = Picture::textured(400, 300, channels);
        let mut picture = original.clone();
        let quality = picture.mark(&plan).unwrap();
        assert!(quality.psnr_db >= 42.0 - 0.05, "{quality:?}");
        let geometry = found(&picture, &plan);
        assert!(
            (geometry.scale - 1.0).abs() < 0.01
                && geometry.rotation_deg.abs() < 0.5
                && !geometry.mirrored
        );
        if matches!(channels, Channels::GrayAlpha | Channels::Rgba) {
            let opacity = |picture: &Picture| -> Vec<u8> {
                picture
                    .samples
                    .chunks(channels.count())
                    .map(|pixel| *pixel.last().unwrap())
                    .collect()
            };
            assert_eq!(opacity(&picture), opacity(&original));
        }
        // The stated PSNR is the true one.
        let colors = channels.colors();
        let pairs = picture
            .samples
            .chunks(channels.count())
            .zip(original.samples.chunks(channels.count()));
        let errors = pairs.flat_map(|(a, b)| a[..colors].iter().zip(&b[..colors]));
        let error: f64 = errors
            .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            .sum();
        let psnr = 10.0 * (255.0 * 255.0 / (error / (400.0 * 300.0 * colors as f64))).log10();
        assert!((psnr - quality.psnr_db).abs() < 0.01, "{psnr} {quality:?}");
    }
}

#[test]
fn sixteen_bits_are_marked_finely() {
    let plan = plan();
    let coarse = Picture::textured(400, 300, Channels::Rgb);
    let original: Vec<u16> = coarse
        .samples
        .iter()
        .map(|&sample| u16::from(sample) * 257 + 99)
        .collect();
    let mut samples = original.clone();
    let pixels = PixelsMut::new(400, 300, Channels::Rgb, SamplesMut::U16(&mut samples)).unwrap();
    ImageWatermark.embed(pixels, &plan, &payload()).unwrap();
    let fine = samples
        .iter()
        .zip(&original)
        .filter(|(new, old)| new.abs_diff(**old) % 257 != 0)
        .count();
    assert!(
        fine > samples.len() / 2,
        "changes are finer than 8-bit levels"
    );
    let view = PixelsRef::new(400, 300, Channels::Rgb, Samples::U16(&samples)).unwrap();
    assert!(matches!(
        ImageWatermark.detect(view, &[&plan]).unwrap(),
        Detection::Found { .. }
    ));
}

#[test]
fn the_same_input_gives_the_same_pixels() {
    let plan = plan();
    assert_eq!(marked(&plan).samples, marked(&plan).samples);
}

#[test]
fn crops_and_mirrors_are_found() {
    let plan = plan();
    let picture = marked(&plan);
    found(&picture.cropped(37, 81, 400, 320), &plan);
    let mirrored = picture.mapped(640, 512, |x, y| (639.0 - x, y));
    assert!(found(&mirrored, &plan).mirrored);
    let upside_down = picture.mapped(640, 512, |x, y| (639.0 - x, 511.0 - y));
    let geometry = found(&upside_down, &plan);
    assert!(
        !geometry.mirrored && geometry.rotation_deg.abs() > 179.0,
        "{geometry:?}"
    );
}

#[test]
fn scale_and_turn_are_found_and_told() {
    let plan = plan();
    let picture = marked(&plan);
    for scale in [0.61, 1.37, 2.0] {
        let (width, height) = ((640.0 * scale) as usize, (512.0 * scale) as usize);
        let scaled = picture.mapped(width, height, |x, y| {
            ((x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5)
        });
        let geometry = found(&scaled, &plan);
        assert!(
            (geometry.scale / scale - 1.0).abs() < 0.01,
            "{scale}: {geometry:?}"
        );
    }
    for degrees in [7.3_f64, -33.0, 90.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        // Clockwise with y downwards: the source lies a turn back.
        let turned = picture.mapped(500, 500, |x, y| {
            let (dx, dy) = (x - 249.5, y - 249.5);
            (319.5 + cos * dx + sin * dy, 255.5 - sin * dx + cos * dy)
        });
        let geometry = found(&turned, &plan);
        assert!(
            (geometry.rotation_deg - degrees).abs() < 0.5,
            "{degrees}: {geometry:?}"
        );
    }
}

#[test]
fn mild_perspective_is_undone() {
    let plan = plan();
    let picture = marked(&plan);
    let bent = picture.mapped(640, 512, |x, y| {
        let w = 1.0 + 4e-5 * (x - 320.0) - 3e-5 * (y - 256.0);
        (320.0 + (x - 320.0) / w, 256.0 + (y - 256.0) / w)
    });
    found(&bent, &plan);
}

#[test]
fn what_is_unmarked_or_of_another_key_is_not_found() {
    let plan = plan();
    let other = ImageWatermark
        .plan(&Key::generate("other", "2026-11-23".parse().unwrap()).unwrap())
        .unwrap();
    let unmarked = Picture::textured(500, 400, Channels::Rgb);
    for (picture, plans) in [
        (&unmarked, vec![&plan, &other]),
        (&marked(&plan), vec![&other]),
    ] {
        match ImageWatermark.detect(picture.view(), &plans).unwrap() {
            Detection::NotFound { p_value } => assert!(p_value > 1e-6, "{p_value}"),
            found => panic!("{found:?}"),
        }
    }
}

#[test]
fn several_keys_are_looked_for_at_once() {
    let plan = plan();
    let secret = Key::generate("secret", "2026-11-23".parse().unwrap()).unwrap();
    let other = ImageWatermark.plan(&secret).unwrap();
    match ImageWatermark
        .detect(marked(&plan).view(), &[&other, &plan])
        .unwrap()
    {
        Detection::Found { mark, .. } => assert_eq!(mark.key_id, Key::public().id()),
        missing => panic!("{missing:?}"),
    }
}

#[test]
fn what_cannot_carry_a_mark_is_an_error_and_what_is_too_small_is_inconclusive() {
    let plan = plan();
    let mut small = Picture::textured(127, 400, Channels::Rgb);
    assert!(matches!(
        small.mark(&plan),
        Err(ImageError::TooSmall {
            width: 127,
            height: 400,
            ..
        })
    ));
    // Black and white noise drowns the mark, and half of it is clipped away.
    let mut random = Keystream::new(&Key::public().derive("test noise"));
    let mut noise = Picture::textured(128, 128, Channels::Gray);
    noise
        .samples
        .iter_mut()
        .for_each(|sample| *sample = if random.sign() > 0.0 { 0 } else { 255 });
    let before = noise.samples.clone();
    assert!(matches!(
        noise.mark(&plan),
        Err(ImageError::CannotCarry { .. })
    ));
    assert_eq!(
        noise.samples, before,
        "a picture that cannot be marked stays as it was"
    );
    let icon = Picture::textured(48, 48, Channels::Rgb);
    let detection = ImageWatermark.detect(icon.view(), &[&plan]).unwrap();
    assert!(matches!(detection, Detection::Inconclusive { reason } if reason.contains("48×48")));
}

#[test]
fn odd_shapes_never_panic() {
    let plan = plan();
    for (width, height) in [
        (1, 1),
        (1, 700),
        (700, 1),
        (64, 64),
        (65, 1999),
        (3000, 64),
        (128, 128),
        (129, 1001),
    ] {
        let mut picture = Picture::textured(width, height, Channels::Rgb);
        let _ = picture.mark(&plan);
        ImageWatermark.detect(picture.view(), &[&plan]).unwrap();
        picture
            .samples
            .iter_mut()
            .enumerate()
            .for_each(|(i, sample)| *sample = (i * 7919 % 256) as u8);
        ImageWatermark.detect(picture.view(), &[&plan]).unwrap();
    }
}

#[test]
fn buffers_must_fit() {
    let shape = PixelsRef::new(10, 10, Channels::Rgb, Samples::U8(&[0; 299]));
    assert!(matches!(
        shape,
        Err(ImageError::Shape {
            expected: 300,
            found: 299
        })
    ));
    assert!(PixelsRef::new(0, 0, Channels::Gray, Samples::U8(&[])).is_err());
    assert!(PixelsRef::new(u32::MAX, u32::MAX, Channels::Rgba, Samples::U16(&[0; 4])).is_err());
}

#[test]
fn a_mark_copied_onto_another_picture_is_not_its_own() {
    let original = Picture::textured(640, 512, Channels::Rgb);
    let mut marked = original.clone();
    marked.mark(&plan()).unwrap();
    // The most that a copy can bring: exactly what marking changed, at once and twice its strength.
    let other = original.mapped(640, 512, |x, y| (639.0 - x, y));
    for strength in [1, 2] {
        let mut forged = other.clone();
        let changes = marked.samples.iter().zip(&original.samples);
        for (sample, (&new, &old)) in forged.samples.iter_mut().zip(changes) {
            let change = strength * (i16::from(new) - i16::from(old));
            *sample = (i16::from(*sample) + change).clamp(0, 255) as u8;
        }
        match ImageWatermark.detect(forged.view(), &[&plan()]).unwrap() {
            Detection::Copied { marks } => assert_eq!(marks[0].payload, payload()),
            other => panic!("{strength}: {other:?}"),
        }
    }
}

#[test]
fn a_negative_keeps_its_mark() {
    let mut picture = Picture::textured(512, 512, Channels::Rgb);
    picture.mark(&plan()).unwrap();
    picture
        .samples
        .iter_mut()
        .for_each(|sample| *sample = 255 - *sample);
    assert!(matches!(
        ImageWatermark.detect(picture.view(), &[&plan()]).unwrap(),
        Detection::Found { .. }
    ));
}

/// Columns, rows, layout and place of a picture to cut from a large one; sides spread evenly over octaves.
fn shapes() -> impl Strategy<Value = (usize, usize, Channels)> {
    let side = || (7.0..12.0_f64).prop_map(|octave| octave.exp2().round() as usize);
    let channels = prop_oneof![
        Just(Channels::Gray),
        Just(Channels::GrayAlpha),
        Just(Channels::Rgb),
        Just(Channels::Rgba),
    ];
    (side(), side(), channels)
}

/// The base picture again and again, every other time mirrored.
fn tiled(base: &Picture, width: usize, height: usize) -> Picture {
    let fold = |i: usize, n: usize| match (i / n).is_multiple_of(2) {
        true => i % n,
        false => n - 1 - i % n,
    };
    let count = base.channels.count();
    let mut samples = Vec::with_capacity(width * height * count);
    for y in 0..height {
        let row = fold(y, base.height) * base.width;
        for x in 0..width {
            let place = (row + fold(x, base.width)) * count;
            samples.extend_from_slice(&base.samples[place..place + count]);
        }
    }
    Picture {
        width,
        height,
        channels: base.channels,
        samples,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// What is said to be marked is found, whatever its size from 128 to 4096 and its layout; what is not
    /// marked is said so and stays as it was.
    #[test]
    fn every_size_and_layout_is_marked_and_found_or_refused((width, height, channels) in shapes()) {
        let plan = plan();
        let mut picture = tiled(&Picture::textured(400, 300, channels), width, height);
        let before = picture.samples.clone();
        match picture.mark(&plan) {
            Ok(quality) => {
                prop_assert!(quality.psnr_db >= 41.95, "{quality:?}");
                found(&picture, &plan);
            }
            Err(ImageError::CannotCarry { .. }) => {
                prop_assert!(width * height < 256 * 256, "{width}×{height}");
                prop_assert_eq!(picture.samples, before);
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}
