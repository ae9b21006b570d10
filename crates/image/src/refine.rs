//! Small deformations, removed by matching blocks jointly.
//!
//! Blocks of the picture are folded one by one. Each gives a surface of agreement over a few pixels of
//! displacement, too noisy for a peak of its own; their sum along a smooth field of displacement
//! (shift, affine, perspective) is not. Coordinate ascent finds the field, and the mapping follows it.

use rustfft::num_complex::Complex32;

use crate::accept::{Carriers, Shift};
use crate::filters::add;
use crate::fold::{Part, fold};
use crate::fourier::Fourier;
use crate::geometry::Homography;
use crate::pattern::{Carrier, Pattern, TILE};
use crate::plane::Plane;

/// Received pixels per block, and the most blocks along a side.
const BLOCK: f64 = 100.0;
const MOST_BLOCKS: usize = 6;
/// Displacements that a surface covers, pattern pixels in each direction.
const REACH: usize = 6;
const SURFACE: usize = 2 * REACH + 1;
/// Step sizes of the ascent in pattern pixels at the region's border.
const STEPS: [f64; 5] = [3.0, 1.5, 0.75, 0.35, 0.15];

/// Affine displacements that a far search starts from, and how many of its best are followed.
const GRID: [f64; 5] = [-4.5, -2.25, 0.0, 2.25, 4.5];
const STARTS: usize = 6;

/// How far from the given mapping the right one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// On the same hill of agreement.
    Near,
    /// Anywhere within the surfaces.
    Far,
}

/// One block's agreement over displacements, and where the block lies.
struct Block {
    surface: Vec<f32>,
    /// The block's middle, −1 to 1 over the region.
    at: (f64, f64),
    /// The same through the mapping's linear part, for perspective.
    mapped: (f64, f64),
}

/// A mapping that fits `region` better than `mapping` does, with the shift that fits the region best.
pub(crate) fn refine(
    residual: &Plane,
    region: Part,
    reach: Reach,
    pattern: &Pattern,
    mapping: &Homography,
    fourier: &mut Fourier,
) -> Homography {
    let count = |length: usize| ((length as f64 / BLOCK).round() as usize).clamp(1, MOST_BLOCKS);
    let (width, height) = region.size();
    let parts = region.grid(count(width), count(height));
    let field_of_view = View::new(region, mapping);
    let tiles: Vec<Vec<f32>> = parts
        .iter()
        .map(|&part| fold(residual, part, mapping))
        .collect();
    let mut total = vec![0.0; TILE * TILE];
    tiles.iter().for_each(|tile| add(&mut total, tile));
    let whole = Carriers::new(&total, pattern, fourier);
    let shift = whole.shift(pattern, fourier);
    let probes = Probe::around(shift, pattern);
    let blocks: Vec<Block> = parts
        .iter()
        .zip(&tiles)
        .map(|(part, tile)| {
            let (at, mapped) = field_of_view.place(part.center());
            let carriers = Carriers::with_whitening_of(tile, &whole, fourier);
            Block {
                surface: surface(&carriers, &probes),
                at,
                mapped,
            }
        })
        .collect();
    // Four blocks cannot tell perspective from noise, one cannot tell anything.
    let free = match blocks.len() {
        0..4 => return mapping.shifted(f64::from(shift.x), f64::from(shift.y)),
        4..9 => 6,
        _ => 8,
    };
    let starts = match reach {
        Reach::Near => vec![[0.0; 8]],
        Reach::Far => starts(&blocks),
    };
    let tops = starts.into_iter().map(|start| ascend(&blocks, free, start));
    let (_, field) = tops.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
    let mapping = mapping.shifted(f64::from(shift.x), f64::from(shift.y));
    let corners = [(0.15, 0.15), (0.85, 0.15), (0.15, 0.85), (0.85, 0.85)];
    let from = corners.map(|(x, y)| {
        (
            region.x.0 as f64 + x * width as f64,
            region.y.0 as f64 + y * height as f64,
        )
    });
    let to = from.map(|(x, y)| {
        let (u, v) = mapping.apply(x, y);
        let (at, mapped) = field_of_view.place((x, y));
        let (dx, dy) = displacement(&field, at, mapped);
        (u + dx, v + dy)
    });
    Homography::from_points(from, to).unwrap_or(mapping)
}

/// Normalised coordinates of a region.
struct View {
    center: (f64, f64),
    half: (f64, f64),
    linear: [f64; 4],
}

