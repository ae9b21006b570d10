//! A received picture at full, half and quarter size.
//!
//! A mark that was enlarged is as well seen in a smaller picture, at a quarter of the work.

use crate::filters::shrink;
use crate::plane::Plane;
use crate::residual::Scene;

/// From this many received pixels per pattern pixel a smaller size shows the pattern better.
const ENLARGED: f64 = 1.7;
/// Full, half, quarter.
const SIZES: usize = 3;
/// Sides below this are not shrunk further.
const LEAST_SIDE: usize = 64;

/// One size of the picture.
pub(crate) struct Level {
    pub(crate) scene: Scene,
    /// Pixels of this level per pixel of the full size.
    pub(crate) ratio: (f64, f64),
}

/// A received picture at several sizes, each made on first use.
pub(crate) struct Pyramid {
    levels: Vec<Level>,
}

impl Pyramid {
    pub(crate) fn new(luma: Plane) -> Self {
        let full = Level {
            scene: Scene::new(luma),
            ratio: (1.0, 1.0),
        };
        Self { levels: vec![full] }
    }

    /// The luma at full size.
    pub(crate) fn luma(&self) -> &Plane {
        self.levels[0].scene.luma()
    }

    /// Columns and rows at full size.
    pub(crate) fn size(&self) -> (usize, usize) {
        let luma = self.luma();
        (luma.width, luma.height)
    }

    /// The picture halved `index` times; nothing where it would be too small to tell anything.
    pub(crate) fn level(&mut self, index: usize) -> Option<&mut Level> {
        while self.levels.len() <= index {
            let (next, (width, height)) = (self.levels.len(), self.size());
            let luma = self.levels[next - 1].scene.luma();
            let halved = (luma.width / 2, luma.height / 2);
            if next >= SIZES || halved.0.min(halved.1) < LEAST_SIDE {
                return None;
            }
            let small = shrink(luma, halved.0, halved.1);
            let ratio = (
                halved.0 as f64 / width as f64,
                halved.1 as f64 / height as f64,
            );
            let scene = Scene::new(small);
            self.levels.push(Level { scene, ratio });
        }
        self.levels.get_mut(index)
    }

    /// The level at which a pattern of `scale` pixels of the full size per pattern pixel is best seen,
    /// and its scale there.
    pub(crate) fn for_scale(&mut self, scale: f64) -> (&mut Level, f64) {
        let (mut index, mut here) = (0, scale);
        while here >= ENLARGED && self.level(index + 1).is_some() {
            (index, here) = (index + 1, 0.5 * here);
        }
        (&mut self.levels[index], here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarged_patterns_are_looked_for_in_smaller_pictures() {
        let mut pyramid = Pyramid::new(Plane::zeros(401, 300));
        for (scale, width, expected) in [
            (0.5, 401, 0.5),
            (1.6, 401, 1.6),
            (2.0, 200, 1.0),
            (4.0, 100, 1.0),
            (8.0, 100, 2.0),
        ] {
            let (level, here) = pyramid.for_scale(scale);
            assert_eq!((level.scene.luma().width, here), (width, expected));
        }
        assert!(pyramid.level(3).is_none());
        let mut small = Pyramid::new(Plane::zeros(100, 100));
        assert_eq!(small.for_scale(3.0).1, 3.0);
    }
}
