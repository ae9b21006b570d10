//! How much noise each place hides.
//!
//! The mask grows with the activity around a pixel and shrinks beside edges, where noise would stand
//! out against the smooth side. Embedder and detector compute it alike, the detector from what it
//! received: the mark changes it little.

use crate::filters::box_mean;
use crate::plane::Plane;

/// Radius of the neighbourhood in which activity is measured: a 9-pixel square, about the size of the
/// pattern's grain.
const NEIGHBOURHOOD: usize = 4;
/// Diagonal steps at which the least active neighbour is looked for.
const EDGE_REACH: usize = 3;
/// Root mean square grey levels per unit of strength in flat areas, and its growth with activity.
const FLAT: f32 = 0.8;
const GROWTH: f32 = 0.8;
/// Texture hides no more than this.
const CEILING: f32 = 8.0;
/// Smoothing of the finished mask: a 5-pixel square.
const SMOOTHING: usize = 2;

/// The mask for a plane of luma in grey levels.
pub(crate) fn mask(luma: &Plane) -> Plane {
    let mean = box_mean(luma, NEIGHBOURHOOD);
    // The mean of roots squared: a thin edge in a flat area counts little.
    let mut roots = Plane::zeros(luma.width, luma.height);
    for ((out, &value), &mean) in roots.data.iter_mut().zip(&luma.data).zip(&mean.data) {
        *out = (value - mean).abs().sqrt();
    }
    let activity = box_mean(&roots, NEIGHBOURHOOD);
    let mut mask = roots;
    let (width, height) = (luma.width, luma.height);
    for y in 0..height {
        let above = activity.row(y.saturating_sub(EDGE_REACH));
        let below = activity.row((y + EDGE_REACH).min(height - 1));
        let here = activity.row(y);
        let brightness = mean.row(y);
        let out = &mut mask.data[y * width..(y + 1) * width];
        for x in 0..width {
            let (left, right) = (
                x.saturating_sub(EDGE_REACH),
                (x + EDGE_REACH).min(width - 1),
            );
            let quietest = above[left]
                .min(above[right])
                .min(below[left])
                .min(below[right]);
            let (own, quietest) = (here[x] * here[x], quietest * quietest);
            let protected = 0.6 * quietest + 0.4 * own.min(1.5 * quietest);
            out[x] = (FLAT + GROWTH * protected).min(CEILING) * brightness_factor(brightness[x]);
        }
    }
    box_mean(&mask, SMOOTHING)
}

/// Less in the dark, where displays show noise; less near white, where it is visible and clips.
fn brightness_factor(level: f32) -> f32 {
    if level < 60.0 {
        0.7 + 0.3 * level / 60.0
    } else {
        1.0 - 0.01 * (level - 215.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(value: impl Fn(usize, usize) -> f32) -> Plane {
        Plane {
            width: 64,
            height: 64,
            data: (0..4096).map(|i| value(i % 64, i / 64)).collect(),
        }
    }

    fn at(plane: &Plane, x: usize, y: usize) -> f32 {
        plane.row(y)[x]
    }

    #[test]
    fn texture_hides_more_than_flat_areas_and_edges_are_protected() {
        let checks = |x: usize, y: usize| {
            128.0
                + if (x / 2 + y / 2).is_multiple_of(2) {
                    20.0
                } else {
                    -20.0
                }
        };
        let half = mask(&plane(|x, y| if x < 32 { 128.0 } else { checks(x, y) }));
        assert!((at(&half, 8, 32) - FLAT).abs() < 0.01);
        assert!(at(&half, 52, 32) > 4.0);
        let step = mask(&plane(|x, _| if x < 32 { 60.0 } else { 180.0 }));
        // Noise beside the edge would stand out: the mask falls off quickly.
        assert!(
            at(&step, 25, 32) < 0.3 * at(&step, 32, 32),
            "{}",
            at(&step, 25, 32)
        );
    }

    #[test]
    fn black_and_white_get_less() {
        let level = |value: f32| at(&mask(&plane(|_, _| value)), 32, 32);
        assert!(level(0.0) < level(60.0) && level(255.0) < level(200.0));
        assert!((level(255.0) / level(128.0) - 0.6).abs() < 0.01);
    }
}
