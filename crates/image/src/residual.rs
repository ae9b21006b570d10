//! What the detector looks at: the picture with its own structure weighed down.

use multiversion::multiversion;

use crate::filters::{BoxRows, Ring, box_mean};
use crate::perception;
use crate::plane::Plane;

/// Which differences are taken, by the size of the pattern in the received picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// The pattern is shrunk to a third or so.
    Finest,
    /// The pattern is shrunk to a half or so.
    Fine,
    /// The pattern has about its own size.
    Normal,
    /// The pattern is enlarged.
    Coarse,
}

impl Grain {
    /// The grain for a pattern at `scale` received pixels per pattern pixel.
    pub(crate) fn for_scale(scale: f64) -> Self {
        match scale {
            s if s < 0.5 => Self::Finest,
            s if s < 0.7 => Self::Fine,
            s if s < 1.45 => Self::Normal,
            _ => Self::Coarse,
        }
    }

    /// Grains that see the same pattern differently.
    pub(crate) const fn others(self) -> [Self; 2] {
        match self {
            Self::Finest => [Self::Fine, Self::Normal],
            Self::Fine => [Self::Finest, Self::Normal],
            Self::Normal => [Self::Fine, Self::Coarse],
            Self::Coarse => [Self::Fine, Self::Normal],
        }
    }

    /// Distance of the second difference along an axis: half a period at the band's middle, at which
    /// the difference is largest.
    const fn lag(self) -> usize {
        match self {
            Self::Finest => 1,
            Self::Fine => 2,
            Self::Normal => 3,
            Self::Coarse => 5,
        }
    }

    /// A 3-pixel mean removes noise above the band; its zero at a third of a cycle would remove a shrunk
    /// pattern.
    const fn is_smoothed(self) -> bool {
        matches!(self, Self::Normal | Self::Coarse)
    }
}

/// Differences are cut at this many local deviations: edges and specks are no evidence.
const CLIP: f32 = 1.5;
/// Weights are cut here, so that single quiet places do not outvote the rest.
const MAX_WEIGHT: f32 = 2.0;
/// Grey levels of noise below which no place is taken to be: rounding alone makes about that.
const NOISE_FLOOR: f32 = 1.0;
/// Standard deviation over mean magnitude of Gaussian noise.
const GAUSSIAN_RATIO: f32 = 1.25;

/// The residual of a plane of luma: four directional second differences, each divided by its local
/// deviation and weighted by mask over deviation, the signal-to-noise ratio of that place.
pub(crate) fn residual(luma: &Plane, mask: &Plane, grain: Grain) -> Plane {
    let mut out = Plane::zeros(luma.width, luma.height);
    if luma.data.is_empty() {
        return out;
    }
    let smoothed = grain.is_smoothed().then(|| box_mean(luma, 1));
    let luma = smoothed.as_ref().unwrap_or(luma);
    let lag = grain.lag() as isize;
    let diagonal = ((lag as f32 / std::f32::consts::SQRT_2).round() as isize).max(1);
    // The neighbourhood of the deviation: about the span of the difference itself.
    let radius = ((1.2 * lag as f32).round() as usize).max(2);
    let mut directions = [
        (lag, 0),
        (0, lag),
        (diagonal, diagonal),
        (diagonal, -diagonal),
    ]
    .map(|step| Direction::new(luma, step, radius));
    let mut deviation = vec![0.0; luma.width];
    for (y, out) in out.data.chunks_exact_mut(luma.width).enumerate() {
        for direction in &mut directions {
            let difference = direction.next(y, &mut deviation);
            accumulate(difference, &deviation, mask.row(y), out);
        }
    }
    out
}

/// Second differences along one direction and the means of their magnitudes, row after row.
struct Direction<'a> {
    luma: &'a Plane,
    step: (isize, isize),
    differences: Ring,
    magnitudes: Ring,
    filled: usize,
    mean: BoxRows,
}

impl<'a> Direction<'a> {
    fn new(luma: &'a Plane, step: (isize, isize), radius: usize) -> Self {
        let ring = || Ring::new(luma.width, BoxRows::span(radius));
        Self {
            luma,
            step,
            differences: ring(),
            magnitudes: ring(),
            filled: 0,
            mean: BoxRows::new(luma.width, luma.height, radius),
        }
    }

