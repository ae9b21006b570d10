//! Box means and area scaling, exact at the borders.
//!
//! Rows stream through: a mean over a square needs the sums of a few rows and nothing else, so that
//! chains of filters stay in the cache and need no planes of their own.

use multiversion::multiversion;

use crate::plane::Plane;

/// The latest rows of a plane that is never there as a whole.
pub(crate) struct Ring {
    width: usize,
    rows: usize,
    data: Vec<f32>,
}

impl Ring {
    /// Room for the latest `rows` rows.
    pub(crate) fn new(width: usize, rows: usize) -> Self {
        Self {
            width,
            rows,
            data: vec![0.0; width * rows],
        }
    }

    pub(crate) fn row(&self, y: usize) -> &[f32] {
        let start = y % self.rows * self.width;
        &self.data[start..start + self.width]
    }

    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let start = y % self.rows * self.width;
        &mut self.data[start..start + self.width]
    }
}

/// Means over the square of side `2 radius + 1` around each pixel, row after row; beyond the border the
/// nearest pixel counts.
pub(crate) struct BoxRows {
    radius: usize,
    height: usize,
    next: usize,
    /// Sums over the rows of the square.
    columns: Vec<f32>,
    padded: Vec<f32>,
    doubled: Vec<f32>,
}

impl BoxRows {
    pub(crate) fn new(width: usize, height: usize, radius: usize) -> Self {
        Self {
            radius,
            height,
            next: 0,
            columns: vec![0.0; width],
            padded: vec![0.0; width + 2 * radius],
            doubled: vec![0.0; width + 2 * radius],
        }
    }

    /// Rows of the source that the mean of row `y` needs are those up to this one.
    pub(crate) fn needed(&self, y: usize) -> usize {
        (y + self.radius).min(self.height - 1)
    }

    /// Rows of the source that must be kept.
    pub(crate) const fn span(radius: usize) -> usize {
        2 * radius + 2
    }

