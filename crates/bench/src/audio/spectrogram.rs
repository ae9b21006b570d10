//! Sounds as pictures of level over time and frequency, for people to look at.

use std::io::Cursor;

use filigrane_payload::{MarkId, Origin, Payload};
use image::{ImageFormat, Rgb, RgbImage};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::corpus::{Corpus, Kind};
use super::scheme::Scheme;
use super::sound::Sound;

/// Samples of a frame.
const FRAME: usize = 1024;
/// Size of the picture, and the frequency at its top.
const SIZE: (u32, u32) = (480, 256);
const TOP_HZ: f64 = 8_000.0;
/// Levels from the loudest cell of the original down to black.
const RANGE_DB: f64 = 80.0;
/// Seconds that are drawn.
const SECONDS: f64 = 8.0;
/// Colours from black to the loudest.
const COLOURS: [[f64; 3]; 5] = [
    [0.0, 0.0, 4.0],
    [80.0, 18.0, 123.0],
    [182.0, 54.0, 121.0],
    [251.0, 136.0, 97.0],
    [252.0, 253.0, 191.0],
];

/// One clip before and after marking, and what changed: PNG files of the three spectrograms in one scale.
#[derive(Debug, Clone)]
pub struct Example {
    /// The clip's file name without extension.
    pub clip: String,
    /// Before, after, and their difference.
    pub pictures: [Vec<u8>; 3],
}

/// The first clip of each kind that the scheme marks.
#[must_use]
pub fn examples(corpus: &Corpus, scheme: &dyn Scheme) -> Vec<Example> {
    let payload = Payload::new(Origin::Generated, MarkId::from_bytes([0x5a; 11]));
    let example = |kind: Kind| {
        let mut clips = corpus.measured().filter(|clip| clip.kind == kind);
        clips.find_map(|clip| {
            let part = clip.sound.part(0, clip.sound.samples_in(SECONDS));
            let mut marked = part.clone();
            scheme.embed(&mut marked, &payload).ok()?;
            Some(Example::of(&clip.name, &part, &marked))
        })
    };
    Kind::ALL.into_iter().filter_map(example).collect()
}

impl Example {
    /// The two sounds and their difference, of the same shape.
    #[must_use]
    pub fn of(clip: &str, original: &Sound, marked: &Sound) -> Self {
        let (before, after) = (original.mono(), marked.mono());
        let pairs = after.channels[0].iter().zip(&before.channels[0]);
        let change: Vec<f32> = pairs.map(|(after, before)| after - before).collect();
        let change = Sound::new(original.rate, vec![change]);
        let levels = [&before, &after, &change].map(levels);
        let loudest = levels[0].iter().copied().fold(f64::MIN, f64::max);
        Self {
            clip: clip.to_owned(),
            pictures: levels.map(|levels| png(&levels, loudest)),
        }
    }
}

/// Levels in decibels, row by row from the top frequency down.
fn levels(sound: &Sound) -> Vec<f64> {
    let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
    let transform = FftPlanner::<f32>::new().plan_fft_forward(FRAME);
    let samples = &sound.channels[0];
    let mut levels = vec![f64::MIN; width * height];
    let mut buffer = vec![Complex::default(); FRAME];
    for column in 0..width {
        let start = column * samples.len().saturating_sub(FRAME) / width;
        for (i, value) in buffer.iter_mut().enumerate() {
            let turn = std::f32::consts::TAU * i as f32 / FRAME as f32;
            let sample = samples.get(start + i).copied().unwrap_or(0.0);
            *value = Complex::new(sample * (0.5 - 0.5 * turn.cos()), 0.0);
        }
        transform.process(&mut buffer);
        for row in 0..height {
            let frequency = TOP_HZ * (height - 1 - row) as f64 / height as f64;
            let bin = (frequency * FRAME as f64 / f64::from(sound.rate)) as usize;
            if bin < FRAME / 2 {
                let power = f64::from(buffer[bin].norm_sqr());
                levels[row * width + column] = 10.0 * (power + 1e-12).log10();
            }
        }
    }
    levels
}

fn png(levels: &[f64], loudest: f64) -> Vec<u8> {
    let picture = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let level = levels[(y * SIZE.0 + x) as usize];
        Rgb(colour(1.0 + (level - loudest) / RANGE_DB))
    });
    let mut bytes = Cursor::new(Vec::new());
    // A picture that cannot be written leaves its place empty.
    let _ = picture.write_to(&mut bytes, ImageFormat::Png);
    bytes.into_inner()
}

fn colour(share: f64) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let first = (place as usize).min(COLOURS.len() - 2);
    let part = place - first as f64;
    let mixed = |i: usize| COLOURS[first][i] + part * (COLOURS[first + 1][i] - COLOURS[first][i]);
    [0, 1, 2].map(|i| mixed(i).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_a_line_at_its_frequency() {
        let tone: Vec<f32> = (0..16_000)
            .map(|n| (std::f32::consts::TAU * 2_000.0 * n as f32 / 16_000.0).sin())
            .collect();
        let levels = levels(&Sound::new(16_000, vec![tone]));
        let column: Vec<f64> = levels.chunks(SIZE.0 as usize).map(|row| row[100]).collect();
        let loudest = (0..column.len()).max_by(|a, b| column[*a].total_cmp(&column[*b]));
        let expected = (0.75 * f64::from(SIZE.1)) as usize;
        assert!(loudest.unwrap().abs_diff(expected) <= 2, "{loudest:?}");
        assert_eq!(colour(-1.0), [0, 0, 4]);
        assert_eq!(colour(2.0), [252, 253, 191]);
    }

    #[test]
    fn pictures_are_png_files_and_no_change_is_black() {
        let sound = Sound::new(8_000, vec![vec![0.5; 8_000]]);
        let example = Example::of("a", &sound, &sound);
        for picture in &example.pictures {
            assert!(picture.starts_with(b"\x89PNG"));
        }
        let black = image::load_from_memory(&example.pictures[2])
            .unwrap()
            .to_rgb8();
        assert!(black.pixels().all(|pixel| pixel.0 == [0, 0, 4]));
    }
}