    /// The differences of row `y`, the next, and the mean magnitudes around.
    fn next(&mut self, y: usize, deviation: &mut [f32]) -> &[f32] {
        while self.filled <= self.mean.needed(y) {
            let row = self.differences.row_mut(self.filled);
            second_differences(self.luma, self.filled, self.step, row);
            magnitudes(row, self.magnitudes.row_mut(self.filled));
            self.filled += 1;
        }
        let source = &self.magnitudes;
        self.mean.next(|y| source.row(y), deviation);
        self.differences.row(y)
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn magnitudes(values: &[f32], out: &mut [f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = value.abs();
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn accumulate(difference: &[f32], deviation: &[f32], mask: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (difference, deviation, mask) = (&difference[..width], &deviation[..width], &mask[..width]);
    for x in 0..width {
        let scale = 1.0 / (GAUSSIAN_RATIO * deviation[x].max(0.0) + NOISE_FLOOR);
        out[x] += (difference[x] * scale).clamp(-CLIP, CLIP) * (mask[x] * scale).min(MAX_WEIGHT);
    }
}

/// `c(x) − (c(x − d) + c(x + d)) / 2` for one row; beyond the border the nearest pixel counts.
fn second_differences(plane: &Plane, y: usize, (dx, dy): (isize, isize), out: &mut [f32]) {
    let (width, height) = (plane.width, plane.height);
    let reach = dx.unsigned_abs();
    let before = plane.row(y.saturating_add_signed(-dy).min(height - 1));
    let after = plane.row(y.saturating_add_signed(dy).min(height - 1));
    let here = plane.row(y);
    let border = |x: usize| {
        let (left, right) = (x.saturating_sub(reach), (x + reach).min(width - 1));
        here[x] - 0.5 * (before[left] + after[right])
    };
    let inner_end = width.saturating_sub(reach);
    for x in (0..reach.min(width)).chain(inner_end.max(reach).min(width)..width) {
        out[x] = border(x);
    }
    if width > 2 * reach {
        let length = width - 2 * reach;
        let (before, after) = (&before[..length], &after[2 * reach..]);
        inner_differences(
            before,
            &here[reach..],
            after,
            &mut out[reach..reach + length],
        );
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2"))]
fn inner_differences(before: &[f32], here: &[f32], after: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (before, here, after) = (&before[..width], &here[..width], &after[..width]);
    for x in 0..width {
        out[x] = here[x] - 0.5 * (before[x] + after[x]);
    }
}

/// A received picture's luma with what was computed of it so far.
pub(crate) struct Scene {
    luma: Plane,
    mask: Plane,
    residuals: Vec<(Grain, Plane)>,
}

impl Scene {
    pub(crate) fn new(luma: Plane) -> Self {
        Self {
            mask: perception::mask(&luma),
            luma,
            residuals: Vec::new(),
        }
    }

    pub(crate) const fn luma(&self) -> &Plane {
        &self.luma
    }

    /// The residual at a grain, computed on first use.
    pub(crate) fn residual(&mut self, grain: Grain) -> &Plane {
        self.luma_and_residual(grain).1
    }

    /// The luma, and the residual at a grain.
    pub(crate) fn luma_and_residual(&mut self, grain: Grain) -> (&Plane, &Plane) {
        let known = self.residuals.iter().position(|(known, _)| *known == grain);
        let index = known.unwrap_or_else(|| {
            self.residuals
                .push((grain, residual(&self.luma, &self.mask, grain)));
            self.residuals.len() - 1
        });
        (&self.luma, &self.residuals[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_differences_equal_the_definition() {
        for (width, height) in [(1, 1), (2, 9), (7, 3), (16, 12)] {
            let data = (0..width * height)
                .map(|i| (i * i * 31 % 97) as f32)
                .collect();
            let plane = Plane {
                width,
                height,
                data,
            };
            for (dx, dy) in [(3, 0), (0, 3), (2, 2), (2, -2), (5, 0), (1, -1)] {
                let mut fast = Plane::zeros(width, height);
                for (y, row) in fast.data.chunks_exact_mut(width).enumerate() {
                    second_differences(&plane, y, (dx, dy), row);
                }
                for y in 0..height {
                    for x in 0..width {
                        let at = |sx: isize, sy: isize| {
                            let x = (x as isize + sx).clamp(0, width as isize - 1) as usize;
                            let y = (y as isize + sy).clamp(0, height as isize - 1) as usize;
                            plane.row(y)[x]
                        };
                        let expected = at(0, 0) - 0.5 * (at(-dx, -dy) + at(dx, dy));
                        assert_eq!(
                            fast.row(y)[x],
                            expected,
                            "{width}×{height} {dx},{dy} at {x},{y}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn flat_pictures_have_no_residual() {
        let flat = Plane {
            width: 40,
            height: 30,
            data: vec![200.0; 1200],
        };
        let mut scene = Scene::new(flat);
        for grain in [Grain::Finest, Grain::Fine, Grain::Normal, Grain::Coarse] {
            assert!(
                scene
                    .residual(grain)
                    .data
                    .iter()
                    .all(|value| value.abs() < 1e-3)
            );
        }
    }
}
