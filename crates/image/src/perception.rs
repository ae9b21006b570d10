//! How much noise each place hides.
//!
//! The mask grows with the activity around a pixel and shrinks beside edges, where noise would stand
//! out against the smooth side. Embedder and detector compute it alike, the detector from what it
//! received: the mark changes it little.

use multiversion::multiversion;

use crate::filters::{BoxRows, Ring};
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
    let mut mask = Plane::zeros(luma.width, luma.height);
    if luma.data.is_empty() {
        return mask;
    }
    let mut rows = MaskRows::new(luma);
    for row in mask.data.chunks_exact_mut(luma.width) {
        rows.next(row);
    }
    mask
}

/// The mask's rows, one after the other: means, roots, activity, edges and smoothing, each a few rows
/// ahead of the next.
struct MaskRows<'a> {
    luma: &'a Plane,
    mean: (BoxRows, Ring),
    roots: (usize, Ring),
    activity: (usize, BoxRows, Ring),
    raw: (usize, Ring),
    smooth: BoxRows,
    done: usize,
    quietest: Vec<f32>,
}

impl<'a> MaskRows<'a> {
    fn new(luma: &'a Plane) -> Self {
        let (width, height) = (luma.width, luma.height);
        let rows = |radius| BoxRows::new(width, height, radius);
        // Brightness is used as late as the activity beside an edge is there.
        let brightness = BoxRows::span(NEIGHBOURHOOD) + EDGE_REACH;
        Self {
            luma,
            mean: (rows(NEIGHBOURHOOD), Ring::new(width, brightness)),
            roots: (0, Ring::new(width, BoxRows::span(NEIGHBOURHOOD))),
            activity: (
                0,
                rows(NEIGHBOURHOOD),
                Ring::new(width, BoxRows::span(EDGE_REACH)),
            ),
            raw: (0, Ring::new(width, BoxRows::span(SMOOTHING))),
            smooth: rows(SMOOTHING),
            done: 0,
            quietest: vec![0.0; width + 2 * EDGE_REACH],
        }
    }

    fn next(&mut self, out: &mut [f32]) {
        self.raw_until(self.smooth.needed(self.done));
        self.done += 1;
        let raw = &self.raw.1;
        self.smooth.next(|y| raw.row(y), out);
    }

    fn raw_until(&mut self, last: usize) {
        while self.raw.0 <= last {
            let y = self.raw.0;
            let below = (y + EDGE_REACH).min(self.luma.height - 1);
            self.activity_until(below);
            let activity = &self.activity.2;
            let above = activity.row(y.saturating_sub(EDGE_REACH));
            quietest(above, activity.row(below), &mut self.quietest);
            let brightness = self.mean.1.row(y);
            let out = self.raw.1.row_mut(y);
            visibility(activity.row(y), &self.quietest, brightness, out);
            self.raw.0 += 1;
        }
    }

    fn activity_until(&mut self, last: usize) {
        while self.activity.0 <= last {
            let y = self.activity.0;
            self.roots_until(self.activity.1.needed(y));
            let roots = &self.roots.1;
            let out = self.activity.2.row_mut(y);
            self.activity.1.next(|y| roots.row(y), out);
            self.activity.0 += 1;
        }
    }

    /// The mean of roots squared is what counts: a thin edge in a flat area counts little.
    fn roots_until(&mut self, last: usize) {
        while self.roots.0 <= last {
            let y = self.roots.0;
            let luma = self.luma;
            self.mean.0.next(|y| luma.row(y), self.mean.1.row_mut(y));
            deviation_roots(luma.row(y), self.mean.1.row(y), self.roots.1.row_mut(y));
            self.roots.0 += 1;
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn deviation_roots(luma: &[f32], mean: &[f32], out: &mut [f32]) {
    for ((out, value), mean) in out.iter_mut().zip(luma).zip(mean) {
        *out = (value - mean).abs().sqrt();
    }
}

/// The less active of the rows above and below, continued beyond both borders.
fn quietest(above: &[f32], below: &[f32], out: &mut [f32]) {
    let width = above.len();
    let inner = &mut out[EDGE_REACH..EDGE_REACH + width];
    for ((out, above), below) in inner.iter_mut().zip(above).zip(below) {
        *out = above.min(*below);
    }
    let (first, last) = (inner[0], inner[width - 1]);
    out[..EDGE_REACH].fill(first);
    out[EDGE_REACH + width..].fill(last);
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn visibility(activity: &[f32], quietest: &[f32], brightness: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (left, right) = (&quietest[..width], &quietest[2 * EDGE_REACH..][..width]);
    let (activity, brightness) = (&activity[..width], &brightness[..width]);
    for x in 0..width {
        let quietest = left[x].min(right[x]);
        let (own, quietest) = (activity[x] * activity[x], quietest * quietest);
        let protected = 0.6 * quietest + 0.4 * own.min(1.5 * quietest);
        out[x] = (FLAT + GROWTH * protected).min(CEILING) * brightness_factor(brightness[x]);
    }
}

/// Less in the dark, where displays show noise; less near white, where it is visible and clips.
#[inline(always)]
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
