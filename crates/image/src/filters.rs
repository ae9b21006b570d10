//! Box means and area scaling, exact at the borders.

use crate::plane::Plane;

/// The mean over the square of side `2 radius + 1` around each pixel; beyond the border the nearest
/// pixel counts.
pub(crate) fn box_mean(plane: &Plane, radius: usize) -> Plane {
    let (width, height) = (plane.width, plane.height);
    if plane.data.is_empty() || radius == 0 {
        return plane.clone();
    }
    let scale = 1.0 / (2 * radius + 1) as f32;
    let mut rows = Plane::zeros(width, height);
    let last = width - 1;
    for (row, out) in plane
        .data
        .chunks_exact(width)
        .zip(rows.data.chunks_exact_mut(width))
    {
        // The window of pixel −1, to which each step adds on the right what it drops on the left.
        let mut sum =
            row[0] * (radius + 1) as f32 + (0..radius).map(|x| row[x.min(last)]).sum::<f32>();
        for x in 0..width {
            let left = if x > radius {
                row[x - radius - 1]
            } else {
                row[0]
            };
            sum += row[(x + radius).min(last)] - left;
            out[x] = sum * scale;
        }
    }
    let mut out = Plane::zeros(width, height);
    let mut sum: Vec<f32> = rows
        .row(0)
        .iter()
        .map(|value| value * (radius + 1) as f32)
        .collect();
    for y in 0..radius {
        let row = rows.row(y.min(height - 1));
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    for y in 0..height {
        let added = rows.row((y + radius).min(height - 1));
        let dropped = rows.row(y.saturating_sub(radius + 1));
        let out = &mut out.data[y * width..(y + 1) * width];
        for x in 0..width {
            sum[x] += added[x] - dropped[x];
            out[x] = sum[x] * scale;
        }
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
