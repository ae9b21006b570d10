//! All tiles of a picture added into one.

use multiversion::multiversion;

use crate::filters::add;
use crate::geometry::Homography;
use crate::pattern::TILE;
use crate::plane::Plane;

/// Added to a number of less than four millions either way, this leaves the nearest whole number in the last
/// bits, for less than a conversion costs.
pub(crate) const WHOLE: f32 = 12_582_912.0;

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
    let [_, b, _, d, ..] = mapping.0;
    if mapping.is_affine() && b == 0.0 && d == 0.0 {
        upright(residual, part, mapping)
    } else {
        at_an_angle(residual, part, mapping)
    }
}

/// Rows of pixels fall into rows of the tile: they are added first, then columns are.
fn upright(residual: &Plane, part: Part, mapping: &Homography) -> Vec<f32> {
    let [a, _, c, _, e, f, _, _] = mapping.0;
    // Starts are taken in double precision: shifts of large pictures stay exact.
    let place = |slope: f64, at: usize, shift: f64| {
        (slope * at as f64 + shift).rem_euclid(TILE as f64) as f32
    };
    let (width, _) = part.size();
    let mut rows = vec![0.0; TILE * width];
    for y in part.y.0..part.y.1 {
        let row = cell_along(place(e, y, f));
        let source = &residual.row(y)[part.x.0..part.x.1];
        add(&mut rows[row * width..(row + 1) * width], source);
    }
    let columns: Vec<usize> = (part.x.0..part.x.1)
        .map(|x| cell_along(place(a, x, c)))
        .collect();
    let mut tile = vec![0.0; TILE * TILE];
    if width > 0 {
        for (tile, row) in tile.chunks_exact_mut(TILE).zip(rows.chunks_exact(width)) {
            for (&value, &column) in row.iter().zip(&columns) {
                tile[column] += value;
            }
        }
    }
    tile
}

/// Values whose cells are found in one go, before any of them is added.
pub(crate) const RUN: usize = 256;

fn at_an_angle(residual: &Plane, part: Part, mapping: &Homography) -> Vec<f32> {
    let mut tile = vec![0.0; TILE * TILE];
    let mut cells = [0_u32; RUN];
    for y in part.y.0..part.y.1 {
        let line = Line::new(mapping, y);
        let row = &residual.row(y)[part.x.0..part.x.1];
        for (index, run) in row.chunks(RUN).enumerate() {
            let cells = &mut cells[..run.len()];
            line.cells(part.x.0 + index * RUN, cells);
            for (&value, &cell) in run.iter().zip(&*cells) {
                tile[cell as usize % (TILE * TILE)] += value;
            }
        }
    }
    tile
}

/// Pattern coordinates along a row of pixels, as slopes and starts, counted from the tile in which the row
/// starts.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) u: (f32, f32),
    pub(crate) v: (f32, f32),
    pub(crate) w: (f32, f32),
}

impl Line {
    /// Row `y` under a mapping.
    pub(crate) fn new(mapping: &Homography, y: usize) -> Self {
        let [a, b, c, d, e, f, g, h] = mapping.0;
        let y = y as f64;
        let (u, v, w) = (b * y + c, e * y + f, h * y + 1.0);
        // Whole tiles are taken away in double precision: shifts of large pictures stay exact. In front of
        // the division a tile is as wide as the divisor says.
        let tiles = |start: f64| (start / w / TILE as f64).floor() * TILE as f64;
        let (left, top) = (tiles(u), tiles(v));
        let start = |start: f64, tiles: f64| (start - tiles * w) as f32;
        let slope = |slope: f64, tiles: f64| (slope - tiles * g) as f32;
        Self {
            u: (slope(a, left), start(u, left)),
            v: (slope(d, top), start(v, top)),
            w: (g as f32, w as f32),
        }
    }

    /// The tile's cells of the pixels from column `first` on.
    pub(crate) fn cells(&self, first: usize, out: &mut [u32]) {
        if self.w == (0.0, 1.0) {
            affine_cells(self, first as f32, out);
        } else {
            projected_cells(self, first as f32, out);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn affine_cells(line: &Line, first: f32, out: &mut [u32]) {
    let (u, v) = (line.u, line.v);
    for (i, out) in out.iter_mut().enumerate() {
        let x = first + i as i32 as f32;
        *out = cell(u.0 * x + u.1, v.0 * x + v.1);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn projected_cells(line: &Line, first: f32, out: &mut [u32]) {
    let (u, v, w) = (line.u, line.v, line.w);
    for (i, out) in out.iter_mut().enumerate() {
        let x = first + i as i32 as f32;
        let scale = 1.0 / (w.0 * x + w.1);
        *out = cell((u.0 * x + u.1) * scale, (v.0 * x + v.1) * scale);
    }
}

/// The tile's cell nearest to pattern coordinates.
#[inline(always)]
fn cell(u: f32, v: f32) -> u32 {
    along(v) * TILE as u32 + along(u)
}

#[inline(always)]
fn along(place: f32) -> u32 {
    (place + WHOLE).to_bits() % TILE as u32
}

fn cell_along(place: f32) -> usize {
    along(place) as usize
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
