//! All tiles of a picture added into one.

use crate::geometry::Homography;
use crate::pattern::TILE;
use crate::plane::Plane;

/// Added before truncation so that coordinates become positive and rounding is to the nearest.
const OFFSET: f64 = 0.5 + 64.0 * TILE as f64;

/// Part of a plane: first and one-past-last column and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) x: (usize, usize),
    pub(crate) y: (usize, usize),
}

impl Part {
    pub(crate) const fn whole(plane: &Plane) -> Self {
        Self {
            x: (0, plane.width),
            y: (0, plane.height),
        }
    }

    /// The middle part with `share` of the plane's sides.
    pub(crate) fn middle(plane: &Plane, share: f64) -> Self {
        let span = |length: usize| {
            let margin = ((length as f64 * 0.5 * (1.0 - share)) as usize).min(length / 2);
            (margin, length - margin)
        };
        Self {
            x: span(plane.width),
            y: span(plane.height),
        }
    }

    /// The square of a side around the plane's middle, as far as the plane reaches.
    pub(crate) fn around_middle(plane: &Plane, side: usize) -> Self {
        let span = |length: usize| {
            let margin = length.saturating_sub(side) / 2;
            (margin, length - margin)
        };
        Self {
            x: span(plane.width),
            y: span(plane.height),
        }
    }

    pub(crate) const fn size(&self) -> (usize, usize) {
        (self.x.1 - self.x.0, self.y.1 - self.y.0)
    }

    /// This part as a grid of `columns × rows` parts.
    pub(crate) fn grid(&self, columns: usize, rows: usize) -> Vec<Self> {
        let cut = |i: usize, n: usize, (from, to): (usize, usize)| from + i * (to - from) / n;
        let part = |i: usize| {
            let (column, row) = (i % columns, i / columns);
            let x = (
                cut(column, columns, self.x),
                cut(column + 1, columns, self.x),
            );
            let y = (cut(row, rows, self.y), cut(row + 1, rows, self.y));
            Self { x, y }
        };
        (0..columns * rows).map(part).collect()
    }

    /// Squares of a side, `count` along each direction, evenly spread and overlapping where they must.
    pub(crate) fn windows(&self, side: usize, count: usize) -> Vec<Self> {
        let spans = |(from, to): (usize, usize)| -> Vec<(usize, usize)> {
            let (length, spare) = (to - from, (to - from).saturating_sub(side));
            let count = if spare == 0 { 1 } else { count.max(2) };
            (0..count)
                .map(|i| {
                    let start = from + spare * i / (count - 1).max(1);
                    (start, start + side.min(length))
                })
                .collect()
        };
        let rows = spans(self.y);
        spans(self.x)
            .into_iter()
            .flat_map(|x| rows.iter().map(move |&y| Self { x, y }))
            .collect()
    }

    /// This part with sides longer by a factor, as far as `limit` reaches.
    pub(crate) fn grown(&self, factor: f64, limit: &Self) -> Self {
        let span = |(from, to): (usize, usize), (first, last): (usize, usize)| {
            let more = (0.5 * (factor - 1.0) * (to - from) as f64).ceil() as usize + 1;
            (from.saturating_sub(more).max(first), (to + more).min(last))
        };
        Self {
            x: span(self.x, limit.x),
            y: span(self.y, limit.y),
        }
    }

    /// The part's middle.
    pub(crate) fn center(&self) -> (f64, f64) {
        (
            0.5 * (self.x.0 + self.x.1) as f64,
            0.5 * (self.y.0 + self.y.1) as f64,
        )
    }
}

/// Adds every value of a part of the residual to the tile's cell that the mapping puts it in.
pub(crate) fn fold(residual: &Plane, part: Part, mapping: &Homography) -> Vec<f32> {
    let mut tile = vec![0.0; TILE * TILE];
    let [a, b, c, d, e, f, g, h] = mapping.0.map(|value| value as f32);
    let offset = OFFSET as f32;
    let is_affine = mapping.is_affine();
    for y in part.y.0..part.y.1 {
        let row = &residual.row(y)[part.x.0..part.x.1];
        let fy = y as f32;
        // The row's start is taken in double precision: shifts of large pictures stay exact.
        let start =
            |slope: f64, shift: f64| (slope * y as f64 + shift).rem_euclid(TILE as f64) as f32;
        if is_affine {
            let (u0, v0) = (
                start(mapping.0[1], mapping.0[2]) + offset,
                start(mapping.0[4], mapping.0[5]) + offset,
            );
            for (x, &value) in row.iter().enumerate() {
                let fx = (part.x.0 + x) as f32;
                tile[cell(a * fx + u0, d * fx + v0)] += value;
            }
        } else {
            let (u0, v0, w0) = (b * fy + c, e * fy + f, h * fy + 1.0);
            for (x, &value) in row.iter().enumerate() {
                let fx = (part.x.0 + x) as f32;
                let w = 1.0 / (g * fx + w0);
                tile[cell((a * fx + u0) * w + offset, (d * fx + v0) * w + offset)] += value;
            }
        }
    }
    tile
}

/// The cell of non-negative pattern coordinates.
fn cell(u: f32, v: f32) -> usize {
    const WRAP: usize = TILE - 1;
    ((v as i32 as usize) & WRAP) * TILE + ((u as i32 as usize) & WRAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_tile_adds_up() {
        let tile = |x: usize, y: usize| ((x * 7 + y * 13) % 31) as f32 - 15.0;
        let (width, height) = (3 * TILE, 2 * TILE);
        let data = (0..width * height)
            .map(|i| tile((i % width + 5) % TILE, (i / width + 120) % TILE))
            .collect();
        let plane = Plane {
            width,
            height,
            data,
        };
        let mapping = Homography::linear([1.0, 0.0, 0.0, 1.0]).shifted(5.0, 120.0);
        let folded = fold(&plane, Part::whole(&plane), &mapping);
        for (i, value) in folded.iter().enumerate() {
            assert_eq!(*value, 6.0 * tile(i % TILE, i / TILE), "{i}");
        }
        let parts: Vec<Vec<f32>> = Part::whole(&plane)
            .grid(4, 3)
            .into_iter()
            .map(|part| fold(&plane, part, &mapping))
            .collect();
        let sum: Vec<f32> = (0..TILE * TILE)
            .map(|i| parts.iter().map(|tile| tile[i]).sum())
            .collect();
        assert_eq!(sum, folded);
    }

    #[test]
    fn mappings_far_outside_stay_inside_the_tile() {
        let plane = Plane {
            width: 50,
            height: 40,
            data: vec![1.0; 2000],
        };
        for mapping in [
            Homography([1e3, -1e3, 1e5, 5.0, 1e4, -1e5, 0.0, 0.0]),
            Homography([1.0, 0.0, -1e9, 0.0, 1.0, f64::NAN, 0.3, -0.4]),
        ] {
            let folded = fold(&plane, Part::whole(&plane), &mapping);
            assert_eq!(folded.iter().sum::<f32>(), 2000.0);
        }
    }
}
