//! Parts of pictures before and after marking, for people to look at.

use super::rgb::{Rgb, to_sample};

/// The middle of a picture before and after marking.
#[derive(Debug, Clone)]
pub struct Example {
    /// The picture's file name without extension.
    pub picture: String,
    /// Before.
    pub original: Rgb,
    /// After.
    pub marked: Rgb,
    /// Sixteen times what changed, around grey.
    pub difference: Rgb,
}

/// Side of the part.
const SIDE: usize = 256;
/// How many times the difference is enlarged.
const TIMES: f32 = 16.0;

impl Example {
    /// The middle of the two, at most 256 × 256.
    #[must_use]
    pub fn of(picture: &str, original: &Rgb, marked: &Rgb) -> Self {
        let middle = |picture: &Rgb| {
            let left = picture.width.saturating_sub(SIDE) / 2;
            let top = picture.height.saturating_sub(SIDE) / 2;
            picture.crop(left, top, SIDE, SIDE)
        };
        let (original, marked) = (middle(original), middle(marked));
        let mut difference = marked.clone();
        for (sample, before) in difference.samples.iter_mut().zip(&original.samples) {
            let change = f32::from(*sample) - f32::from(*before);
            *sample = to_sample(128.0 + TIMES * change);
        }
        Self {
            picture: picture.to_owned(),
            original,
            marked,
            difference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_enlarged() {
        let original = Rgb::filled(300, 20, [100; 3]);
        let mut marked = original.clone();
        marked.set(150, 10, [101, 98, 120]);
        let example = Example::of("a", &original, &marked);
        assert_eq!((example.marked.width, example.marked.height), (256, 20));
        assert_eq!(example.difference.pixel(150 - 22, 10), [144, 96, 255]);
        assert_eq!(example.difference.pixel(0, 0), [128; 3]);
    }
}
