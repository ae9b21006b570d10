//! The picture that attacks work on.

/// An 8-bit RGB picture, interleaved, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// Pixels in a row, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
    /// `3 · width · height` samples.
    pub samples: Vec<u8>,
}

impl Rgb {
    /// A picture from its samples; `None` unless both sides are at least 1 and there are
    /// `3 · width · height` of them.
    #[must_use]
    pub fn new(width: usize, height: usize, samples: Vec<u8>) -> Option<Self> {
        let fits = width > 0
            && height > 0
            && width
                .checked_mul(height)
                .and_then(|area| area.checked_mul(3))
                .is_some_and(|length| length == samples.len());
        fits.then_some(Self {
            width,
            height,
            samples,
        })
    }

    /// A picture of one colour. Sides of 0 become 1.
    #[must_use]
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self {
            width,
            height,
            samples: colour.repeat(width * height),
        }
    }

    /// A picture whose pixel at column `x` and row `y` is `pixel(x, y)`. Sides of 0 become 1.
    #[must_use]
    pub fn from_fn(
        width: usize,
        height: usize,
        mut pixel: impl FnMut(usize, usize) -> [u8; 3],
    ) -> Self {
        let mut picture = Self::filled(width, height, [0; 3]);
        let width = picture.width;
        for (index, target) in picture.samples.chunks_exact_mut(3).enumerate() {
            target.copy_from_slice(&pixel(index % width, index / width));
        }
        picture
    }

    /// A picture from three planes of `width · height` samples each, rounded and clipped.
    #[must_use]
    pub fn from_planes(width: usize, height: usize, planes: &[Vec<f32>; 3]) -> Self {
        let mut picture = Self::filled(width, height, [0; 3]);
        for (index, target) in picture.samples.chunks_exact_mut(3).enumerate() {
            for (sample, plane) in target.iter_mut().zip(planes) {
                *sample = to_sample(plane[index]);
            }
        }
        picture
    }

    /// Number of pixels.
    #[must_use]
    pub const fn area(&self) -> usize {
        self.width * self.height
    }

    /// Number of pixels in millions.
    #[must_use]
    pub fn megapixels(&self) -> f64 {
        self.area() as f64 / 1e6
    }

    /// The pixel at column `x` and row `y`.
    ///
    /// # Panics
    /// Outside the picture.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = 3 * (y * self.width + x);
        [self.samples[at], self.samples[at + 1], self.samples[at + 2]]
    }

    /// Sets the pixel at column `x` and row `y`; nothing happens outside the picture.
    pub fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            let at = 3 * (y * self.width + x);
            self.samples[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// Mixes `colour` over the pixel at column `x` and row `y`: `opacity` 0 leaves it, 1 replaces it.
    pub fn blend(&mut self, x: usize, y: usize, colour: [u8; 3], opacity: f32) {
        if x < self.width && y < self.height {
            let old = self.pixel(x, y);
            self.set(
                x,
                y,
                std::array::from_fn(|c| {
                    let old = f32::from(old[c]);
                    to_sample(old + opacity * (f32::from(colour[c]) - old))
                }),
            );
        }
    }

    /// The part of at most `width × height` pixels whose corner is at column `left` and row `top`,
    /// moved and shrunk as needed to lie inside the picture.
    #[must_use]
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        let (width, height) = (width.clamp(1, self.width), height.clamp(1, self.height));
        let (left, top) = (left.min(self.width - width), top.min(self.height - height));
        let rows = self.samples.chunks_exact(3 * self.width);
        let samples = rows
            .skip(top)
            .take(height)
            .flat_map(|row| &row[3 * left..3 * (left + width)])
            .copied()
            .collect();
        Self {
            width,
            height,
            samples,
        }
    }

    /// Puts `other` on this picture with its corner at column `left` and row `top`; what lies
    /// outside is lost.
    pub fn paste(&mut self, other: &Self, left: usize, top: usize) {
        for y in 0..other.height {
            for x in 0..other.width {
                self.set(left + x, top + y, other.pixel(x, y));
            }
        }
    }

    /// Every pixel through `change`.
    #[must_use]
    pub fn map(&self, mut change: impl FnMut([u8; 3]) -> [u8; 3]) -> Self {
        let mut result = self.clone();
        for pixel in result.samples.chunks_exact_mut(3) {
            let new = change([pixel[0], pixel[1], pixel[2]]);
            pixel.copy_from_slice(&new);
        }
        result
    }

    /// Every sample through a table, the same for the three channels.
    #[must_use]
    pub fn map_samples(&self, change: impl Fn(f32) -> f32) -> Self {
        let table: [u8; 256] = std::array::from_fn(|value| to_sample(change(value as f32)));
        let mut result = self.clone();
        for sample in &mut result.samples {
            *sample = table[usize::from(*sample)];
        }
        result
    }

    /// The three channels as planes, 0..=255.
    #[must_use]
    pub fn planes(&self) -> [Vec<f32>; 3] {
        std::array::from_fn(|c| {
            let channel = self.samples.iter().skip(c).step_by(3);
            channel.map(|sample| f32::from(*sample)).collect()
        })
    }

    /// Luma, 0..=255: see [`luma`].
    #[must_use]
    pub fn luma(&self) -> Vec<f32> {
        let pixels = self.samples.chunks_exact(3);
        pixels.map(|p| luma([p[0], p[1], p[2]])).collect()
    }
}

/// Luma of a pixel with the weights of ITU-R BT.601, 0..=255.
#[must_use]
pub fn luma([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// Rounds to the nearest and clips to 0..=255; NaN becomes 0.
#[must_use]
pub fn to_sample(value: f32) -> u8 {
    // `as` saturates.
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_must_fit() {
        assert!(Rgb::new(2, 2, vec![0; 12]).is_some());
        assert!(Rgb::new(2, 2, vec![0; 11]).is_none());
        assert!(Rgb::new(0, 2, Vec::new()).is_none());
        assert!(Rgb::new(usize::MAX, 2, Vec::new()).is_none());
    }

    #[test]
    fn crop_takes_the_right_pixels() {
        let picture = Rgb::from_fn(7, 5, |x, y| [x as u8, y as u8, 9]);
        let part = picture.crop(2, 1, 3, 2);
        assert_eq!((part.width, part.height), (3, 2));
        assert_eq!(part.pixel(0, 0), [2, 1, 9]);
        assert_eq!(part.pixel(2, 1), [4, 2, 9]);
        assert_eq!(picture.crop(6, 4, 3, 3).pixel(0, 0), [4, 2, 9]);
    }

    #[test]
    fn samples_round_and_clip() {
        assert_eq!(to_sample(1.49), 1);
        assert_eq!(to_sample(1.5), 2);
        assert_eq!(to_sample(-3.0), 0);
        assert_eq!(to_sample(300.0), 255);
    }

    #[test]
    fn planes_go_and_come_back() {
        let picture = Rgb::from_fn(4, 3, |x, y| [x as u8, y as u8, (x * y) as u8]);
        assert_eq!(Rgb::from_planes(4, 3, &picture.planes()), picture);
    }
}
