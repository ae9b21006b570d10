//! Reduction to few colours: median cut (Heckbert, SIGGRAPH 1982) and error diffusion (Floyd and
//! Steinberg 1976).

use crate::image::rgb::{Rgb, to_sample};

/// What happens to the error of a pixel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dither {
    /// It stays.
    None,
    /// It goes to the neighbours that come later.
    FloydSteinberg,
}

/// The picture in at most `count` colours of its own.
pub(super) fn palette(picture: &Rgb, count: usize, dither: Dither) -> Rgb {
    let mut nearest = Nearest::new(median_cut(picture, count));
    if dither == Dither::None {
        return picture.map(|pixel| nearest.colour(pixel));
    }
    let mut planes = picture.planes();
    let (width, height) = (picture.width, picture.height);
    let mut result = picture.clone();
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let wanted = std::array::from_fn(|c| planes[c][at]);
            let chosen = nearest.colour(wanted.map(to_sample));
            result.set(x, y, chosen);
            for (plane, (wanted, chosen)) in planes.iter_mut().zip(wanted.iter().zip(chosen)) {
                let error = wanted - f32::from(chosen);
                let mut give = |there: bool, to: usize, share: f32| {
                    if there {
                        plane[to] += error * share;
                    }
                };
                let below = y + 1 < height;
                give(x + 1 < width, at + 1, 7.0 / 16.0);
                give(below && x > 0, at + width - 1, 3.0 / 16.0);
                give(below, at + width, 5.0 / 16.0);
                give(below && x + 1 < width, at + width + 1, 1.0 / 16.0);
            }
        }
    }
    result
}

/// Splits the box with the widest channel at its median until there are `count`; the colours are
/// the boxes' means.
fn median_cut(picture: &Rgb, count: usize) -> Vec<[u8; 3]> {
    let mut pixels: Vec<[u8; 3]> = picture
        .samples
        .chunks_exact(3)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    let mut boxes = vec![(0, pixels.len())];
    while boxes.len() < count {
        let widest = boxes
            .iter()
            .enumerate()
            .map(|(index, (start, end))| (widest_channel(&pixels[*start..*end]), index))
            .max_by_key(|((extent, _), index)| {
                let (start, end) = boxes[*index];
                u64::from(*extent) * (end - start) as u64
            });
        let Some(((1.., channel), index)) = widest else {
            break;
        };
        let (start, end) = boxes[index];
        let middle = (end - start) / 2;
        pixels[start..end].select_nth_unstable_by_key(middle, |pixel| pixel[channel]);
        boxes[index] = (start, start + middle);
        boxes.push((start + middle, end));
    }
    let filled = boxes.into_iter().filter(|(start, end)| start < end);
    filled
        .map(|(start, end)| mean_colour(&pixels[start..end]))
        .collect()
}

/// The largest difference within a channel, and which channel it is.
fn widest_channel(pixels: &[[u8; 3]]) -> (u8, usize) {
    let channels = (0..3).map(|c| {
        let values = pixels.iter().map(|pixel| pixel[c]);
        let (low, high) = values.fold((255, 0), |(low, high), value| {
            (value.min(low), value.max(high))
        });
        (high.saturating_sub(low), c)
    });
    channels.max().unwrap_or((0, 0))
}

fn mean_colour(pixels: &[[u8; 3]]) -> [u8; 3] {
    std::array::from_fn(|c| {
        let sum: u64 = pixels.iter().map(|pixel| u64::from(pixel[c])).sum();
        to_sample(sum as f32 / pixels.len() as f32)
    })
}

/// Finds the nearest colour of a palette, remembering the answer per cell of 4×4×4 values: an
/// error of at most half a cell, as usual in encoders.
struct Nearest {
    colours: Vec<[u8; 3]>,
    cells: Vec<Option<[u8; 3]>>,
}

impl Nearest {
    fn new(colours: Vec<[u8; 3]>) -> Self {
        Self {
            colours,
            cells: vec![None; 64 * 64 * 64],
        }
    }

    fn colour(&mut self, wanted: [u8; 3]) -> [u8; 3] {
        let cell = wanted
            .iter()
            .fold(0, |cell, sample| cell * 64 + usize::from(sample >> 2));
        if let Some(known) = self.cells[cell] {
            return known;
        }
        let centre = wanted.map(|sample| i32::from(sample & !3) + 2);
        let distance = |colour: &&[u8; 3]| -> i32 {
            (0..3)
                .map(|c| (i32::from(colour[c]) - centre[c]).pow(2))
                .sum()
        };
        let found = self.colours.iter().min_by_key(distance);
        let found = found.copied().unwrap_or(wanted);
        self.cells[cell] = Some(found);
        found
    }
}