    /// The mean of the next row into `out`.
    pub(crate) fn next<'a>(&mut self, source: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
        let (y, last, radius) = (self.next, self.height - 1, self.radius);
        self.next += 1;
        if y == 0 {
            for j in 0..=2 * radius {
                add(
                    &mut self.columns,
                    source(j.saturating_sub(radius).min(last)),
                );
            }
        } else {
            let dropped = source((y - 1).saturating_sub(radius));
            exchange(&mut self.columns, source((y + radius).min(last)), dropped);
        }
        let width = self.columns.len();
        let (first, end) = (self.columns[0], self.columns[width - 1]);
        self.padded[..radius].fill(first);
        self.padded[radius..radius + width].copy_from_slice(&self.columns);
        self.padded[radius + width..].fill(end);
        let side = 2 * radius + 1;
        let scale = 1.0 / (side * side) as f32;
        window_sums(&mut self.padded, &mut self.doubled, side, scale, out);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
pub(crate) fn add(sums: &mut [f32], row: &[f32]) {
    sums.iter_mut()
        .zip(row)
        .for_each(|(sum, value)| *sum += value);
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn exchange(sums: &mut [f32], added: &[f32], dropped: &[f32]) {
    for ((sum, added), dropped) in sums.iter_mut().zip(added).zip(dropped) {
        *sum += added - dropped;
    }
}

/// `out[x] = scale · Σ values[x..x + side]`, by sums over powers of two, which replace the values.
fn window_sums(
    values: &mut Vec<f32>,
    doubled: &mut Vec<f32>,
    side: usize,
    scale: f32,
    out: &mut [f32],
) {
    let count = out.len();
    out.fill(0.0);
    let (mut offset, mut length, mut power) = (0, values.len(), 1);
    loop {
        if side & power != 0 {
            add(out, &values[offset..offset + count]);
            offset += power;
        }
        if 2 * power > side {
            break;
        }
        length -= power;
        sums(
            &values[..length],
            &values[power..power + length],
            &mut doubled[..length],
        );
        std::mem::swap(values, doubled);
        power *= 2;
    }
    scale_by(out, scale);
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn sums(a: &[f32], b: &[f32], out: &mut [f32]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a + b;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn scale_by(values: &mut [f32], scale: f32) {
    values.iter_mut().for_each(|value| *value *= scale);
}

/// The mean over the square of side `2 radius + 1` around each pixel of a plane.
pub(crate) fn box_mean(plane: &Plane, radius: usize) -> Plane {
    let mut out = Plane::zeros(plane.width, plane.height);
    if plane.data.is_empty() {
        return out;
    }
    let mut rows = BoxRows::new(plane.width, plane.height, radius);
    for row in out.data.chunks_exact_mut(plane.width) {
        rows.next(|y| plane.row(y), row);
    }
    out
}

/// The plane at a smaller size, each new pixel being the mean of the area that it covers.
pub(crate) fn shrink(plane: &Plane, width: usize, height: usize) -> Plane {
    let mut columns = Plane::zeros(width, plane.height);
    let spans: Vec<Span> = spans(plane.width, width);
    for (row, out) in plane
        .data
        .chunks_exact(plane.width)
        .zip(columns.data.chunks_exact_mut(width))
    {
        for (out, span) in out.iter_mut().zip(&spans) {
            *out = span
                .weights
                .iter()
                .zip(&row[span.start..])
                .map(|(weight, value)| weight * value)
                .sum();
        }
    }
    let mut out = Plane::zeros(width, height);
    for (span, out) in self::spans(plane.height, height)
        .iter()
        .zip(out.data.chunks_exact_mut(width))
    {
        for (i, &weight) in span.weights.iter().enumerate() {
            let row = columns.row(span.start + i);
            out.iter_mut()
                .zip(row)
                .for_each(|(out, value)| *out += weight * value);
        }
    }
    out
}

/// Which old pixels a new one covers, and how much of it each of them is.
struct Span {
    start: usize,
    weights: Vec<f32>,
}

fn spans(old: usize, new: usize) -> Vec<Span> {
    let factor = old as f64 / new as f64;
    let span = |i: usize| {
        let (from, to) = (i as f64 * factor, ((i + 1) as f64 * factor).min(old as f64));
        let start = (from.floor() as usize).min(old - 1);
        let end = (to.ceil() as usize).clamp(start + 1, old);
        let overlap = |j: usize| ((j + 1) as f64).min(to) - (j as f64).max(from);
        let weights: Vec<f64> = (start..end).map(|j| overlap(j).max(0.0)).collect();
        let total: f64 = weights.iter().sum();
        Span {
            start,
            weights: weights
                .iter()
                .map(|weight| (weight / total) as f32)
                .collect(),
        }
    };
    (0..new).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: usize, height: usize) -> Plane {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 65_536.0
        };
        Plane {
            width,
            height,
            data: (0..width * height).map(|_| next()).collect(),
        }
    }

    #[test]
    fn box_means_equal_the_definition() {
        for (width, height, radius) in [
            (1, 1, 3),
            (5, 4, 1),
            (17, 9, 4),
            (9, 17, 2),
            (3, 40, 7),
            (40, 3, 50),
        ] {
            let plane = noise(width, height);
            let fast = box_mean(&plane, radius);
            let side = 2 * radius + 1;
            for y in 0..height {
                for x in 0..width {
                    let mut sum = 0.0_f64;
                    for j in 0..side {
                        for i in 0..side {
                            let at = |p: usize, k: usize, n: usize| {
                                (p + k).saturating_sub(radius).min(n - 1)
                            };
                            sum += f64::from(plane.row(at(y, j, height))[at(x, i, width)]);
                        }
                    }
                    let slow = sum / (side * side) as f64;
                    assert!(
                        (f64::from(fast.row(y)[x]) - slow).abs() < 1e-2,
                        "{width}×{height} {radius} at {x},{y}"
                    );
                }
            }
        }
    }

    #[test]
    fn shrinking_keeps_means_and_constants() {
        let flat = Plane {
            width: 37,
            height: 23,
            data: vec![7.5; 37 * 23],
        };
        assert!(
            shrink(&flat, 16, 11)
                .data
                .iter()
                .all(|value| (value - 7.5).abs() < 1e-4)
        );
        let plane = noise(64, 48);
        let half = shrink(&plane, 32, 24);
        let expected =
            (plane.row(0)[0] + plane.row(0)[1] + plane.row(1)[0] + plane.row(1)[1]) / 4.0;
        assert!((half.row(0)[0] - expected).abs() < 1e-2);
        let mean = |plane: &Plane| plane.data.iter().sum::<f32>() / plane.pixels() as f32;
        assert!((mean(&plane) - mean(&shrink(&plane, 29, 31))).abs() < 0.5);
    }
}
