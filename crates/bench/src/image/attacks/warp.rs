//! Resampling through any map of the plane.

use crate::image::rgb::{Rgb, to_sample};

/// A projective map of the plane: `(a x + b y + c, d x + e y + f) / (g x + h y + 1)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Homography([f64; 8]);

impl Homography {
    /// `x' = a x + b y + c`, `y' = d x + e y + f`.
    pub(super) const fn affine(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64) -> Self {
        Self([a, b, c, d, e, f, 0.0, 0.0])
    }

    /// The map that takes each of the four points in `from` to the one in `to`; `None` when three
    /// of them lie on a line.
    pub(super) fn between(from: [(f64, f64); 4], to: [(f64, f64); 4]) -> Option<Self> {
        let mut rows = [[0.0; 9]; 8];
        for (index, ((x, y), (u, v))) in from.into_iter().zip(to).enumerate() {
            rows[2 * index] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * index + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        solve(rows).map(Self)
    }

    /// Where the point goes.
    pub(super) fn map(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let weight = g * x + h * y + 1.0;
        ((a * x + b * y + c) / weight, (d * x + e * y + f) / weight)
    }
}

/// Gaussian elimination with partial pivoting; the last column is the right-hand side.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|a, b| {
            let size = |row: &usize| rows[*row][column].abs();
            size(a).total_cmp(&size(b))
        })?;
        if rows[pivot][column].abs() < 1e-12 {
            return None;
        }
        rows.swap(column, pivot);
        let top = rows[column];
        for (index, row) in rows.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / top[column];
                for (value, above) in row.iter_mut().zip(top) {
                    *value -= factor * above;
                }
            }
        }
    }
    Some(std::array::from_fn(|index| {
        rows[index][8] / rows[index][index]
    }))
}

/// A `width × height` picture whose pixel centres come from where `map` takes them in `picture`,
/// by Catmull-Rom interpolation; `fill` where that is outside. Coordinates count pixels from the
/// outer corner, so that centres lie at halves.
pub(super) fn warp(
    picture: &Rgb,
    width: usize,
    height: usize,
    fill: [u8; 3],
    map: &Homography,
) -> Rgb {
    let (right, bottom) = (picture.width as f64, picture.height as f64);
    Rgb::from_fn(width, height, |x, y| {
        let (u, v) = map.map(x as f64 + 0.5, y as f64 + 0.5);
        let inside = (0.0..=right).contains(&u) && (0.0..=bottom).contains(&v);
        if inside {
            interpolate(picture, u - 0.5, v - 0.5)
        } else {
            fill
        }
    })
}

/// The picture at a point whose whole coordinates are pixel centres; edge pixels repeat.
fn interpolate(picture: &Rgb, x: f64, y: f64) -> [u8; 3] {
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (catmull_rom(x - left), catmull_rom(y - top));
    let columns: [usize; 4] = std::array::from_fn(|i| clamp(left, i, picture.width) * 3);
    let mut sum = [0.0_f32; 3];
    for (row, row_weight) in down.into_iter().enumerate() {
        let start = 3 * picture.width * clamp(top, row, picture.height);
        for (column, weight) in columns.into_iter().zip(across) {
            let pixel = &picture.samples[start + column..start + column + 3];
            for (total, sample) in sum.iter_mut().zip(pixel) {
                *total += row_weight * weight * f32::from(*sample);
            }
        }
    }
    sum.map(to_sample)
}

/// The index `start - 1 + step` held inside `0..length`.
fn clamp(start: f64, step: usize, length: usize) -> usize {
    // `as` saturates below 0.
    ((start + step as f64 - 1.0) as usize).min(length - 1)
}

/// Weights of the four neighbours at fraction `t` (Catmull and Rom 1974; Keys 1981 with a = -1/2).
fn catmull_rom(t: f64) -> [f32; 4] {
    let t = t as f32;
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homography_takes_points_to_points() {
        let from = [(0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0)];
        let to = [(1.0, 2.0), (9.0, -1.0), (11.0, 9.0), (0.5, 7.0)];
        let map = Homography::between(from, to).unwrap();
        for ((x, y), (u, v)) in from.into_iter().zip(to) {
            let (a, b) = map.map(x, y);
            assert!((a - u).abs() < 1e-9 && (b - v).abs() < 1e-9);
        }
        let line = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 8.0)];
        assert!(Homography::between(line, to).is_none());
    }

    #[test]
    fn identity_changes_nothing() {
        let picture = Rgb::from_fn(9, 7, |x, y| [(x * 28) as u8, (y * 36) as u8, (x * y) as u8]);
        let identity = Homography::affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
        assert_eq!(warp(&picture, 9, 7, [0; 3], &identity), picture);
    }

    #[test]
    fn whole_shifts_are_exact_and_fill_outside() {
        let picture = Rgb::from_fn(9, 7, |x, y| [(x * 28) as u8, (y * 36) as u8, 77]);
        let shift = Homography::affine(1.0, 0.0, 2.0, 0.0, 1.0, -1.0);
        let shifted = warp(&picture, 9, 7, [1, 2, 3], &shift);
        assert_eq!(shifted.pixel(0, 1), picture.pixel(2, 0));
        assert_eq!(shifted.pixel(0, 0), [1, 2, 3]);
        assert_eq!(shifted.pixel(8, 3), [1, 2, 3]);
    }
}