impl View {
    fn new(region: Part, mapping: &Homography) -> Self {
        let (width, height) = region.size();
        let center = region.center();
        Self {
            center,
            half: (width as f64 / 2.0, height as f64 / 2.0),
            linear: mapping.jacobian(center.0, center.1),
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> ((f64, f64), (f64, f64)) {
        let (dx, dy) = (x - self.center.0, y - self.center.1);
        let [a, b, c, d] = self.linear;
        let norm = (a * d - b * c).abs().sqrt().max(1e-9) * self.half.0.max(self.half.1);
        (
            (dx / self.half.0, dy / self.half.1),
            ((a * dx + b * dy) / norm, (c * dx + d * dy) / norm),
        )
    }
}

/// Shift, affine part and perspective: with `q = p₆ X + p₇ Y`, the displacement is
/// `(p₀ + p₁ X + p₂ Y + q U, p₃ + p₄ X + p₅ Y + q V)`.
fn displacement(p: &[f64; 8], (x, y): (f64, f64), (u, v): (f64, f64)) -> (f64, f64) {
    let q = p[6] * x + p[7] * y;
    (
        p[0] + p[1] * x + p[2] * y + q * u,
        p[3] + p[4] * x + p[5] * y + q * v,
    )
}

/// What the blocks say to a field together.
fn agreement(blocks: &[Block], field: &[f64; 8]) -> f32 {
    blocks
        .iter()
        .map(|block| read(&block.surface, displacement(field, block.at, block.mapped)))
        .sum()
}

/// The best affine fields on a coarse grid, from which to ascend: a spectrum alone gives no shear, and
/// the ascent's steps do not lead from one hill to the next.
fn starts(blocks: &[Block]) -> Vec<[f64; 8]> {
    let coarse = |i: usize| GRID[i % GRID.len()];
    let n = GRID.len();
    let mut scored: Vec<(f32, [f64; 8])> = (0..n.pow(4))
        .map(|i| {
            let field = [
                0.0,
                coarse(i),
                coarse(i / n),
                0.0,
                coarse(i / n.pow(2)),
                coarse(i / n.pow(3)),
                0.0,
                0.0,
            ];
            (agreement(blocks, &field), field)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.truncate(STARTS);
    scored.into_iter().map(|(_, field)| field).collect()
}

/// Coordinate ascent from a field; the field on top and how high it is.
fn ascend(blocks: &[Block], free: usize, start: [f64; 8]) -> (f32, [f64; 8]) {
    let agreement = |field: &[f64; 8]| agreement(blocks, field);
    let mut field = start;
    let mut best = agreement(&field);
    for round in 0..3 {
        for step in STEPS.iter().skip(usize::from(round > 0)) {
            for _ in 0..6 {
                let before = best;
                for parameter in 0..free {
                    for sign in [-1.0, 1.0] {
                        let mut moved = field;
                        moved[parameter] += sign * step;
                        if moved[parameter].abs() > REACH as f64 + 1.0 {
                            continue;
                        }
                        let here = agreement(&moved);
                        if here > best {
                            (best, field) = (here, moved);
                        }
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
    }
    (best, field)
}

/// The agreement at a displacement, between the surface's points; beyond its border the border counts.
fn read(surface: &[f32], (dx, dy): (f64, f64)) -> f32 {
    let place = |d: f64| (d + REACH as f64).clamp(0.0, 2.0 * REACH as f64 - 0.001);
    let (x, y) = (place(dx), place(dy));
    let (i, j) = (x as usize, y as usize);
    let (u, v) = ((x - i as f64) as f32, (y - j as f64) as f32);
    let at = |i: usize, j: usize| surface[j * SURFACE + i];
    (at(i, j) * (1.0 - u) + at(i + 1, j) * u) * (1.0 - v)
        + (at(i, j + 1) * (1.0 - u) + at(i + 1, j + 1) * u) * v
}

/// A synchronisation carrier's phases over the displacements of a surface.
struct Probe<'a> {
    carrier: &'a Carrier,
    /// Of the columns, cosines and sines.
    columns: [[f32; SURFACE]; 2],
    rows: [Complex32; SURFACE],
}

impl<'a> Probe<'a> {
    fn around(shift: Shift, pattern: &'a Pattern) -> Vec<Self> {
        let phase = |k: i32, center: f32, i: usize| {
            let place = center + i as f32 - REACH as f32;
            Complex32::from_polar(1.0, -std::f32::consts::TAU / TILE as f32 * k as f32 * place)
        };
        let probe = |carrier: &'a Carrier| {
            let column = |i| phase(carrier.kx, shift.x, i);
            Self {
                carrier,
                columns: [
                    std::array::from_fn(|i| column(i).re),
                    std::array::from_fn(|i| column(i).im),
                ],
                rows: std::array::from_fn(|i| shift.sign * phase(carrier.ky, shift.y, i)),
            }
        };
        pattern.sync.iter().map(probe).collect()
    }
}

/// Agreement of a block with the synchronisation carriers, displaced around a shift.
fn surface(carriers: &Carriers, probes: &[Probe<'_>]) -> Vec<f32> {
    let mut surface = vec![0.0; SURFACE * SURFACE];
    for probe in probes {
        let value = carriers.value(probe.carrier);
        let [cosines, sines] = &probe.columns;
        for (out, row) in surface.chunks_exact_mut(SURFACE).zip(&probe.rows) {
            let value = value * row;
            for ((out, cosine), sine) in out.iter_mut().zip(cosines).zip(sines) {
                *out += value.re * cosine - value.im * sine;
            }
        }
    }
    surface
}
